// SA-IS (Nong, Zhang and Chan, "Two Efficient Algorithms for Linear Time Suffix Array Construction", 2011): sort the
// leftmost S-type suffixes by sorting a string of their names, half as long at most, and induce all others from them.
// Linear whatever the data: zeros and ramps, on which comparing suffixes is quadratic, are what graphics are full of.
#include "hal/suffix_array.hpp"

#include <algorithm>

namespace halscope::hal {
namespace {

using Index = std::int32_t;
constexpr Index kEmpty = -1;

template <typename Char>
class Sorter {
  public:
    // `text` holds values below `alphabet`; `order` has its length and gets the result.
    Sorter(std::span<const Char> text, Index alphabet, std::span<Index> order)
        : text_(text), order_(order), is_small_(text.size()), bucket_ends_(static_cast<std::size_t>(alphabet) + 1) {}

    void sort() {
        const auto length = static_cast<Index>(text_.size());
        if (length == 0) return;
        classify();
        std::vector<Index> leftmost;
        for (Index at = 1; at < length; ++at)
            if (is_leftmost(at)) leftmost.push_back(at);
        induce(leftmost);
        if (leftmost.size() > 1) induce(sorted(leftmost));
    }

  private:
    [[nodiscard]] Char at(Index position) const { return text_[static_cast<std::size_t>(position)]; }
    [[nodiscard]] bool small(Index position) const { return is_small_[static_cast<std::size_t>(position)] != 0; }
    [[nodiscard]] bool is_leftmost(Index position) const {
        return position > 0 && small(position) && !small(position - 1);
    }

    // A suffix is small (S-type) if it is less than its right neighbour. The last one is not: the end is the least.
    void classify() {
        std::fill(bucket_ends_.begin(), bucket_ends_.end(), 0);
        for (const Char c : text_) ++bucket_ends_[static_cast<std::size_t>(c) + 1];
        for (std::size_t c = 1; c < bucket_ends_.size(); ++c) bucket_ends_[c] += bucket_ends_[c - 1];
        for (auto position = static_cast<Index>(text_.size()) - 2; position >= 0; --position) {
            const Char here = at(position);
            const Char right = at(position + 1);
            const bool is_small = here < right || (here == right && small(position + 1));
            is_small_[static_cast<std::size_t>(position)] = is_small ? 1 : 0;
        }
    }

    // Puts the given suffixes at the ends of their buckets in the given order, then derives the order of all.
    void induce(const std::vector<Index>& leftmost) {
        std::fill(order_.begin(), order_.end(), kEmpty);
        std::vector<Index> next(bucket_ends_.begin() + 1, bucket_ends_.end());
        for (std::size_t k = leftmost.size(); k-- > 0;) put_last(next, leftmost[k]);

        std::copy(bucket_ends_.begin(), bucket_ends_.end() - 1, next.begin());
        put_first(next, static_cast<Index>(text_.size()) - 1);
        for (std::size_t rank = 0; rank < order_.size(); ++rank) {
            const Index left = order_[rank] - 1;
            if (left >= 0 && !small(left)) put_first(next, left);
        }
        std::copy(bucket_ends_.begin() + 1, bucket_ends_.end(), next.begin());
        for (std::size_t rank = order_.size(); rank-- > 0;) {
            const Index left = order_[rank] - 1;
            if (left >= 0 && small(left)) put_last(next, left);
        }
    }

    void put_first(std::vector<Index>& next, Index position) {
        Index& slot = next[static_cast<std::size_t>(at(position))];
        order_[static_cast<std::size_t>(slot++)] = position;
    }
    void put_last(std::vector<Index>& next, Index position) {
        Index& slot = next[static_cast<std::size_t>(at(position))];
        order_[static_cast<std::size_t>(--slot)] = position;
    }

    // The leftmost-small suffixes in order, after a first induction has sorted the pieces between them.
    [[nodiscard]] std::vector<Index> sorted(const std::vector<Index>& leftmost) const {
        const std::size_t pieces = leftmost.size();
        std::vector<Index> by_piece;
        by_piece.reserve(pieces);
        for (const Index position : order_)
            if (is_leftmost(position)) by_piece.push_back(position);

        std::vector<Index> number(text_.size(), kEmpty);  // position -> which leftmost it is, then -> name of its piece
        for (std::size_t k = 0; k < pieces; ++k) number[static_cast<std::size_t>(leftmost[k])] = static_cast<Index>(k);
        std::vector<Index> names(pieces);
        Index name = 0;
        for (std::size_t k = 0; k < pieces; ++k) {
            if (k > 0 && !same_piece(leftmost, number, by_piece[k - 1], by_piece[k])) ++name;
            names[static_cast<std::size_t>(number[static_cast<std::size_t>(by_piece[k])])] = name;
        }
        if (name + 1 == static_cast<Index>(pieces)) return by_piece;

        std::vector<Index> order(pieces);
        Sorter<Index>(names, name + 1, order).sort();
        for (Index& rank : order) rank = leftmost[static_cast<std::size_t>(rank)];
        return order;
    }

    [[nodiscard]] bool same_piece(const std::vector<Index>& leftmost, const std::vector<Index>& number, Index left,
                                  Index right) const {
        const auto length = [&](Index position) {
            const auto following = static_cast<std::size_t>(number[static_cast<std::size_t>(position)]) + 1;
            // The last piece runs to the text's end, which is like no character.
            return following < leftmost.size() ? leftmost[following] - position + 1 : kEmpty;
        };
        const Index size = length(left);
        if (size == kEmpty || size != length(right)) return false;
        const auto from = text_.begin() + left;
        return std::equal(from, from + size, text_.begin() + right);
    }

    std::span<const Char> text_;
    std::span<Index> order_;
    std::vector<std::uint8_t> is_small_;
    std::vector<Index> bucket_ends_;  // [c]: where the bucket of c begins, [c + 1]: where it ends
};

}  // namespace

std::vector<std::int32_t> suffix_array(std::span<const std::uint8_t> text) {
    std::vector<std::int32_t> order(text.size());
    Sorter<std::uint8_t>(text, 256, order).sort();
    return order;
}

}  // namespace halscope::hal
