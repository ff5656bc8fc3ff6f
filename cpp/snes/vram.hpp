// The video RAM as the drawing code sees it: 64 KiB of bytes, every address wraps.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace halscope::snes {

inline constexpr std::size_t kVramBytes = 0x10000;
inline constexpr unsigned kScreenWidth = 256;

using Vram = std::span<const std::uint8_t, kVramBytes>;

// The 15-bit word address wraps at 0x8000 words, as the VRAM bus does.
inline unsigned vram_word(Vram vram, unsigned word_address) {
    const std::size_t byte = (word_address & 0x7FFFu) * 2u;
    return vram[byte] | static_cast<unsigned>(vram[byte + 1]) << 8;
}

// A pixel of a background layer. The palette field is the tile's own three bits: direct colour ($2130 bit 0) needs
// them.
namespace layer_pixel {
inline constexpr unsigned kColourMask = 0x00FF;
inline constexpr unsigned kPaletteShift = 8;
inline constexpr unsigned kPriority = 0x2000;
inline constexpr unsigned kOpaque = 0x8000;
}  // namespace layer_pixel

}  // namespace halscope::snes
