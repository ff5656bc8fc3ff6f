// The cheapest sequence of commands for some data and its matches, by dynamic programming from the end: f(i) is the
// fewest packed bytes for the data from i on. It is a true minimum if the matches are the longest ones. Each step is
// proven in docs/explanation/codec.md.
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

// All ones where the condition holds, so that the code after it needs no branch. Whether a command is possible or pays
// off is close to random per byte, and a misprediction costs as much as the rest of that byte's work.
template <typename Word>
[[nodiscard]] constexpr Word mask_if(bool condition) noexcept {
    return static_cast<Word>(-static_cast<Word>(condition));
}

// Bytes that RLE8, RLE16 and sequence can write at each position, not yet capped to the longest command.
class Runs {
  public:
    // Starts at the last byte.
    explicit Runs(unsigned last) noexcept : second_(last) {}

    // Moves from i + 1 to i; `here` is the byte at i.
    void extend(unsigned here) noexcept {
        same_ = 1 + (same_ & mask_if<std::size_t>(here == second_));
        sequence_ = 1 + (sequence_ & mask_if<std::size_t>(((here + 1) & 0xFF) == second_));
        pairs_ = 2 + ((pairs_ - 1) & mask_if<std::size_t>(here == third_));
        third_ = second_;
        second_ = here;
    }
    // RLE8 or sequence, whichever is longer: they cost the same.
    [[nodiscard]] unsigned run_kind() const noexcept { return same_ >= sequence_ ? kRle8 : kSequence; }
    [[nodiscard]] std::size_t run() const noexcept { return std::max(same_, sequence_); }
    [[nodiscard]] std::size_t pairs() const noexcept { return pairs_; }
    [[nodiscard]] bool any() const noexcept { return (same_ | sequence_) > 1 || pairs_ > 2; }

  private:
    static constexpr unsigned kNoByte = 0x100;

    std::size_t same_ = 1;
    std::size_t sequence_ = 1;
    std::size_t pairs_ = 1;
    unsigned second_;  // the byte at i, and the one after it
    unsigned third_ = kNoByte;
};

// A command and the cost of the sequence that begins with it, packed into one number: the smaller one is cheaper.
class Choice {
  public:
    Choice() = default;
    // `length`: bytes of output, 1 to 2048.
    Choice(std::size_t cost, unsigned kind, std::size_t length) noexcept
        : bits_(static_cast<std::uint32_t>(cost << kCostShift | kind << 11 | (length - 1))) {}
    static Choice end_of_data() noexcept { return {1, kRaw, 1}; }
    static Choice none() noexcept { return {0x3FF00, kRaw, 1}; }  // costs more than any other

    // A command of `price` bytes, followed by the sequence `rest`.
    static Choice before(Choice rest, std::size_t price, unsigned kind, std::size_t length) noexcept {
        Choice choice(price, kind, length);
        choice.bits_ += rest.bits_ >> kCostShift << kCostShift;
        return choice;
    }
    // This raw command, starting one byte earlier.
    [[nodiscard]] Choice with_raw_byte() const noexcept {
        Choice choice;
        choice.bits_ = bits_ + (1U << kCostShift) + 1;
        return choice;
    }
    // Costs more than any other unless the condition holds.
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

// The cheapest raw command at each position: a sliding-window minimum over g(i) = f(i) + i that needs one command per
// header size. Extending a command to the left costs one byte and keeps its end; a fresh one-byte command replaces it
// where that is no worse (g(i + 1) exceeds the least g in reach by at most 1, or 2 for a long header).
class RawCommands {
  public:
    explicit RawCommands(std::span<const Choice> choices) : choices_(choices) {}

    // The cheapest raw command at i; `behind` is the choice at i + 1.
    Choice at(std::size_t i, Choice behind) noexcept {
        const Choice fresh = Choice::before(behind, 2, kRaw, 1);
        const Choice fresh_long = Choice::before(behind, 3, kRaw, 1);
        // Once the best is 32 bytes long, every other end in reach is worse by at least 1 and the fresh one by at most
        // 1.
        short_ = short_.length() == kShortCount ? fresh : std::min(short_.with_raw_byte(), fresh);
        if (long_.length() == kLongCount) [[unlikely]] {
            long_ = fresh_long;
            // Rescan the window: once or twice per 1024 bytes, because g grows by that much in between.
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
    // `choices` has one more element than `data`; `near` is empty unless the format has near copies.
    Parser(std::span<const std::uint8_t> data, std::span<const Match> matches, std::span<const NearMatches> near,
           std::span<Choice> choices)
        : data_(data), matches_(matches), near_(near), choice_(choices) {}

    // Sets choices[i] to the first command of a cheapest sequence for the data from i on; costs include the terminator.
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
    // The cheapest command at i other than raw.
    [[nodiscard]] Choice other(std::size_t i, const Runs& runs) const noexcept {
        const Choice best = copy(i);
        if (!runs.any()) return best;
        return std::min(std::min(best, reach(i, runs.run_kind(), 2, runs.run())), pairs(i, runs.pairs()));
    }

    [[nodiscard]] Choice copy(std::size_t i) const noexcept {
        // All copies with a two-byte reference cost the same, so the longest is enough.
        const Match& match = matches_[i];
        const Choice far = reach(i, match.kind, 3, match.length);
        if constexpr (format.copies != Copies::near) return far;
        const Choice near = reach(i, kNearCopy, 2, near_[i].plain.length);
        // Command 7 always has a long header.
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

    // The cheapest end among `length` and all shorter ones. f never rises over an even distance to the right, so it is
    // `length` or one less; where RLE16 counts bytes, f never rises at all, so it is `length`.
    [[nodiscard]] Choice ending(std::size_t i, unsigned kind, std::size_t price, std::size_t length) const noexcept {
        const bool pays = length >= price;
        const std::size_t end = where(pays, i + length);
        Choice choice = Choice::before(choice_[end], price, kind, length);
        if constexpr (format.pair_count == PairCount::pairs) {
            // At equal cost take the longer: a match that stops early does not look like a packer's work
            // (locate/economy.cpp).
            const Choice shorter = Choice::before(choice_[end - 1], price, kind, length - 1);
            choice = shorter.cost() < choice.cost() ? shorter : choice;
        }
        return choice.only_if(pays);
    }

    // RLE16 of up to `length` bytes. It ends at even distances only, so the longest is the cheapest.
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

    // If the command does not pay off, read at the data's end instead: the next position's choice has only just been
    // written, and the load would stall on that store longer than anything else here takes.
    [[nodiscard]] std::size_t where(bool pays, std::size_t end) const noexcept { return pays ? end : data_.size(); }

    std::span<const std::uint8_t> data_;
    std::span<const Match> matches_;
    std::span<const NearMatches> near_;
    std::span<Choice> choice_;  // the last element, at the data's end, is the terminator's cost
};

}  // namespace halscope::hal
