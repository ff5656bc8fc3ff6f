// Which tiles are informative, and each tile's *anchor*: the one of its 25 grams of 8 bytes that ranks lowest in a
// fixed order (rich grams first, then by hash, then leftmost). The same bytes choose the same anchor wherever they are,
// so one index entry finds a tile at any byte phase. docs/explanation/codec.md derives the entry count, about one in 13
// bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::locate {

inline constexpr std::size_t kTileBytes = 32;
inline constexpr std::size_t kGramBytes = 8;
inline constexpr std::size_t kGramsPerTile = kTileBytes - kGramBytes + 1;
inline constexpr unsigned kDistinctBytes = 3;

struct Anchor {
    std::uint32_t key;   // rank and hash of the gram; equal grams have equal keys
    std::size_t offset;  // of the gram inside the tile
};

// Whether a tile holds at least kDistinctBytes different byte values. Fewer means blank, a single flat colour, or plain
// stripes and checks: such tiles occur in hundreds of places, so a match says nothing.
[[nodiscard]] bool informative(const std::uint8_t* tile) noexcept;

// The anchor of the 32 bytes at `tile`.
[[nodiscard]] Anchor anchor_of(const std::uint8_t* tile) noexcept;

// Appends the key and position (first + offset in `text`) of the anchor of every informative window of `text`,
// ascending.
struct Entry {
    std::uint32_t key;
    std::uint32_t position;
};
void collect_anchors(std::span<const std::uint8_t> text, std::uint32_t first, std::vector<Entry>& entries);

}  // namespace halscope::locate
