// The longest match of every kind at every position, exactly.
//
// The sources of forward and bit-reversed copies are the suffixes of x, those of backward copies the suffixes of
// reverse(x). Where x from i on (bit-reversed: where bitreverse(x) from i on; x turned round is the same as the source
// turned round) would stand among the sources in lexicographic order, the longest match is one of two: of the sources
// that begin before i, the nearest to the left and the nearest to the right. A set of the sources seen so far, by
// their rank, gives both.
//
// Lengths: if the match at i has l bytes, the one at i + 1 on the same side has l - 1 or more (drop the first byte), so
// comparing from there is linear in all, like Kasai's algorithm.
#include <algorithm>
#include <array>

#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/matchfinder.hpp"
#include "hal/position_set.hpp"
#include "hal/suffix_array.hpp"

namespace halscope::hal {
namespace {

// `known` bytes are known to be equal; the result is at most `limit`.
std::size_t extend(const std::uint8_t* left, const std::uint8_t* right, std::size_t known, std::size_t limit) noexcept {
    std::size_t length = std::min(known, limit);
    for (; length + 8 <= limit; length += 8) {
        const std::uint64_t difference = load_word(left + length) ^ load_word(right + length);
        if (difference != 0) return length + equal_bytes(difference);
    }
    while (length < limit && left[length] == right[length]) ++length;
    return length;
}

// Suffixes in order, and where each of them stands in it.
struct Ranking {
    std::vector<std::uint16_t> order;
    std::vector<std::uint16_t> rank;

    Ranking(std::span<const std::uint8_t> text, const CancelToken* cancel)
        : order(suffix_array(text, cancel)), rank(order.size()) {
        for (std::size_t r = 0; r < order.size(); ++r) rank[order[r]] = static_cast<std::uint16_t>(r);
    }
};

// The longest match of one kind at each position in turn.
template <Kind kind>
class Neighbours {
  public:
    // Sources are the suffixes of `text`; what is wanted, the suffixes of `pattern`.
    Neighbours(std::span<const std::uint8_t> text, const Ranking& sources, std::span<const std::uint8_t> pattern)
        : text_(text), sources_(sources), pattern_(pattern) {}

    // Makes `matches` better where this kind is longer. `ranks` tells where what is wanted at each position stands
    // among the sources.
    template <typename Rank>
    void improve(std::span<Match> matches, const std::vector<Rank>& ranks, const CancelToken* cancel) {
        for (std::size_t i = 0; i < text_.size(); ++i) {
            if (i % kStepsPerLook == 0) stop_if_cancelled(cancel);
            const std::uint32_t rank = ranks[i];
            try_source(matches[i], i, seen_.before(rank), known_[0]);
            try_source(matches[i], i, seen_.from(rank), known_[1]);
            seen_.insert(sources_.rank[kind == kBackwardCopy ? text_.size() - 1 - i : i]);
        }
    }

  private:
    void try_source(Match& best, std::size_t i, std::uint32_t rank, std::size_t& length) const noexcept {
        if (rank == PositionSet::kNone) {
            length = 0;
            return;
        }
        const std::size_t begin = sources_.order[rank];
        const std::size_t limit = std::min(text_.size() - std::max(begin, i), kLongCount);
        length = extend(text_.data() + begin, pattern_.data() + i, length > 0 ? length - 1 : 0, limit);
        if (length > best.length) {
            const std::size_t source = kind == kBackwardCopy ? text_.size() - 1 - begin : begin;
            best = {static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(source), kind};
        }
    }

    std::span<const std::uint8_t> text_;
    const Ranking& sources_;
    std::span<const std::uint8_t> pattern_;
    PositionSet seen_;                    // ranks of the sources that begin before i
    std::array<std::size_t, 2> known_{};  // the last match's length on either side
};

}  // namespace

void longest_matches(std::span<const std::uint8_t> data, Copies copies, std::span<Match> matches,
                     const CancelToken* cancel) {
    std::fill_n(matches.begin(), data.size(), Match{});
    const Ranking plain(data, cancel);
    Neighbours<kCopy>(data, plain, data).improve(matches, plain.rank, cancel);
    if (copies == Copies::forward) return;

    std::vector<std::uint8_t> turned(data.size());
    std::transform(data.begin(), data.end(), turned.begin(), reverse_bits);
    Neighbours<kReversedCopy>(data, plain, turned)
        .improve(matches, insertion_ranks(data, plain.order, turned, cancel), cancel);

    const std::vector<std::uint8_t> mirrored(data.rbegin(), data.rend());
    const Ranking backward(mirrored, cancel);
    Neighbours<kBackwardCopy>(mirrored, backward, data)
        .improve(matches, insertion_ranks(mirrored, backward.order, data, cancel), cancel);
}

}  // namespace halscope::hal
