// Video RAM as the drawing code sees it: 64 KiB of bytes; every address wraps.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace halscope::snes {

inline constexpr std::size_t kVramBytes = 0x10000;
inline constexpr std::size_t kVramTileBytes = 32;
inline constexpr std::size_t kVramTiles = kVramBytes / kVramTileBytes;
inline constexpr unsigned kScreenWidth = 256;

using Vram = std::span<const std::uint8_t, kVramBytes>;

// One flag, 0 or 1, per 32 bytes of VRAM: a tile at 4 bits per pixel, half a tile at 8, two tiles at 2, or 16 map
// entries.
using TileFlags = std::span<std::uint8_t, kVramTiles>;

// The 15-bit word address wraps at 0x8000 words, as the VRAM bus does.
inline unsigned vram_word(Vram vram, unsigned word_address) {
    const std::size_t byte = (word_address & 0x7FFFu) * 2u;
    return vram[byte] | static_cast<unsigned>(vram[byte + 1]) << 8;
}

// A pixel of a background layer. The palette field holds the tile's own three bits, which direct colour ($2130 bit 0)
// needs.
namespace layer_pixel {
inline constexpr unsigned kColourMask = 0x00FF;
inline constexpr unsigned kPaletteShift = 8;
inline constexpr unsigned kPriority = 0x2000;
inline constexpr unsigned kOpaque = 0x8000;
}  // namespace layer_pixel

// A row of a layer's pixels, with a margin of one tile on both sides so that whole tiles can be stored.
struct PackedRow {
    std::array<std::uint16_t, 8 + 2 * kScreenWidth + 8> drawn;
    unsigned width = kScreenWidth;  // or twice as many

    [[nodiscard]] std::span<std::uint16_t> pixels() { return std::span(drawn).subspan(8, width); }
};

// Where a row of a layer is taken from.
struct LayerRow {
    unsigned row;    // row of the picture; row 0 is line 1 of the vertical counter
    unsigned first;  // first row of the mosaic block that contains it; `row` without mosaic
    unsigned field;  // 0 or 1: the field of an interlaced picture
};

}  // namespace halscope::snes
