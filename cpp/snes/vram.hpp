// Video RAM as the drawing code sees it: 64 KiB of bytes; every address wraps.
#pragma once
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

// A background layer as three bytes per pixel; each plane is lines × width.
struct LayerPlanes {
    std::span<std::uint8_t> colours;   // CGRAM index, or the raw value of a direct colour; 0 where transparent
    std::span<std::uint8_t> opaque;    // 0 or 1
    std::span<std::uint8_t> priority;  // 0 or 1; 0 where transparent
};

}  // namespace halscope::snes
