// The longest match of every kind at every position, exactly. Sources of forward, bit-reversed and inverted copies are
// the suffixes of the data; sources of backward copies are the suffixes of the reversed data.
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

// Suffixes in lexicographic order, and the rank of each.
struct Ranking {
    std::vector<std::uint16_t> order;
    std::vector<std::uint16_t> rank;

    Ranking(std::span<const std::uint8_t> text, const CancelToken* cancel)
        : order(suffix_array(text, cancel)), rank(order.size()) {
        for (std::size_t r = 0; r < order.size(); ++r) rank[order[r]] = static_cast<std::uint16_t>(r);
    }
};

enum class Direction : std::uint8_t { forward, backward };

// The longest match of one kind at each position in turn. The source that shares the longest prefix with the wanted
// string is its nearest neighbour, left or right in lexicographic order, among the sources that begin before it.
template <Direction direction, std::size_t window = kMaxText>
class Neighbours {
  public:
    // Sources are the suffixes of `text`; the wanted strings are the suffixes of `pattern`.
    Neighbours(std::span<const std::uint8_t> text, const Ranking& sources, std::span<const std::uint8_t> pattern)
        : text_(text), sources_(sources), pattern_(pattern) {}

    // Calls `found(i, length, source)` with one or two matches at each position i that has any; no match is longer.
    // `ranks` gives the insertion rank of each wanted string among the sources.
    template <typename Rank, typename Found>
    void each(const std::vector<Rank>& ranks, const CancelToken* cancel, Found found) {
        for (std::size_t i = 0; i < text_.size(); ++i) {
            if (i % kStepsPerLook == 0) stop_if_cancelled(cancel);
            if (i > window) seen_.erase(rank_of(i - window - 1));
            const std::uint32_t rank = ranks[i];
            try_source(i, seen_.before(rank), known_[0], found);
            try_source(i, seen_.from(rank), known_[1], found);
            seen_.insert(rank_of(i));
        }
    }

  private:
    [[nodiscard]] std::uint32_t rank_of(std::size_t source) const noexcept {
        return sources_.rank[direction == Direction::backward ? text_.size() - 1 - source : source];
    }

    template <typename Found>
    void try_source(std::size_t i, std::uint32_t rank, std::size_t& length, Found& found) const noexcept {
        if (rank == PositionSet::kNone) {
            length = 0;
            return;
        }
        const std::size_t begin = sources_.order[rank];
        const std::size_t limit = std::min(text_.size() - std::max(begin, i), kLongCount);
        // Dropping the first byte of a match at i - 1 leaves a match at i, so comparing starts from there: linear in
        // total (Kasai's argument).
        length = extend(text_.data() + begin, pattern_.data() + i, length > 0 ? length - 1 : 0, limit);
        found(i, length, direction == Direction::backward ? text_.size() - 1 - begin : begin);
    }

    std::span<const std::uint8_t> text_;
    const Ranking& sources_;
    std::span<const std::uint8_t> pattern_;
    PositionSet seen_;                    // ranks of the sources that begin before i and within the window
    std::array<std::size_t, 2> known_{};  // length of the last match on either side
};

// Returns a callback that replaces an element of `matches` where a command of this kind is longer.
auto improve(std::span<Match> matches, unsigned kind) noexcept {
    return [matches, kind](std::size_t i, std::size_t length, std::size_t source) noexcept {
        if (length <= matches[i].length) return;
        matches[i] = {static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(source),
                      static_cast<std::uint8_t>(kind)};
    };
}

// The data with `change` applied to each byte.
template <typename Change>
std::vector<std::uint8_t> each_byte(std::span<const std::uint8_t> data, Change change) {
    std::vector<std::uint8_t> changed(data.size());
    std::transform(data.begin(), data.end(), changed.begin(), change);
    return changed;
}

constexpr std::uint8_t inverted(std::uint8_t byte) noexcept {
    return static_cast<std::uint8_t>(~byte);
}

}  // namespace

void longest_matches(std::span<const std::uint8_t> data, Copies copies, std::span<Match> matches,
                     const CancelToken* cancel) {
    std::fill_n(matches.begin(), data.size(), Match{});
    const Ranking plain(data, cancel);
    using Forward = Neighbours<Direction::forward>;
    Forward(data, plain, data).each(plain.rank, cancel, improve(matches, kCopy));
    if (copies == Copies::forward) return;

    const auto turned = each_byte(data, copies == Copies::near ? inverted : reverse_bits);
    Forward(data, plain, turned)
        .each(insertion_ranks(data, plain.order, turned, cancel), cancel, improve(matches, kReversedCopy));
    static_assert(kReversedCopy == kInvertedCopy);
    if (copies == Copies::near) return;

    const std::vector<std::uint8_t> mirrored(data.rbegin(), data.rend());
    const Ranking backward(mirrored, cancel);
    Neighbours<Direction::backward>(mirrored, backward, data)
        .each(insertion_ranks(mirrored, backward.order, data, cancel), cancel, improve(matches, kBackwardCopy));
}

void longest_near_matches(std::span<const std::uint8_t> data, std::span<NearMatches> matches,
                          const CancelToken* cancel) {
    std::fill_n(matches.begin(), data.size(), NearMatches{});
    const auto improve_near = [matches](NearMatch NearMatches::* which) {
        return [matches, which](std::size_t i, std::size_t length, std::size_t source) noexcept {
            NearMatch& best = matches[i].*which;
            if (length <= best.length) return;
            best = {static_cast<std::uint16_t>(length), static_cast<std::uint8_t>(i - source)};
        };
    };
    const Ranking plain(data, cancel);
    using Near = Neighbours<Direction::forward, kNearWindow>;
    Near(data, plain, data).each(plain.rank, cancel, improve_near(&NearMatches::plain));
    const auto turned = each_byte(data, inverted);
    Near(data, plain, turned)
        .each(insertion_ranks(data, plain.order, turned, cancel), cancel, improve_near(&NearMatches::inverted));
}

}  // namespace halscope::hal
