// Likely matches, fast: candidates from a hash of four bytes, the newest eight of each hash. One table of forward
// positions serves all kinds: the wanted bytes are looked up bit-reversed, inverted or in reverse order.
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/matchfinder.hpp"

namespace halscope::hal {
namespace {

constexpr std::size_t kGram = 4;
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kPadding = 2 * kWord;  // bytes before and after the data that may be compared
constexpr unsigned kFewestHashBits = 8;
constexpr unsigned kMostHashBits = 15;
// Reversed and backward matches start ten times less often than forward ones.
constexpr unsigned kForwardCandidates = 8;
constexpr unsigned kOtherCandidates = 3;
// From the first length on, reversed and backward matches are not searched; from the second on, none are.
constexpr std::size_t kGoodLength = 5;
constexpr std::size_t kFineLength = 12;

// The newest eight positions of one hash, 16 bits each. An empty slot reads as position 0, as good a guess as any.
class Bucket {
  public:
    void push(std::size_t position) noexcept {
        older_ = older_ << 16 | newer_ >> 48;
        newer_ = newer_ << 16 | position;
    }
    [[nodiscard]] std::size_t candidate(unsigned age) const noexcept {
        return (age < 4 ? newer_ : older_) >> 16 * (age % 4) & 0xFFFF;
    }

  private:
    std::uint64_t newer_ = 0;
    std::uint64_t older_ = 0;
};

// Eight bytes; the first is in the lowest bits.
std::uint64_t load_in_order(const std::uint8_t* from) noexcept {
    const std::uint64_t word = load_word(from);
    return std::endian::native == std::endian::little ? word : reverse_bytes(word);
}

// Ones below the lowest difference of two words: the larger the result, the more leading bytes they share.
constexpr std::uint64_t common_bits(std::uint64_t left, std::uint64_t right) noexcept {
    const std::uint64_t difference = left ^ right;
    return (difference - 1) & ~difference;
}

// How a copy transforms its source.
enum class Change : std::uint8_t { none, bits_reversed, inverted, backward };

constexpr unsigned kind_of(Change change) noexcept {
    switch (change) {
        case Change::none:
            return kCopy;
        case Change::backward:
            return kBackwardCopy;
        default:
            return kReversedCopy;  // same number as kInvertedCopy
    }
}

class Finder {
  public:
    // `padded` and `table` are working memory; their contents do not matter.
    Finder(std::span<const std::uint8_t> data, std::vector<std::uint8_t>& padded, std::vector<Bucket>& table)
        : size_(data.size()),
          hash_bits_(std::clamp(static_cast<unsigned>(std::bit_width(size_ / 2)), kFewestHashBits, kMostHashBits)) {
        padded.assign(size_ + 2 * kPadding, 0);
        std::copy(data.begin(), data.end(), padded.begin() + kPadding);
        data_ = padded.data() + kPadding;
        table.assign(std::size_t{1} << hash_bits_, {});
        buckets_ = table.data();
    }

    template <Copies copies>
    void run(std::span<Match> matches, const CancelToken* cancel) const {
        Match match;
        for (std::size_t i = 0; i < size_; ++i) {
            if (i % kStepsPerLook == 0) stop_if_cancelled(cancel);
            const std::uint64_t word = load_in_order(data_ + i);
            match = shortened<copies>(match);
            // No search within a long match: this keeps long runs and periods linear.
            if (match.length < kFineLength && i > 0) search<copies>(i, word, match);
            matches[i] = match;
            buckets_[hash(word)].push(i);
        }
    }

  private:
    // Hashes the word's first four bytes.
    [[nodiscard]] std::size_t hash(std::uint64_t word) const noexcept {
        return static_cast<std::uint32_t>(word) * 0x9E3779B1U >> (32 - hash_bits_);
    }

    // A match without its first byte, so that a command can be trimmed from the left, as the parser assumes.
    template <Copies copies>
    static Match shortened(Match match) noexcept {
        if (match.length <= 1) return {};
        --match.length;
        const bool backward = copies == Copies::mirrored && match.kind == kBackwardCopy;
        match.source = static_cast<std::uint16_t>(backward ? match.source - 1 : match.source + 1);
        return match;
    }

    template <Copies copies>
    void search(std::size_t i, std::uint64_t word, Match& best) const noexcept {
        const Bucket forward = buckets_[hash(word)];
        if (copies == Copies::forward || best.length >= kGoodLength) {
            visit<Change::none>(i, word, forward, best);
            return;
        }
        // Read every bucket before using any, so that the cache misses overlap.
        if constexpr (copies == Copies::near) {
            const Bucket inverted = buckets_[hash(~word)];
            visit<Change::none>(i, word, forward, best);
            visit<Change::inverted>(i, ~word, inverted, best);
        } else {
            const std::uint64_t turned = reverse_bits_in_bytes(word);
            const Bucket reversed = buckets_[hash(turned)];
            const Bucket backward = buckets_[hash(reverse_bytes(word) >> 32)];
            visit<Change::none>(i, word, forward, best);
            visit<Change::bits_reversed>(i, turned, reversed, best);
            visit<Change::backward>(i, word, backward, best);
        }
    }

