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

// The candidates of one kind of copy at each position in turn.
class Neighbours {
  public:
    // Sources are the suffixes of `text`, as `order` ranks them; what is wanted, the suffixes of `pattern`.
    Neighbours(Kind kind, std::span<const std::uint8_t> text, std::span<const std::uint16_t> order,
               std::span<const std::uint8_t> pattern)
        : kind_(kind), text_(text), order_(order), pattern_(pattern) {}

    // The better of `best` and this kind's longest match at i, which stands at `rank` among the sources; `seen` holds
    // those that begin before i.
    void improve(Match& best, std::size_t i, std::uint32_t rank, const PositionSet& seen) noexcept {
        try_source(best, i, seen.before(rank), known_[0]);
        try_source(best, i, seen.from(rank), known_[1]);
    }

  private:
    void try_source(Match& best, std::size_t i, std::uint32_t rank, std::size_t& length) const noexcept {
        if (rank == PositionSet::kNone) {
            length = 0;
            return;
        }
        const std::size_t begin = order_[rank];
        const std::size_t limit = std::min(text_.size() - std::max(begin, i), kLongCount);
        length = extend(text_.data() + begin, pattern_.data() + i, length > 0 ? length - 1 : 0, limit);
        if (length > best.length) {
            const std::size_t source = kind_ == kBackwardCopy ? text_.size() - 1 - begin : begin;
            best = {static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(source), kind_};
        }
    }

    Kind kind_;
    std::span<const std::uint8_t> text_;
    std::span<const std::uint16_t> order_;
    std::span<const std::uint8_t> pattern_;
    std::array<std::size_t, 2> known_{};  // the last match's length on either side
};

}  // namespace

void longest_matches(std::span<const std::uint8_t> data, std::span<Match> matches) {
    const std::size_t size = data.size();
    std::vector<std::uint8_t> turned(size);
    for (std::size_t i = 0; i < size; ++i) turned[i] = reverse_bits(data[i]);
    const std::vector<std::uint8_t> mirrored(data.rbegin(), data.rend());

    const std::vector<std::uint16_t> order = suffix_array(data);
    const std::vector<std::uint16_t> mirrored_order = suffix_array(mirrored);
    std::vector<std::uint16_t> rank(size);
    std::vector<std::uint16_t> mirrored_rank(size);
    for (std::size_t r = 0; r < size; ++r) {
        rank[order[r]] = static_cast<std::uint16_t>(r);
        mirrored_rank[mirrored_order[r]] = static_cast<std::uint16_t>(r);
    }
    const std::vector<std::uint32_t> turned_ranks = insertion_ranks(data, order, turned);
    const std::vector<std::uint32_t> backward_ranks = insertion_ranks(mirrored, mirrored_order, data);

    Neighbours forward(kCopy, data, order, data);
    Neighbours reversed(kReversedCopy, data, order, turned);
    Neighbours backward(kBackwardCopy, mirrored, mirrored_order, data);
    PositionSet seen;
    PositionSet mirrored_seen;
    for (std::size_t i = 0; i < size; ++i) {
        Match best;
        forward.improve(best, i, rank[i], seen);
        reversed.improve(best, i, turned_ranks[i], seen);
        backward.improve(best, i, backward_ranks[i], mirrored_seen);
        matches[i] = best;
        seen.insert(rank[i]);
        mirrored_seen.insert(mirrored_rank[size - 1 - i]);
    }
}

}  // namespace halscope::hal
