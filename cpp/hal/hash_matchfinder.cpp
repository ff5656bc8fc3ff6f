// Likely matches, quickly: candidates from a hash of four bytes, newest first, a fixed number of them.
//
// One table of forward positions serves all three kinds: the bytes wanted at i, bit-reversed or in reverse order, are
// looked up in it. Where the match at the position before, one byte shorter, is long already, nothing is searched: that
// keeps long runs and periods linear.
#include <algorithm>
#include <array>

#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/matchfinder.hpp"

namespace halscope::hal {
namespace {

constexpr std::size_t kGram = 4;
constexpr unsigned kHashBits = 15;
constexpr std::size_t kCandidates = 16;  // 8: 1.3 times as fast, 1.4 % larger on tiles of 64 KiB
constexpr std::size_t kGoodLength = 32;  // long enough not to look for a longer one
constexpr std::uint16_t kNone = 0xFFFF;  // no position: the last one with a gram is 65532

std::uint32_t load_gram(const std::uint8_t* from) noexcept {
    std::uint32_t gram;
    std::memcpy(&gram, from, sizeof gram);
    return gram;
}

std::size_t hash(std::uint32_t gram) noexcept {
    return gram * 0x9E3779B1U >> (32 - kHashBits);
}

class Finder {
  public:
    explicit Finder(std::span<const std::uint8_t> data) : data_(data.data()), size_(data.size()), previous_(size_) {
        newest_.fill(kNone);
    }

    std::vector<Match> run() {
        std::vector<Match> matches(size_);
        for (std::size_t i = 0; i < size_; ++i) {
            Match& best = matches[i];
            if (i > 0) best = shortened(matches[i - 1]);
            if (i + kGram > size_) continue;
            const std::uint32_t gram = load_gram(data_ + i);
            if (best.length < kGoodLength) search(i, gram, best);
            std::uint16_t& newest = newest_[hash(gram)];
            previous_[i] = newest;
            newest = static_cast<std::uint16_t>(i);
        }
        return matches;
    }

  private:
    // The rest of a match after its first byte. So that a command can be trimmed from the left, as the parser assumes.
    static Match shortened(Match match) noexcept {
        if (match.length <= 1) return {};
        --match.length;
        match.source = static_cast<std::uint16_t>(match.kind == kBackwardCopy ? match.source - 1 : match.source + 1);
        return match;
    }

    void search(std::size_t i, std::uint32_t gram, Match& best) const noexcept {
        const std::uint64_t wide = gram;
        visit<kCopy>(i, gram, best);
        visit<kReversedCopy>(i, static_cast<std::uint32_t>(reverse_bits_in_bytes(wide)), best);
        visit<kBackwardCopy>(i, static_cast<std::uint32_t>(reverse_bytes(wide) >> 32), best);
    }

    // The newest positions that hold `gram`, as sources of one kind of copy to i.
    template <Kind kind>
    void visit(std::size_t i, std::uint32_t gram, Match& best) const noexcept {
        std::uint16_t from = newest_[hash(gram)];
        for (std::size_t k = 0; k < kCandidates && from != kNone; ++k, from = previous_[from]) {
            const std::size_t source = kind == kBackwardCopy ? from + kGram - 1 : from;
            if (load_gram(data_ + from) != gram || source >= i) continue;
            const std::size_t limit = std::min(size_ - i, kind == kBackwardCopy ? source + 1 : kLongCount);
            const std::size_t length = measure<kind>(i, source, std::min(limit, kLongCount), best.length);
            if (length > best.length)
                best = {static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(source), kind};
        }
    }

    // The length of a match of which one gram is known; 0 if it is no longer than `beaten`.
    template <Kind kind>
    [[nodiscard]] std::size_t measure(std::size_t i, std::size_t source, std::size_t limit,
                                      std::size_t beaten) const noexcept {
        if (beaten >= limit || data_[i + beaten] != source_byte<kind>(source, beaten)) return 0;
        std::size_t length = kGram;
        for (; length + 8 <= limit; length += 8) {
            const std::uint64_t difference = load_word(data_ + i + length) ^ source_word<kind>(source, length);
            if (difference != 0) return length + equal_bytes(difference);
        }
        while (length < limit && data_[i + length] == source_byte<kind>(source, length)) ++length;
        return length;
    }

    // What a copy of `kind` from `source` writes at its k-th byte, and at that and the seven after it.
    template <Kind kind>
    [[nodiscard]] std::uint8_t source_byte(std::size_t source, std::size_t k) const noexcept {
        if constexpr (kind == kBackwardCopy) return data_[source - k];
        const std::uint8_t byte = data_[source + k];
        return kind == kReversedCopy ? reverse_bits(byte) : byte;
    }
    template <Kind kind>
    [[nodiscard]] std::uint64_t source_word(std::size_t source, std::size_t k) const noexcept {
        if constexpr (kind == kBackwardCopy) return reverse_bytes(load_word(data_ + source - k - 7));
        const std::uint64_t word = load_word(data_ + source + k);
        return kind == kReversedCopy ? reverse_bits_in_bytes(word) : word;
    }

    const std::uint8_t* data_;
    std::size_t size_;
    std::vector<std::uint16_t> previous_;  // the position before with the same hash
    std::array<std::uint16_t, std::size_t{1} << kHashBits> newest_;
};

}  // namespace

std::vector<Match> likely_matches(std::span<const std::uint8_t> data) {
    return Finder(data).run();
}

}  // namespace halscope::hal
