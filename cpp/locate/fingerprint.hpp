// Which bytes are informative, and the *anchor* of a pattern of 24 bytes or more: the one of its grams of 8 bytes that
// ranks lowest in a fixed order (rich grams first, then by hash, then leftmost). A window of 24 bytes (the smallest
// tile that is looked up by itself: three bit planes) chooses the same anchor wherever it is, and so does any pattern
// that contains it, so one index entry finds a tile at any byte phase. docs/explanation/codec.md derives the entry
// count, about one in 9 bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::locate {

inline constexpr std::size_t kTileBytes = 32;
inline constexpr std::size_t kGramBytes = 8;
inline constexpr std::size_t kWindowBytes = 24;
inline constexpr std::size_t kGramsPerWindow = kWindowBytes - kGramBytes + 1;
inline constexpr unsigned kDistinctBytes = 3;

struct Anchor {
    std::uint32_t key;   // rank and hash of the gram; equal grams have equal keys
    std::size_t offset;  // of the gram inside the pattern
};

// Whether a tile holds at least kDistinctBytes different byte values. Fewer means blank, a single flat colour, or plain
// stripes and checks: such tiles occur in hundreds of places, so a match says nothing.
[[nodiscard]] bool informative(const std::uint8_t* tile) noexcept;

// The number of different byte values, up to `most`.
[[nodiscard]] unsigned distinct_bytes(std::span<const std::uint8_t> bytes, unsigned most) noexcept;

// The longest pattern.
inline constexpr std::size_t kMostPattern = 128;

// The anchor of kWindowBytes to kMostPattern bytes.
[[nodiscard]] Anchor anchor_of(std::span<const std::uint8_t> pattern) noexcept;

// The same among the grams that the index has: a pattern of more than kTileBytes bytes may hold little information
// where its lowest gram is, so only informative tiles in it count.
[[nodiscard]] Anchor indexed_anchor(std::span<const std::uint8_t> pattern) noexcept;

// Appends the key and position (first + offset in `text`) of the anchors of the windows that begin in
// text[begin, end), ascending. Left out are windows that no informative pattern of up to 32 bytes contains.
struct Entry {
    std::uint32_t key;
    std::uint32_t position;
};
void collect_anchors(std::span<const std::uint8_t> text, std::size_t begin, std::size_t end, std::uint32_t first,
                     std::vector<Entry>& entries);

}  // namespace halscope::locate
