// A small sequence of commands for some data, fast: a search that goes forward by cost. Of all positions that can be
// reached with c packed bytes only the farthest matters, because a command that crosses it can be trimmed from the left
// at no cost. So matches are looked for at no more positions than there are packed bytes, a third of all on graphics.
// docs/explanation/codec.md gives the reasoning, and what makes the result larger than the minimum.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cancel.hpp"
#include "core/cpu.hpp"
#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/format.hpp"
#include "hal/grams.hpp"

namespace halscope::hal {

// A command by where it ends, packed into one number: the larger one reaches farther, and of two that reach as far a
// raw one is the larger, because it can be extended for one byte a byte.
class Arrival {
  public:
    Arrival() = default;
    // `operand`: a copy's reference or distance; the length of a raw command so far. `price`: packed bytes, of a raw
    // command only those for its last byte.
    Arrival(std::size_t end, std::size_t operand, unsigned kind, std::size_t price) noexcept
        : bits_(std::uint64_t{end} << kEndShift | std::uint64_t{7 - kind} << kKindShift |
                std::uint64_t{price} << kPriceShift | operand) {}

    [[nodiscard]] std::size_t end() const noexcept { return bits_ >> kEndShift; }
    [[nodiscard]] unsigned kind() const noexcept { return 7 - (bits_ >> kKindShift & 7); }
    [[nodiscard]] std::size_t operand() const noexcept { return bits_ & 0xFFFF; }
    [[nodiscard]] std::size_t raw_length() const noexcept { return kind() == kRaw ? operand() : 0; }
    [[nodiscard]] std::size_t whole_price() const noexcept {
        return kind() == kRaw ? operand() + (operand() > kShortCount ? 2U : 1U) : bits_ >> kPriceShift & 7;
    }
    bool operator<(const Arrival& other) const noexcept { return bits_ < other.bits_; }

  private:
    static constexpr unsigned kPriceShift = 16;
    static constexpr unsigned kKindShift = 20;
    static constexpr unsigned kEndShift = 24;

    std::uint64_t bits_ = 0;
};

template <Format format>
class Frontier {
  public:
    static constexpr bool kHasTurned = format.copies != Copies::forward;
    static constexpr Change kTurned = !kHasTurned                     ? Change::none
                                      : format.copies == Copies::near ? Change::inverted
                                                                      : Change::bits_reversed;

    // `arrivals` has room(data size) elements.
    Frontier(Grams& grams, std::span<Arrival> arrivals) : grams_(grams), data_(grams.data()), arrivals_(arrivals) {}

    // A raw command leads one byte on for two packed bytes at most, so the end is reached at twice the size or sooner;
    // arrivals are written up to kMostPrice ahead.
    static constexpr std::size_t room(std::size_t size) noexcept { return 2 * size + kMostPrice + 1; }

    // The commands in their order. Throws Cancelled.
    [[nodiscard]] std::span<const Arrival> commands(const CancelToken* cancel) {
        const std::size_t cost = reach_the_end(cancel);
        // Collected from the last one on, in place: each is at least two arrivals further left than the one after it.
        std::size_t first = cost + 1;
        for (std::size_t at = cost; at > 0;) {
            const Arrival command = arrivals_[at];
            at -= command.whole_price();
            arrivals_[--first] = command;
        }
        return arrivals_.subspan(first, cost + 1 - first);
    }

  private:
    static constexpr std::size_t kMostPrice = 4;  // of a command other than raw
    // No search where commands are known that reach this far at the same cost.
    static constexpr std::size_t kFineLength = 22;
    // A match this long ends a search: it will be extended as far as it goes, but not be compared with others.
    static constexpr std::size_t kGreatLength = 128;
    // Candidates of a search: so many for each byte of data, less so many for each search before, a sixteenth of what
    // is left in each. Data with large groups is also data with few searches; noise has many and nothing to find.
    static constexpr std::size_t kVisitsPerByte = 5;
    static constexpr std::size_t kVisitsPerSearch = 6;
    static constexpr std::size_t kShareOfSearch = 16;
    static constexpr std::size_t kAdvance = 512;  // bytes; the first searches have hardly any candidates
    static constexpr std::size_t kFewestVisits = 8;
    static constexpr std::size_t kMostVisits = 96;
    // The first candidates are only asked whether any of them is long enough: on noise none is, and a loop whose length
    // is random costs more than all of these comparisons.
    static constexpr std::size_t kForwardAsked = 4;
    static constexpr std::size_t kOtherAsked = 2;
    static_assert(kForwardAsked <= Grams::kSpare && kOtherAsked <= Grams::kSpare);

