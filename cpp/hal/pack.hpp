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
#include "hal/hal.hpp"
#include "hal/matchfinder.hpp"
#include "hal/parser.hpp"

namespace halscope::hal {

// Writes commands one after another; `to` has room for all of them.
template <Format format>
class Writer {
  public:
    explicit Writer(std::uint8_t* to) noexcept : to_(to) {}

    // Writes the command that produces the data from i on.
    void command(std::span<const std::uint8_t> data, std::size_t i, const Choice& choice, const Match& match,
                 const NearMatches& near) noexcept {
        const unsigned kind = choice.kind();
        const std::size_t length = choice.length();
        header(kind, kind == kRle16 && format.pair_count == PairCount::pairs ? length / 2 : length);
        if (kind == kRaw) {
            to_ = std::copy_n(data.data() + i, length, to_);
        } else if (format.copies == Copies::near && kind >= kNearCopy) {
            put(kind == kNearCopy ? near.plain.distance : near.inverted.distance);
        } else if (kind >= kCopy) {
            put(format.references == std::endian::big ? match.source >> 8 : match.source & 0xFF);
            put(format.references == std::endian::big ? match.source & 0xFF : match.source >> 8);
        } else {
            put(data[i]);
            if (kind == kRle16) put(data[i + 1]);
        }
    }
    void terminator() noexcept { put(kTerminator); }

  private:
    void put(unsigned byte) noexcept { *to_++ = static_cast<std::uint8_t>(byte); }
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

// A thread's working memory, for every format. It is kept between calls because fresh pages are slow to touch: 0.6 MiB
// at most, 1.1 MiB once a format with near copies was packed.
struct PackRoom {
    std::vector<Match> matches;
    std::vector<NearMatches> near;
    std::vector<Choice> choices;

    static PackRoom& of_this_thread(std::size_t size, Copies copies) {
        thread_local PackRoom room;
        if (room.matches.size() < size) room.matches.resize(size);
        if (copies == Copies::near && room.near.size() < size) room.near.resize(size);
        if (room.choices.size() < size + 1) room.choices.resize(size + 1);
        return room;
    }
};

// `encode` of hal/hal.hpp for any format, with the same limits and faults. Throws Cancelled once `cancel` is raised.
template <Format format>
[[nodiscard]] EncodeResult pack(std::span<const std::uint8_t> data, Effort effort, const CancelToken* cancel) {
    if (data.size() > kMaxOutput) return {Status::data_too_long, {}, kMaxOutput};
    // Everything below reads this copy, so a buffer that another thread changes cannot contradict itself.
    const std::vector<std::uint8_t> snapshot(data.begin(), data.end());
    PackRoom& room = PackRoom::of_this_thread(snapshot.size(), format.copies);
    constexpr bool has_near = format.copies == Copies::near;
    const std::span<NearMatches> near = std::span(room.near).first(has_near ? snapshot.size() : 0);
    if (effort == Effort::optimal) {
        longest_matches(snapshot, format.copies, room.matches, cancel);
        if constexpr (has_near) longest_near_matches(snapshot, near, cancel);
    } else {
        likely_matches(snapshot, format.copies, room.matches, cancel);
        take_near_matches(room.matches, near);
    }
    Parser<format>(snapshot, room.matches, near, room.choices).parse(cancel);

    const std::size_t size = room.choices.front().cost();
    if (size > kMaxPacked) {
        // The first command that leaves no room for the terminator.
        std::size_t i = 0;
        for (std::size_t next = 0; size - room.choices[next].cost() + 1 <= kMaxPacked;) {
            i = next;
            next += room.choices[next].length();
        }
        return {Status::packed_too_long, {}, i};
    }
    EncodeResult result;
    result.packed.resize(size);
    Writer<format> writer(result.packed.data());
    for (std::size_t i = 0; i < snapshot.size(); i += room.choices[i].length())
        writer.command(snapshot, i, room.choices[i], room.matches[i], has_near ? near[i] : NearMatches{});
    writer.terminator();
    return result;
}

}  // namespace halscope::hal
