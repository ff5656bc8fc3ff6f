// SA-IS (Nong, Zhang and Chan, "Two Efficient Algorithms for Linear Time Suffix Array Construction", 2011): sort the
// leftmost S-type suffixes by sorting a string of their names, at most half as long, and induce all others from them.
#include "hal/suffix_array.hpp"

#include <algorithm>
#include <array>

#include "hal/bits.hpp"
#include "hal/matchfinder.hpp"

namespace halscope::hal {
// 16 bits hold positions and names, so the arrays stay in the L1 and L2 caches.
namespace {

using Position = std::uint16_t;

// A bucket's range in the order, one bucket per first character. L-type suffixes run from `begin`, S-type ones from
// `small` to `end`, so a suffix's rank gives its type and no array of types is kept.
struct Bucket {
    std::uint32_t begin = 0;
    std::uint32_t small = 0;
    std::uint32_t end = 0;
};

template <typename Char>
class Sorter {
  public:
    // text[-1] must be 0, so that every position has a left neighbour to read. `order` has a spare slot after the
    // suffixes.
    Sorter(const Char* text, std::size_t size, std::size_t alphabet, Position* order, const CancelToken* cancel)
        : text_(text), size_(size), order_(order), cancel_(cancel), buckets_(alphabet), next_(alphabet) {}

    void sort() {
        if (size_ == 0) return;
        const std::vector<Position> leftmost = classify();
        induce(leftmost);
        if (leftmost.size() > 1) induce(sorted(leftmost));
    }

  private:
    // A suffix is small (S-type) if it is less than its right neighbour; the last one is not, because the end sorts
    // first. It is leftmost if its left neighbour is not small. Fills the buckets; returns the leftmost suffixes,
    // ascending.
    std::vector<Position> classify() {
        stop_if_cancelled(cancel_);
        std::vector<Position> leftmost(size_ / 2);
        auto first = leftmost.end();
        bool right_is_small = false;
        ++buckets_[text_[size_ - 1]].end;
        for (std::size_t at = size_ - 1; at-- > 0;) {
            const Char here = text_[at];
            const Char right = text_[at + 1];
            const bool is_small = here < right || (here == right && right_is_small);
            if (right_is_small && !is_small) *--first = static_cast<Position>(at + 1);
            Bucket& bucket = buckets_[here];
            ++bucket.end;
            bucket.small += is_small ? 1 : 0;
            right_is_small = is_small;
        }
        std::uint32_t begin = 0;
        for (Bucket& bucket : buckets_) {
            bucket.begin = begin;
            begin += bucket.end;
            bucket.end = begin;
            bucket.small = bucket.end - bucket.small;
        }
        leftmost.erase(leftmost.begin(), first);
        return leftmost;
    }

    // Places the given suffixes at the ends of their buckets in the given order, then induces the order of all. Suffix
    // 0 has no left neighbour to induce, so 0 also marks an empty slot.
    void induce(const std::vector<Position>& leftmost) {
        stop_if_cancelled(cancel_);
        std::fill_n(order_, size_ + 1, Position{0});
        for (std::size_t c = 0; c < buckets_.size(); ++c) next_[c] = buckets_[c].end;
        for (auto position = leftmost.rbegin(); position != leftmost.rend(); ++position)
            order_[--next_[text_[*position]]] = *position;

        for (std::size_t c = 0; c < buckets_.size(); ++c) next_[c] = buckets_[c].begin;
        order_[next_[text_[size_ - 1]]++] = static_cast<Position>(size_ - 1);
        for (std::size_t c = 0; c < buckets_.size(); ++c) {
            const Bucket bucket = buckets_[c];
            for (std::uint32_t rank = bucket.begin; rank < bucket.end; ++rank) {
                const std::size_t position = order_[rank];
                // No data-dependent branch: what must not be stored goes to the spare slot.
                const std::size_t left = text_[static_cast<std::ptrdiff_t>(position) - 1];
                const bool takes = (position != 0) & (left >= c);
                std::uint32_t& next = next_[left];
                order_[takes ? next : size_] = static_cast<Position>(position - 1);
                next += takes ? 1 : 0;
            }
        }

        stop_if_cancelled(cancel_);
        for (std::size_t c = 0; c < buckets_.size(); ++c) next_[c] = buckets_[c].end;
        for (std::size_t c = buckets_.size(); c-- > 0;) {
            const Bucket bucket = buckets_[c];
            const auto derive = [&](std::uint32_t first, std::uint32_t last, std::size_t limit) {
                for (std::uint32_t rank = last; rank-- > first;) {
                    const std::size_t position = order_[rank];
                    const std::size_t left = text_[static_cast<std::ptrdiff_t>(position) - 1];
                    const bool takes = (position != 0) & (left < limit);
                    std::uint32_t& next = next_[left];
                    next -= takes ? 1 : 0;
                    order_[takes ? next : size_] = static_cast<Position>(position - 1);
                }
            };
            derive(bucket.small, bucket.end, c + 1);
            derive(bucket.begin, bucket.small, c);
        }
    }