    static constexpr std::size_t kWord = sizeof(std::uint64_t);
    static constexpr std::uint64_t kEveryByte = 0x0101010101010101;
    static constexpr std::uint64_t kLowBits = 0x7F * kEveryByte;

    static constexpr bool kHasBackward = format.copies == Copies::mirrored;
    static constexpr bool kHasNear = format.copies == Copies::near;

    // Where copies of each kind that write `word` may begin.
    struct Sources {
        std::uint64_t turned;
        std::uint64_t mirrored;
        Group forward;
        Group others;
        Group backward;

        Sources(const Grams& grams, std::size_t i, std::uint64_t word) noexcept
            : turned(kHasTurned ? load_in_order(grams.turned() + i) : word),
              mirrored(reverse_bytes(word)),
              forward(grams.with(word)),
              others(kHasTurned ? grams.with(turned) : forward),
              backward(kHasBackward ? grams.with(mirrored >> 8 * (kWord - kGram)) : forward) {}
    };
    struct Found {
        std::size_t length;  // shorter ones are of no use
        std::size_t source = 0;
        unsigned kind = kRaw;  // not raw: something is found
    };

    [[nodiscard]] std::size_t reach_the_end(const CancelToken* cancel) {
        std::fill_n(arrivals_.begin(), kMostPrice, Arrival{});
        std::size_t farthest = 0;
        for (std::size_t cost = 0;; ++cost) {
            arrivals_[cost + kMostPrice] = {};
            const std::size_t end = arrivals_[cost].end();
            if (end <= farthest && cost > 0) continue;
            farthest = end;
            if (farthest == grams_.size()) return cost;
            grams_.insert_below(farthest, cancel);
            step(farthest, cost);
        }
    }

    // Every command at i, which is reached at `cost`.
    void step(std::size_t i, std::size_t cost) noexcept {
        const std::uint64_t word = load_in_order(data_ + i);
        // All groups are looked up before anything is done, so that the cache misses overlap.
        const Sources sources(grams_, i, word);
        raw(i, cost);
        runs(i, cost, word);
        copies(i, cost, word, sources);
    }

    void arrive(std::size_t cost, std::size_t price, unsigned kind, std::size_t end, std::size_t operand) noexcept {
        Arrival& arrival = arrivals_[cost + price];
        arrival = std::max(arrival, Arrival(end, operand, kind, price));
    }
    // A command that may end anywhere up to i + length, with a short and with a long header.
    void reach(std::size_t i, std::size_t cost, std::size_t price, unsigned kind, std::size_t length,
               std::size_t operand = 0) noexcept {
        arrive(cost, price, kind, i + std::min(length, kShortCount), operand);
        if (length > kShortCount) arrive(cost, price + 1, kind, i + std::min(length, kLongCount), operand);
    }

    void raw(std::size_t i, std::size_t cost) noexcept {
        const std::size_t length = arrivals_[cost].raw_length();
        const bool fresh = length == 0 || length == kLongCount;
        const std::size_t price = fresh || length == kShortCount ? 2 : 1;
        arrive(cost, price, kRaw, i + 1, fresh ? 1 : length + 1);
    }

    void runs(std::size_t i, std::size_t cost, std::uint64_t word) noexcept {
        const auto first = static_cast<std::uint8_t>(word);
        const auto second = static_cast<std::uint8_t>(word >> 8);
        const auto third = static_cast<std::uint8_t>(word >> 16);
        const bool same = first == second;
        const bool sequence = static_cast<std::uint8_t>(first + 1) == second;
        const bool pairs = first == third;
        if (!(same | sequence | pairs)) [[likely]]
            return;
        if (same) {
            const std::size_t length = run(i, 1, 0, kLongCount);
            reach(i, cost, 2, kRle8, length);
            if (length < kLongCount) return;  // RLE16 reaches no farther
        }
        if (sequence) reach(i, cost, 2, kSequence, run(i, 1, 1, kLongCount));
        if (!pairs) return;
        if constexpr (format.pair_count == PairCount::bytes) {
            reach(i, cost, 3, kRle16, run(i, 2, 0, kLongCount));
        } else {
            const std::size_t length = run(i, 2, 0, 2 * kLongCount) & ~std::size_t{1};
            if (length < 4) return;
            arrive(cost, 3, kRle16, i + std::min(length, 2 * kShortCount), 0);
            arrive(cost, 4, kRle16, i + length, 0);
        }
    }

