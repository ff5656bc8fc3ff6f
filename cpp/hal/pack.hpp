// Packs data into a stream of any format of hal/format.hpp: find matches, choose the cheapest commands, write them.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cancel.hpp"
#include "hal/command.hpp"
#include "hal/format.hpp"
#include "hal/frontier.hpp"
#include "hal/grams.hpp"
#include "hal/hal.hpp"
#include "hal/matchfinder.hpp"
#include "hal/parser.hpp"

namespace halscope::hal {

// Writes commands one after another; `to` has room for all of them.
template <Format format>
class Writer {
  public:
    explicit Writer(std::uint8_t* to) noexcept : to_(to) {}

    // Writes the command that produces `length` bytes of the data from i on. `operand`: a copy's reference or distance.
    void command(const std::uint8_t* data, std::size_t i, unsigned kind, std::size_t length,
                 std::size_t operand) noexcept {
        header(kind, kind == kRle16 && format.pair_count == PairCount::pairs ? length / 2 : length);
        if (kind == kRaw) {
            to_ = std::copy_n(data + i, length, to_);
        } else if (format.copies == Copies::near && kind >= kNearCopy) {
            put(operand);
        } else if (kind >= kCopy) {
            put(format.references == std::endian::big ? operand >> 8 : operand & 0xFF);
            put(format.references == std::endian::big ? operand & 0xFF : operand >> 8);
        } else {
            put(data[i]);
            if (kind == kRle16) put(data[i + 1]);
        }
    }
    void terminator() noexcept { put(kTerminator); }

  private:
    void put(std::size_t byte) noexcept { *to_++ = static_cast<std::uint8_t>(byte); }
    void header(unsigned kind, std::size_t count) noexcept {
        const auto less_one = static_cast<unsigned>(count - 1);
        if (count <= kShortCount && kind != kLong) {
            put(kind << 5 | less_one);
        } else {
            put(kLong << 5 | kind << 2 | less_one >> 8);
            put(less_one & 0xFF);
        }
    }

    std::uint8_t* to_;
};

// A thread's working memory, for every format. It is kept between calls because fresh pages are slow to touch: 1.6 MiB
// at most, 2.1 MiB once a format with near copies was packed.
struct PackRoom {
    std::vector<Match> matches;
    std::vector<NearMatches> near;
    std::vector<Choice> choices;
    std::vector<Arrival> arrivals;

    static PackRoom& of_this_thread() {
        thread_local PackRoom room;
        return room;
    }
    template <typename Element>
    static std::span<Element> at_least(std::vector<Element>& elements, std::size_t size) {
        if (elements.size() < size) elements.resize(size);
        return std::span(elements).first(size);
    }
};

// The smallest stream. Everything reads `data`, a copy: a buffer that another thread changes could contradict itself.
template <Format format>
[[nodiscard]] EncodeResult pack_minimally(std::span<const std::uint8_t> data, const CancelToken* cancel) {
    PackRoom& room = PackRoom::of_this_thread();
    constexpr bool has_near = format.copies == Copies::near;
    const std::span<Match> matches = PackRoom::at_least(room.matches, data.size());
    const std::span<NearMatches> near = PackRoom::at_least(room.near, has_near ? data.size() : 0);
    const std::span<Choice> choices = PackRoom::at_least(room.choices, data.size() + 1);
    longest_matches(data, format.copies, matches, cancel);
    if constexpr (has_near) longest_near_matches(data, near, cancel);
    Parser<format>(data, matches, near, choices).parse(cancel);

    const std::size_t size = choices.front().cost();
    if (size > kMaxPacked) {
        // The first command that leaves no room for the terminator.
        std::size_t i = 0;
        for (std::size_t next = 0; size - choices[next].cost() + 1 <= kMaxPacked;) {
            i = next;
            next += choices[next].length();
        }
        return {Status::packed_too_long, {}, i};
    }
    EncodeResult result;
    result.packed.resize(size);
    Writer<format> writer(result.packed.data());
    for (std::size_t i = 0; i < data.size(); i += choices[i].length()) {
        const unsigned kind = choices[i].kind();
        std::size_t operand = matches[i].source;
        if (has_near && kind >= kNearCopy)
            operand = kind == kNearCopy ? near[i].plain.distance : near[i].inverted.distance;
        writer.command(data.data(), i, kind, choices[i].length(), operand);
    }
    writer.terminator();
    return result;
}

// A small stream, fast.
template <Format format>
[[nodiscard]] EncodeResult pack_fast(std::span<const std::uint8_t> data, const CancelToken* cancel) {
    Grams& grams = Grams::of_this_thread(data, Frontier<format>::kTurned, cancel);
    std::vector<Arrival>& arrivals = PackRoom::of_this_thread().arrivals;
    const std::span<const Arrival> commands =
        Frontier<format>(grams, PackRoom::at_least(arrivals, Frontier<format>::room(grams.size()))).commands(cancel);

    std::size_t size = 1;
    std::size_t i = 0;
    for (const Arrival& command : commands) {
        size += command.whole_price();
        if (size > kMaxPacked) return {Status::packed_too_long, {}, i};
        i = command.end();
    }
    EncodeResult result;
    result.packed.resize(size);
    Writer<format> writer(result.packed.data());
    i = 0;
    for (const Arrival& command : commands) {
        writer.command(grams.data(), i, command.kind(), command.end() - i, command.operand());
        i = command.end();
    }
    writer.terminator();
    return result;
}

// `encode` of hal/hal.hpp for any format, with the same limits and faults. Throws Cancelled once `cancel` is raised.
template <Format format>
[[nodiscard]] EncodeResult pack(std::span<const std::uint8_t> data, Effort effort, const CancelToken* cancel) {
    if (data.size() > kMaxOutput) return {Status::data_too_long, {}, kMaxOutput};
    if (effort == Effort::fast) return pack_fast<format>(data, cancel);
    return pack_minimally<format>(std::vector<std::uint8_t>(data.begin(), data.end()), cancel);
}

}  // namespace halscope::hal