    // The leftmost small suffixes in order, after a first induction has sorted the pieces between them.
    [[nodiscard]] std::vector<Position> sorted(const std::vector<Position>& leftmost) const {
        stop_if_cancelled(cancel_);
        const std::size_t pieces = leftmost.size();
        // Two neighbours are never both leftmost, so position / 2 identifies a suffix.
        std::vector<Position> length(size_ / 2 + 1);  // of the piece; the last one is 0 and equals no other
        for (std::size_t k = 0; k + 1 < pieces; ++k)
            length[leftmost[k] / 2U] = static_cast<Position>(leftmost[k + 1] - leftmost[k] + 1);

        std::vector<Position> by_piece(pieces + 1);
        std::size_t found = 0;
        for (std::size_t c = 0; c < buckets_.size(); ++c) {
            for (std::uint32_t rank = buckets_[c].small; rank < buckets_[c].end; ++rank) {
                const Position position = order_[rank];
                by_piece[found] = position;
                found += ((position != 0) & (text_[static_cast<std::ptrdiff_t>(position) - 1] > c)) ? 1 : 0;
            }
        }
        by_piece.resize(pieces);

        std::vector<Position> name_at(size_ / 2 + 1);
        std::size_t name = 0;
        for (std::size_t k = 0; k < pieces; ++k) {
            const Position position = by_piece[k];
            if (k > 0 && !same_piece(length, by_piece[k - 1], position)) ++name;
            name_at[position / 2U] = static_cast<Position>(name);
        }
        if (name + 1 == pieces) return by_piece;

        std::vector<Position> names(pieces + 1);
        for (std::size_t k = 0; k < pieces; ++k) names[k + 1] = name_at[leftmost[k] / 2U];
        std::vector<Position> order(pieces + 1);
        Sorter<Position>(names.data() + 1, pieces, name + 1, order.data(), cancel_).sort();
        order.resize(pieces);
        for (Position& rank : order) rank = leftmost[rank];
        return order;
    }

    [[nodiscard]] bool same_piece(const std::vector<Position>& length, Position left, Position right) const {
        const std::size_t size = length[left / 2U];
        if (size == 0 || size != length[right / 2U]) return false;
        return std::equal(text_ + left, text_ + left + size, text_ + right);
    }

    const Char* text_;
    std::size_t size_;
    Position* order_;
    const CancelToken* cancel_;  // checked before each pass over all suffixes, which takes less than a millisecond
    std::vector<Bucket> buckets_;
    std::vector<std::uint32_t> next_;  // next free slot of each bucket
};

// Occurrences of each byte in the first rows of the Burrows-Wheeler transform: an exact count for every 64th row; the
// rows in between are counted on demand.
class Occurrences {
  public:
    Occurrences(std::span<const std::uint8_t> text, std::span<const std::uint16_t> order)
        : before_(order.size() / kRows + 1), counts_(order.size() / kRows + 1) {
        // Row 0 is the empty suffix. No byte precedes the whole text: its row holds a 0, which count() leaves out.
        std::uint8_t* const bytes = before_.front().data();
        bytes[0] = text.back();
        for (std::size_t rank = 0; rank < order.size(); ++rank) {
            const std::size_t position = order[rank];
            if (position == 0) whole_ = rank + 1;
            bytes[rank + 1] = position == 0 ? std::uint8_t{0} : text[position - 1];
        }
        Counts counts{};
        for (std::size_t block = 0; block < before_.size(); ++block) {
            counts_[block] = counts;
            for (const std::uint8_t byte : before_[block]) ++counts[byte];
        }
    }