    // Bytes from i on of which each equals the one `distance` before it, plus `addend` (0 or 1); at most `limit`.
    [[nodiscard]] std::size_t run(std::size_t i, std::size_t distance, unsigned addend,
                                  std::size_t limit) const noexcept {
        limit = std::min(limit, grams_.size() - i);
        for (std::size_t k = 0; k + distance < limit; k += kWord) {
            const std::uint64_t before = load_in_order(data_ + i + k);
            const std::uint64_t wanted =
                addend == 0 ? before : ((before & kLowBits) + kEveryByte) ^ (before & ~kLowBits);
            const std::uint64_t difference = wanted ^ load_in_order(data_ + i + k + distance);
            if (difference != 0) return std::min(limit, k + first_difference(difference) + distance);
        }
        return limit;
    }

    void copies(std::size_t i, std::size_t cost, std::uint64_t word, const Sources& sources) noexcept {
        const std::size_t cheaper = std::max(arrivals_[cost + 1].end(), arrivals_[cost + 2].end());
        const std::size_t known = kHasNear ? cheaper : std::max(cheaper, arrivals_[cost + 3].end());
        const std::size_t needed = std::max(known - i + 1, kGram);
        const std::size_t limit = std::min(grams_.size() - i, kLongCount);
        if (needed > kFineLength || needed > limit) return;

        const unsigned unneeded = 8 * static_cast<unsigned>(kWord - std::min(needed, kWord));
        const std::uint64_t first = ~std::uint64_t{0} >> unneeded;
        const std::uint64_t last = ~std::uint64_t{0} << unneeded;
        const bool is_forward = may_hold<Change::none, kForwardAsked>(sources.forward, word, first);
        const bool is_turned = kHasTurned && may_hold<kTurned, kOtherAsked>(sources.others, sources.turned, first);
        const bool is_backward =
            kHasBackward && may_hold<Change::backward, kOtherAsked>(sources.backward, sources.mirrored, last);
        ++searches_;
        if (is_forward | is_turned | is_backward)
            search(i, cost, needed, limit, sources, is_forward, is_turned, is_backward);
    }

    // A function of its own: inlined, its registers would be saved and restored at every position, and noise has
    // nothing to search for at most of them.
    HALSCOPE_NOINLINE void search(std::size_t i, std::size_t cost, std::size_t needed, std::size_t limit,
                                  const Sources& sources, bool is_forward, bool is_turned, bool is_backward) noexcept {
        const std::size_t earned = kVisitsPerByte * (i + kAdvance);
        const std::size_t spent = visits_ + kVisitsPerSearch * searches_;
        const std::size_t most =
            std::clamp((earned - std::min(earned, spent)) / kShareOfSearch, kFewestVisits, kMostVisits);
        const std::size_t most_others = std::max(most / 4, kFewestVisits / 2);

        if constexpr (kHasNear) {
            Found near{needed - 1};
            if (is_forward) visit<Change::none, kNearWindow>(i, sources.forward, most, limit, near);
            if (near.kind != kRaw) reach(i, cost, 2, kNearCopy, near.length, i - near.source);
            // Its header is always long, so it costs as much as one with a two-byte reference.
            near = {near.length};
            const std::size_t few = std::min(limit, kLongSevenCount);
            if (is_turned) visit<kTurned, kNearWindow>(i, sources.others, most_others, few, near);
            if (near.kind != kRaw) arrive(cost, 3, kNearInvertedCopy, i + near.length, i - near.source);
        }
        Found far{std::max(needed, std::max(arrivals_[cost + 3].end(), i) - i + 1) - 1};
        if (is_forward) visit<Change::none>(i, sources.forward, most, limit, far);
        if (is_turned && far.length < kFineLength) visit<kTurned>(i, sources.others, most_others, limit, far);
        if constexpr (kHasBackward) {
            if (is_backward && far.length < kFineLength)
                visit<Change::backward>(i, sources.backward, most_others, limit, far);
        }
        if (far.kind != kRaw) reach(i, cost, 3, far.kind, far.length, far.source);
    }

