// The cheapest row of commands for some data and its matches, by dynamic programming from the end.
//
// f(i) is the fewest packed bytes for the data from i on. A command at i that can be l bytes long can be shorter too,
// at the same price, so f(i) is its price plus the least f within its reach (RLE16 that counts pairs: at every second
// position of it). Three facts make that least value a matter of a look-up or two, whatever the reach:
//   f(right) <= f(left) for left < right an even distance apart. Take a cheapest row for `left`, drop what comes before
//     `right` and trim the command that covers it. Only an RLE16 cut at an odd byte costs more then, a raw byte for 2;
//     but it begins an odd distance behind `left`, so a command is dropped, and that saves 2 or more. Hence the least f
//     up to `right` is f(right) or f(right - 1), and for RLE16 the longest is the best. Where RLE16 counts bytes, it is
//     trimmed like any other, the distance does not matter, and the longest is always the best.
//   With g(i) = f(i) + i, a raw command at i costs g at its end, plus 1 (2 if long), minus i. One raw command leads
//     from i + 1 to any end in reach, so g(i + 1) <= g(end) + 1 (or 2): the least g in reach is g(i + 1) or that less
//     1 or 2, and `nearest_total_` knows the first position of each value.
//   All copies cost the same, and so do RLE8 and sequence: of each group the longest is enough.
// The row is as good as the matches: with all of them it is the minimum, with likely ones it comes close.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cancel.hpp"
#include "hal/command.hpp"
#include "hal/format.hpp"
#include "hal/matchfinder.hpp"

namespace halscope::hal {

// Bytes that RLE8, RLE16 and sequence can write at each position, not yet limited to what one command can.
struct Runs {
    std::size_t same = 0;
    std::size_t pairs = 0;  // bytes
    std::size_t sequence = 0;

    // From the runs at i + 1 to those at i.
    void extend(std::span<const std::uint8_t> data, std::size_t i) noexcept {
        const std::size_t rest = data.size() - i;
        const std::size_t second = rest > 1 ? i + 1 : i;
        const std::size_t third = rest > 2 ? i + 2 : i;
        same = data[i] == data[second] ? same + 1 : 1;
        sequence = static_cast<std::uint8_t>(data[i] + 1) == data[second] ? sequence + 1 : 1;
        pairs = data[i] == data[third] ? pairs + 1 : 2;
    }
};

// A command and what the row that begins with it costs, in one number: the less of two is the cheaper.
class Choice {
  public:
    Choice() = default;
    // `length`: bytes of output, 1 to 2048.
    Choice(std::size_t cost, unsigned kind, std::size_t length) noexcept
        : bits_(static_cast<std::uint32_t>(cost << 14 | kind << 11 | (length - 1))) {}
    static Choice end_of_data() noexcept { return {1, kRaw, 1}; }
    static Choice none() noexcept { return {0x3FFFF, kRaw, 1}; }

    [[nodiscard]] std::size_t cost() const noexcept { return bits_ >> 14; }
    [[nodiscard]] unsigned kind() const noexcept { return bits_ >> 11 & 7; }
    [[nodiscard]] std::size_t length() const noexcept { return (bits_ & 0x7FF) + 1U; }
    bool operator<(const Choice& other) const noexcept { return bits_ < other.bits_; }

  private:
    std::uint32_t bits_ = 0;
};

template <Format format>
class Parser {
  public:
    // `choices` has one place more than `data` has bytes.
    Parser(std::span<const std::uint8_t> data, std::span<const Match> matches, std::span<Choice> choices)
        : data_(data), matches_(matches), choice_(choices) {
        nearest_total_.fill(UINT32_MAX);
    }

    // choices[i] becomes the first command of a cheapest row for the data from i on; its cost counts the terminator.
    void parse(const CancelToken* cancel) {
        settle(data_.size(), Choice::end_of_data());
        Runs runs;
        for (std::size_t end = data_.size(); end > 0;) {
            stop_if_cancelled(cancel);
            const std::size_t begin = end - std::min(end, kStepsPerLook);
            for (std::size_t i = end; i-- > begin;) step(i, runs);
            end = begin;
        }
    }