    // Tries the newest positions of a bucket as sources of one kind of copy to i.
    template <Change change>
    void visit(std::size_t i, std::uint64_t wanted, const Bucket& bucket, Match& best) const noexcept {
        constexpr unsigned kCandidates = change == Change::none ? kForwardCandidates : kOtherCandidates;
        std::uint64_t most = 0;
        std::size_t source = 0;
        // The first eight bytes are compared without a branch: how many agree is close to random, and a misprediction
        // costs more than a comparison. Only the best candidate is extended.
        for (unsigned age = 0; age < kCandidates; ++age) {
            const std::size_t from = source_of<change>(bucket.candidate(age));
            const std::uint64_t common = common_at<change>(i, from, wanted);
            source = common > most ? from : source;
            most = common > most ? common : most;
        }
        if (most == UINT64_MAX) {
            for (unsigned age = 0; age < kCandidates; ++age) {
                const std::size_t from = source_of<change>(bucket.candidate(age));
                if (common_at<change>(i, from, wanted) == UINT64_MAX) take<change>(i, from, kWord, best);
            }
        } else {
            take<change>(i, source, static_cast<std::size_t>(std::countr_one(most)) / 8, best);
        }
    }

    template <Change change>
    static std::size_t source_of(std::size_t candidate) noexcept {
        return change == Change::backward ? candidate + kGram - 1 : candidate;
    }

    template <Change change>
    [[nodiscard]] std::uint64_t common_at(std::size_t i, std::size_t source, std::uint64_t wanted) const noexcept {
        if constexpr (change != Change::backward) return common_bits(load_in_order(data_ + source), wanted);
        const std::uint64_t bits = common_bits(source_word<change>(source, 0), wanted);
        return source < i ? bits : 0;  // otherwise its last byte is not written yet
    }

    // Keeps the source if it beats `best`. `length` bytes are known to be equal; exactly that many if less than a word.
    template <Change change>
    void take(std::size_t i, std::size_t source, std::size_t length, Match& best) const noexcept {
        if (length < kWord && length <= best.length) return;
        const std::size_t room = std::min(size_ - i, kLongCount);
        const std::size_t limit = change == Change::backward ? std::min(room, source + 1) : room;
        if (length == kWord) length = extend<change>(i, source, limit);
        length = std::min(length, limit);
        if (length <= best.length) return;
        best = {static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(source),
                static_cast<std::uint8_t>(kind_of(change))};
    }

    template <Change change>
    [[nodiscard]] std::size_t extend(std::size_t i, std::size_t source, std::size_t limit) const noexcept {
        for (std::size_t length = kWord; length < limit; length += kWord) {
            const std::uint64_t common =
                common_bits(load_in_order(data_ + i + length), source_word<change>(source, length));
            if (common != UINT64_MAX) return length + static_cast<std::size_t>(std::countr_one(common)) / 8;
        }
        return limit;
    }

    // The bytes that a copy from `source` writes at k to k + 7.
    template <Change change>
    [[nodiscard]] std::uint64_t source_word(std::size_t source, std::size_t k) const noexcept {
        if constexpr (change == Change::backward) return reverse_bytes(load_in_order(data_ + source - k - (kWord - 1)));
        const std::uint64_t word = load_in_order(data_ + source + k);
        if constexpr (change == Change::inverted) return ~word;
        return change == Change::bits_reversed ? reverse_bits_in_bytes(word) : word;
    }

    std::size_t size_;
    unsigned hash_bits_;
    const std::uint8_t* data_;
    Bucket* buckets_;
};

}  // namespace

void likely_matches(std::span<const std::uint8_t> data, Copies copies, std::span<Match> matches,
                    const CancelToken* cancel) {
    // Kept for the next call: touching fresh memory takes a tenth of the search time.
    thread_local std::vector<std::uint8_t> padded;
    thread_local std::vector<Bucket> table;
    const Finder finder(data, padded, table);
    switch (copies) {
        case Copies::forward:
            return finder.run<Copies::forward>(matches, cancel);
        case Copies::mirrored:
            return finder.run<Copies::mirrored>(matches, cancel);
        case Copies::near:
            return finder.run<Copies::near>(matches, cancel);
    }
}

}  // namespace halscope::hal