    // Whether a group may hold a candidate that differs from `wanted` in none of the `needed` bits.
    template <Change change, std::size_t asked>
    [[nodiscard]] bool may_hold(const Group& group, std::uint64_t wanted, std::uint64_t needed) const noexcept {
        bool may = group.size() > asked;
        for (std::size_t age = 0; age < asked; ++age) {
            const std::uint8_t* const from = data_ + group[age] - (change == Change::backward ? kWord - kGram : 0);
            may |= ((load_in_order(from) ^ wanted) & needed) == 0;
        }
        return may;
    }

    // Looks for a longer match than `best` among the newest candidates of a group.
    template <Change change, std::size_t window = kMaxOutput>
    void visit(std::size_t i, const Group& group, std::size_t most, std::size_t limit, Found& best) noexcept {
        constexpr bool is_backward = change == Change::backward;
        if (best.length >= limit) return;
        const std::uint8_t* const wanted = (kHasTurned && change == kTurned ? grams_.turned() : data_) + i;
        std::size_t count = std::min(most, group.size());
        visits_ += count;
        Tail tail = tail_of<change>(wanted, best.length);
        for (std::size_t age = 0; age < count; ++age) {
            const std::size_t from = group[age] + (is_backward ? kGram - 1 : 0);
            if constexpr (window < kMaxOutput) {
                if (i - from > window) return;
            }
            if constexpr (is_backward) {
                if (from < best.length) continue;
            }
            // The byte that makes it longer is compared first, with the seven before it.
            const std::uint8_t* const last =
                is_backward ? data_ + from - tail.offset - (kWord - 1) : data_ + from + tail.offset;
            if (((load_in_order(last) ^ tail.bytes) & tail.needed) != 0) continue;
            if constexpr (is_backward) {
                if (from >= i) continue;
            }
            const std::size_t length = common<change>(from, wanted, is_backward ? std::min(limit, from + 1) : limit);
            if (length <= best.length) continue;
            best = {length, from, kind_of(change, window)};
            if (length >= std::min(limit, kGreatLength)) return;
            tail = tail_of<change>(wanted, length);
        }
    }

    // What a source must hold to be longer than a match: the byte after it, and up to seven before.
    struct Tail {
        std::size_t offset;  // from the match's first byte
        std::uint64_t bytes;
        std::uint64_t needed;  // a mask
    };
    template <Change change>
    static Tail tail_of(const std::uint8_t* wanted, std::size_t length) noexcept {
        const std::size_t bytes = std::min(length + 1, kWord);
        const std::size_t offset = length + 1 - bytes;
        const std::uint64_t word = load_in_order(wanted + offset);
        const unsigned unneeded = 8 * static_cast<unsigned>(kWord - bytes);
        if (change == Change::backward) return {offset, reverse_bytes(word), ~std::uint64_t{0} << unneeded};
        return {offset, word, ~std::uint64_t{0} >> unneeded};
    }

    static constexpr unsigned kind_of(Change change, std::size_t window) noexcept {
        if (window == kNearWindow) return change == Change::none ? kNearCopy : kNearInvertedCopy;
        if (change == Change::none) return kCopy;
        static_assert(kReversedCopy == kInvertedCopy);
        return change == Change::backward ? kBackwardCopy : kReversedCopy;
    }

    // The bytes that a source shares with those wanted, which are changed if the copy changes them.
    template <Change change>
    [[nodiscard]] std::size_t common(std::size_t from, const std::uint8_t* wanted, std::size_t limit) const noexcept {
        for (std::size_t k = 0; k < limit; k += kWord) {
            const std::uint64_t word = change == Change::backward
                                           ? reverse_bytes(load_in_order(data_ + from - k - (kWord - 1)))
                                           : load_in_order(data_ + from + k);
            const std::uint64_t difference = word ^ load_in_order(wanted + k);
            if (difference != 0) return std::min(limit, k + first_difference(difference));
        }
        return limit;
    }

    Grams& grams_;
    const std::uint8_t* data_;
    std::span<Arrival> arrivals_;  // by cost
    std::size_t visits_ = 0;
    std::size_t searches_ = 0;
};

}  // namespace halscope::hal
