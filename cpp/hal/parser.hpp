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
//     1 or 2, and RawCommands keeps the command that leads there.
//   All copies with a reference of two bytes cost the same, and so do RLE8 and sequence: of each group the longest is
//     enough. Near copies are a group each: their distance stays when they are trimmed, so all of the above holds.
// The row is as good as the matches: with all of them it is the minimum, with likely ones it comes close.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cancel.hpp"
#include "hal/command.hpp"
#include "hal/format.hpp"
#include "hal/matchfinder.hpp"

namespace halscope::hal {

// All bits where the condition holds, so that what follows is arithmetic: whether a command is possible or pays at some
// byte is as good as random, and a wrong guess of the branch predictor costs as much as all the rest of that byte.
template <typename Word>
[[nodiscard]] constexpr Word mask_if(bool condition) noexcept {
    return static_cast<Word>(-static_cast<Word>(condition));
}

// Bytes that RLE8, RLE16 and sequence can write at each position, not yet limited to what one command can.
class Runs {
  public:
    // At the last byte.
    explicit Runs(unsigned last) noexcept : second_(last) {}

    // From the runs at i + 1 to those at i, where `here` is.
    void extend(unsigned here) noexcept {
        same_ = 1 + (same_ & mask_if<std::size_t>(here == second_));
        sequence_ = 1 + (sequence_ & mask_if<std::size_t>(((here + 1) & 0xFF) == second_));
        pairs_ = 2 + ((pairs_ - 1) & mask_if<std::size_t>(here == third_));
        third_ = second_;
        second_ = here;
    }
    // RLE8 or sequence: the longer is the better, for they cost the same.
    [[nodiscard]] unsigned run_kind() const noexcept { return same_ >= sequence_ ? kRle8 : kSequence; }
    [[nodiscard]] std::size_t run() const noexcept { return std::max(same_, sequence_); }
    [[nodiscard]] std::size_t pairs() const noexcept { return pairs_; }
    [[nodiscard]] bool any() const noexcept { return (same_ | sequence_) > 1 || pairs_ > 2; }

  private:
    static constexpr unsigned kNoByte = 0x100;

    std::size_t same_ = 1;
    std::size_t sequence_ = 1;
    std::size_t pairs_ = 1;
    unsigned second_;  // the byte, and the next one
    unsigned third_ = kNoByte;
};

// A command and what the row that begins with it costs, in one number: the less of two is the cheaper.
class Choice {
  public:
    Choice() = default;
    // `length`: bytes of output, 1 to 2048.
    Choice(std::size_t cost, unsigned kind, std::size_t length) noexcept
        : bits_(static_cast<std::uint32_t>(cost << kCostShift | kind << 11 | (length - 1))) {}
    static Choice end_of_data() noexcept { return {1, kRaw, 1}; }
    static Choice none() noexcept { return {0x3FF00, kRaw, 1}; }  // dearer than any

    // A command for `price` bytes before the row `rest`.
    static Choice before(Choice rest, std::size_t price, unsigned kind, std::size_t length) noexcept {
        Choice choice(price, kind, length);
        choice.bits_ += rest.bits_ >> kCostShift << kCostShift;
        return choice;
    }
    // A raw command that begins a byte earlier.
    [[nodiscard]] Choice with_raw_byte() const noexcept {
        Choice choice;
        choice.bits_ = bits_ + (1U << kCostShift) + 1;
        return choice;
    }
    // Dearer than any unless the condition holds.
    [[nodiscard]] Choice only_if(bool condition) const noexcept {
        Choice choice;
        choice.bits_ = bits_ | mask_if<std::uint32_t>(!condition);
        return choice;
    }

    [[nodiscard]] std::size_t cost() const noexcept { return bits_ >> kCostShift; }
    [[nodiscard]] unsigned kind() const noexcept { return bits_ >> 11 & 7; }
    [[nodiscard]] std::size_t length() const noexcept { return (bits_ & 0x7FF) + 1U; }
    bool operator<(const Choice& other) const noexcept { return bits_ < other.bits_; }

  private:
    static constexpr unsigned kCostShift = 14;

    std::uint32_t bits_ = 0;
};

// The cheapest raw commands at each position: the same window minimum as for the others, but over g, and sliding.
// Extending a raw command to the left costs a byte and keeps its end, so each of the two headers needs one command
// alone: the best so far, which a new one of a single byte replaces where that is as good. If the best reaches its
// longest count, all ends behind it are worse by one at least. The short one's successor is the new one then, which is
// worse by one at most. The long one's is looked for, once or twice in 1024 bytes: g grows by that much at least.
class RawCommands {
  public:
    explicit RawCommands(std::span<const Choice> choices) : choices_(choices) {}