    // `rows` is at most the text's length plus 1.
    [[nodiscard]] std::uint32_t count(std::uint8_t byte, std::uint32_t rows) const noexcept {
        if (rows == 0) return 0;
        const std::size_t block = (rows - 1) / kRows;  // of the last row, so that its count fits 16 bits
        const std::uint8_t* const bytes = before_[block].data();
        const std::uint8_t* const marks = kMarks.data() + (kRows - 1 - (rows - 1) % kRows);
        std::uint64_t sums = 0;  // eight sums at once, one byte each
        for (std::size_t k = 0; k < kRows; k += sizeof sums)
            sums += (zero_bytes(load_word(bytes + k) ^ byte * kEveryByte) & load_word(marks + k)) >> 7;
        const auto found = static_cast<std::uint32_t>(sums * kEveryByte >> 56);
        const std::uint32_t not_there = byte == 0 && rows > whole_ ? 1 : 0;
        return counts_[block][byte] + found - not_there;
    }

  private:
    // Sets the highest bit of each byte that is 0.
    static constexpr std::uint64_t zero_bytes(std::uint64_t word) noexcept {
        constexpr std::uint64_t kLow = 0x7F * kEveryByte;
        return ~(((word & kLow) + kLow) | word | kLow);
    }

    static constexpr std::size_t kRows = 64;
    static constexpr std::uint64_t kEveryByte = 0x0101010101010101;
    // One mark per row. Read from offset kRows - n on, the table marks exactly the first n rows.
    static constexpr std::array<std::uint8_t, 2 * kRows> kMarks = [] {
        std::array<std::uint8_t, 2 * kRows> marks{};
        std::fill_n(marks.begin(), kRows, std::uint8_t{0x80});
        return marks;
    }();
    using Counts = std::array<std::uint16_t, 256>;

    std::vector<std::array<std::uint8_t, kRows>> before_;  // the byte that precedes each row's suffix
    std::vector<Counts> counts_;                           // [block]: in all blocks before it
    std::size_t whole_ = 0;                                // row of the whole text
};

}  // namespace

std::vector<std::uint16_t> suffix_array(std::span<const std::uint8_t> text, const CancelToken* cancel) {
    std::vector<std::uint8_t> padded{0};
    padded.insert(padded.end(), text.begin(), text.end());
    std::vector<Position> order(text.size() + 1);
    Sorter<std::uint8_t>(padded.data() + 1, text.size(), 256, order.data(), cancel).sort();
    order.resize(text.size());
    return order;
}

// Backward search (Ferragina and Manzini, 2000). Of the suffixes that begin with byte c, those less than c + rest
// follow a suffix less than rest, and the transform counts them.
std::vector<std::uint32_t> insertion_ranks(std::span<const std::uint8_t> text, std::span<const std::uint16_t> order,
                                           std::span<const std::uint8_t> pattern, const CancelToken* cancel) {
    std::vector<std::uint32_t> ranks(pattern.size());
    if (text.empty()) return ranks;
    const Occurrences occurrences(text, order);
    std::array<std::uint32_t, 257> first{};  // row of the first suffix that begins with each byte
    for (const std::uint8_t byte : text) ++first[byte + 1U];
    first[0] = 1;
    for (std::size_t c = 1; c < first.size(); ++c) first[c] += first[c - 1];
    std::uint32_t rows = 0;  // suffixes less than the pattern from i on, the empty suffix included
    for (std::size_t i = pattern.size(); i-- > 0;) {
        if (i % kStepsPerLook == 0) stop_if_cancelled(cancel);
        rows = first[pattern[i]] + occurrences.count(pattern[i], rows);
        ranks[i] = rows - 1;
    }
    return ranks;
}

}  // namespace halscope::hal
