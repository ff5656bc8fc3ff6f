// The longest match of every kind at every position, exactly.
//
// In the suffix array of x · bitreverse(x) · reverse(x) the longest match at i of one kind is one of two: of the
// suffixes of that kind's part whose source lies before i, the nearest to the left of i's own rank and the nearest to
// the right. One sweep over the ranks in each direction finds them, with a stack a kind that holds the sources no later
// one beats: a nearer suffix with an earlier source is better for every i.
//
// No separators are needed. Forward and bit-reversed sources end no sooner than i does; reversed ones end with the
// text.
//
// Lengths: if the match at i has l bytes, the one at i + 1 on the same side has l - 1 or more (drop the first byte), so
// comparing from there is linear in all, like Kasai's algorithm.
#include <algorithm>
#include <array>

#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/matchfinder.hpp"
#include "hal/suffix_array.hpp"

namespace halscope::hal {
namespace {

constexpr std::size_t kKinds = 3;
constexpr std::array<std::uint8_t, kKinds> kKindOf = {kCopy, kReversedCopy, kBackwardCopy};
constexpr std::uint16_t kNone = 0xFFFF;  // no source: the last one possible is 65534

using Sources = std::array<std::uint16_t, kKinds>;

// Sources seen so far, those that a later one beats left out: ascending from the bottom to the top.
class Nearest {
  public:
    explicit Nearest(std::size_t capacity) : sources_(capacity) {}

    void push(std::uint16_t source) noexcept {
        while (size_ > 0 && sources_[size_ - 1] >= source) --size_;
        sources_[size_++] = source;
    }
    // The latest source pushed that lies before `position`.
    [[nodiscard]] std::uint16_t before(std::uint16_t position) const noexcept {
        const auto begin = sources_.begin();
        const auto found = std::lower_bound(begin, begin + static_cast<std::ptrdiff_t>(size_), position);
        return found == begin ? kNone : *(found - 1);
    }

  private:
    std::vector<std::uint16_t> sources_;
    std::size_t size_ = 0;
};

template <typename Ranks>
std::vector<Sources> nearest_sources(const Ranks& ranks, std::size_t size) {
    std::vector<Sources> nearest(size);
    Nearest forward(size);
    Nearest reversed(size);
    Nearest backward(size);
    for (const std::int32_t suffix : ranks) {
        const auto at = static_cast<std::size_t>(suffix);
        if (at < size) {
            const auto position = static_cast<std::uint16_t>(at);
            nearest[at] = {forward.before(position), reversed.before(position), backward.before(position)};
            forward.push(position);
        } else if (at < 2 * size) {
            reversed.push(static_cast<std::uint16_t>(at - size));
        } else {
            backward.push(static_cast<std::uint16_t>(3 * size - 1 - at));
        }
    }
    return nearest;
}

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

}  // namespace

std::vector<Match> longest_matches(std::span<const std::uint8_t> data) {
    const std::size_t size = data.size();
    std::vector<std::uint8_t> text(3 * size);
    std::copy(data.begin(), data.end(), text.begin());
    for (std::size_t i = 0; i < size; ++i) text[size + i] = reverse_bits(text[i]);
    std::reverse_copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size),
                      text.begin() + static_cast<std::ptrdiff_t>(2 * size));

    std::vector<std::int32_t> ranks = suffix_array(text);
    std::array<std::vector<Sources>, 2> nearest;
    nearest[0] = nearest_sources(ranks, size);
    std::reverse(ranks.begin(), ranks.end());
    nearest[1] = nearest_sources(ranks, size);

    std::vector<Match> matches(size);
    std::array<std::array<std::size_t, kKinds>, 2> lengths{};
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            for (std::size_t side = 0; side < 2; ++side) {
                std::size_t& length = lengths[side][kind];
                const std::uint16_t source = nearest[side][i][kind];
                if (source == kNone) {
                    length = 0;
                    continue;
                }
                const bool backward = kKindOf[kind] == kBackwardCopy;
                const std::size_t begin = backward ? 3 * size - 1 - source : kind * size + source;
                const std::size_t limit = std::min({size - i, text.size() - begin, kLongCount});
                length = extend(text.data() + begin, text.data() + i, length > 0 ? length - 1 : 0, limit);
                if (length > matches[i].length)
                    matches[i] = {static_cast<std::uint16_t>(length), source, kKindOf[kind]};
            }
        }
    }
    return matches;
}

}  // namespace halscope::hal