    // The cheapest one at i; `behind` is the choice at i + 1.
    Choice at(std::size_t i, Choice behind) noexcept {
        const Choice fresh = Choice::before(behind, 2, kRaw, 1);
        const Choice fresh_long = Choice::before(behind, 3, kRaw, 1);
        short_ = short_.length() == kShortCount ? fresh : std::min(short_.with_raw_byte(), fresh);
        if (long_.length() == kLongCount) [[unlikely]] {
            long_ = fresh_long;
            for (std::size_t length = 2; length <= kLongCount; ++length)
                long_ = std::min(long_, Choice::before(choices_[i + length], 2 + length, kRaw, length));
        } else {
            long_ = std::min(long_.with_raw_byte(), fresh_long);
        }
        return std::min(short_, long_);
    }

  private:
    std::span<const Choice> choices_;
    Choice short_ = Choice::none();
    Choice long_ = Choice::none();
};

template <Format format>
class Parser {
  public:
    // `choices` has one place more than `data` has bytes; `near` is empty unless the format has near copies.
    Parser(std::span<const std::uint8_t> data, std::span<const Match> matches, std::span<const NearMatches> near,
           std::span<Choice> choices)
        : data_(data), matches_(matches), near_(near), choice_(choices) {}

    // choices[i] becomes the first command of a cheapest row for the data from i on; its cost counts the terminator.
    void parse(const CancelToken* cancel) {
        choice_[data_.size()] = Choice::end_of_data();
        if (data_.empty()) return;
        const std::size_t last = data_.size() - 1;
        RawCommands raw(choice_);
        Runs runs(data_[last]);
        Choice choice = raw.at(last, choice_[data_.size()]);
        choice_[last] = choice;
        for (std::size_t end = last; end > 0;) {
            stop_if_cancelled(cancel);
            const std::size_t begin = end - std::min(end, kStepsPerLook);
            for (std::size_t i = end; i-- > begin;) {
                runs.extend(data_[i]);
                choice = std::min(raw.at(i, choice), other(i, runs));
                choice_[i] = choice;
            }
            end = begin;
        }
    }

  private:
    // The cheapest command at i that is not raw.
    [[nodiscard]] Choice other(std::size_t i, const Runs& runs) const noexcept {
        const Choice best = copy(i);
        if (!runs.any()) return best;
        return std::min(std::min(best, reach(i, runs.run_kind(), 2, runs.run())), pairs(i, runs.pairs()));
    }

    [[nodiscard]] Choice copy(std::size_t i) const noexcept {
        const Match& match = matches_[i];
        const Choice far = reach(i, match.kind, 3, match.length);
        if constexpr (format.copies != Copies::near) return far;
        const Choice near = reach(i, kNearCopy, 2, near_[i].plain.length);
        // The header of command 7 is always long.
        const std::size_t inverted = std::min<std::size_t>(near_[i].inverted.length, kLongSevenCount);
        return std::min(std::min(near, far), ending(i, kNearInvertedCopy, 3, inverted));
    }

    // A command that may end after any number of bytes up to `length`; none if raw bytes are as cheap.
    [[nodiscard]] Choice reach(std::size_t i, unsigned kind, std::size_t price, std::size_t length) const noexcept {
        const Choice choice = ending(i, kind, price, std::min(length, kShortCount));
        if (length <= kShortCount) [[likely]]
            return choice;
        return std::min(choice, ending(i, kind, price + 1, std::min(length, kLongCount)));
    }

    // The end of least cost among that of `length` and all before it.
    [[nodiscard]] Choice ending(std::size_t i, unsigned kind, std::size_t price, std::size_t length) const noexcept {
        const bool pays = length >= price;
        const std::size_t end = where(pays, i + length);
        Choice choice = Choice::before(choice_[end], price, kind, length);
        if constexpr (format.pair_count == PairCount::pairs) {
            // Of two that cost the same the longer: a match that stops early looks like no packer's work (locate).
            const Choice shorter = Choice::before(choice_[end - 1], price, kind, length - 1);
            choice = shorter.cost() < choice.cost() ? shorter : choice;
        }
        return choice.only_if(pays);
    }

    // RLE16 of up to `length` bytes.
    [[nodiscard]] Choice pairs(std::size_t i, std::size_t length) const noexcept {
        if constexpr (format.pair_count == PairCount::bytes) return reach(i, kRle16, 3, length);
        const bool pays = length >= 4;
        const std::size_t few = std::min(length, 2 * kShortCount) & ~std::size_t{1};
        const Choice choice = Choice::before(choice_[where(pays, i + few)], 3, kRle16, few).only_if(pays);
        if (length <= 2 * kShortCount + 1) [[likely]]
            return choice;
        const std::size_t many = std::min(length, 2 * kLongCount) & ~std::size_t{1};
        return std::min(choice, Choice::before(choice_[i + many], 4, kRle16, many));
    }

    // What does not pay is read from the data's end: the next position's choice has just been written, and waiting for
    // it would take longer than anything else here.
    [[nodiscard]] std::size_t where(bool pays, std::size_t end) const noexcept { return pays ? end : data_.size(); }

    std::span<const std::uint8_t> data_;
    std::span<const Match> matches_;
    std::span<const NearMatches> near_;
    std::span<Choice> choice_;  // at the data's end: the terminator's cost
};

}  // namespace halscope::hal
