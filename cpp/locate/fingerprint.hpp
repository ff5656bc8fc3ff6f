// Which tiles say where they came from, and the few bytes of a tile that stand for it in the index.
//
// A tile may begin at any byte of a block or of the ROM, so every 32-byte window must be findable. Keeping an entry for
// each would cost eight bytes a byte. Instead each window names its *anchor*: the one of its 25 grams of 8 bytes that
// ranks lowest by a fixed order (rich grams before poor ones, then by hash, then leftmost). The choice depends on the
// window's bytes alone, so a tile asks for one anchor and is found wherever it stands; and as neighbouring windows
// mostly agree on their anchor, there is about one entry in 13 bytes (2 / (25 + 1) of a random order). Rich grams go
// first so that a tile with a blank half is not looked up among all the blank halves of the ROM.
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
    std::size_t offset;  // of the gram in the tile
};

// Whether a tile holds at least kDistinctBytes different byte values. Fewer means blank, one flat colour, or plain
// stripes and checks: such tiles stand in hundreds of places and a match says nothing.
[[nodiscard]] bool informative(const std::uint8_t* tile) noexcept;

// The anchor of the 32 bytes at `tile`.
[[nodiscard]] Anchor anchor_of(const std::uint8_t* tile) noexcept;

// Appends the key and the position (first + offset in `text`) of each anchor that an informative
// window of `text` names, ascending.
struct Entry {
    std::uint32_t key;
    std::uint32_t position;
};
void collect_anchors(std::span<const std::uint8_t> text, std::uint32_t first, std::vector<Entry>& entries);

}  // namespace halscope::locate