  private:
    static constexpr std::size_t kTotals = 4096;
    static constexpr std::size_t kLeastPairs = format.pair_count == PairCount::pairs ? 4 : 3;  // bytes that may pay

    void step(std::size_t i, Runs& runs) noexcept {
        runs.extend(data_, i);
        const bool is_run = runs.same >= runs.sequence;
        const Match& match = matches_[i];
        // Mostly nothing but sums and minima: whether a command pays is not for a branch predictor to know.
        Choice best = raw(i);
        best = std::min(best, reach(i, is_run ? kRle8 : kSequence, 2, is_run ? runs.same : runs.sequence));
        best = std::min(best, reach(i, match.kind, 3, match.length));
        if (runs.pairs >= kLeastPairs) best = std::min(best, pairs(i, runs.pairs));
        settle(i, best);
    }

    [[nodiscard]] std::size_t cost(std::size_t i) const noexcept { return choice_[i].cost(); }

    void settle(std::size_t i, Choice choice) noexcept {
        choice_[i] = choice;
        nearest(choice.cost() + i) = static_cast<std::uint32_t>(i);
    }

    // First position settled so far whose g is `total`, if it lies in reach of a command. There g differs by 1026 at
    // most (dropping and trimming commands gives that bound, a raw command the other), so what has the same remainder
    // lies out of reach.
    [[nodiscard]] std::uint32_t& nearest(std::size_t total) noexcept { return nearest_total_[total % kTotals]; }

    [[nodiscard]] Choice raw(std::size_t i) noexcept {
        const std::size_t total = cost(i + 1) + i + 1;
        const std::size_t one_less = nearest(total - 1);
        const std::size_t two_less = nearest(total - 2);
        const std::size_t end = one_less <= i + kShortCount ? one_less : two_less <= i + kLongCount ? two_less : i + 1;
        return {total - i + (end == i + 1 ? 1 : 0), kRaw, end - i};
    }

    // A command that may end after any number of bytes up to `length`.
    [[nodiscard]] Choice reach(std::size_t i, unsigned kind, std::size_t price, std::size_t length) const noexcept {
        if (length > kShortCount) [[unlikely]]
            return std::min(reach(i, kind, price, kShortCount),
                            ending(i, kind, price + 1, std::min(length, kLongCount)));
        const Choice choice = ending(i, kind, price, std::max<std::size_t>(length, 1));
        return length < 2 ? Choice::none() : choice;
    }

    // The end of least cost among that of `length` and all before it; there are two at least.
    [[nodiscard]] Choice ending(std::size_t i, unsigned kind, std::size_t price, std::size_t length) const noexcept {
        const std::size_t last = cost(i + length);
        if constexpr (format.pair_count == PairCount::pairs) {
            const std::size_t before = cost(i + length - 1);
            if (before < last) return {price + before, kind, length - 1};
        }
        return {price + last, kind, length};
    }

    // RLE16 of up to `length` bytes.
    [[nodiscard]] Choice pairs(std::size_t i, std::size_t length) const noexcept {
        if constexpr (format.pair_count == PairCount::bytes) return reach(i, kRle16, 3, length);
        const std::size_t count = length / 2;
        const std::size_t few = 2 * std::min(count, kShortCount);
        const Choice choice(3 + cost(i + few), kRle16, few);
        if (count <= kShortCount) [[likely]]
            return choice;
        const std::size_t many = 2 * std::min(count, kLongCount);
        return std::min(choice, Choice(4 + cost(i + many), kRle16, many));
    }

    std::span<const std::uint8_t> data_;
    std::span<const Match> matches_;
    std::span<Choice> choice_;  // at the data's end: the terminator's cost
    std::array<std::uint32_t, kTotals> nearest_total_;
};

}  // namespace halscope::hal
