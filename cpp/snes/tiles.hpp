// Conversion between planar tiles and one byte per pixel. A tile is 8 × 8 pixels; its bit planes come in pairs of 16
// bytes, two bytes per row (plane 2k, plane 2k + 1), and the pairs follow each other: 16 bytes per tile at 2 bits per
// pixel, 32 at 4, 64 at 8. Bit 7 is the leftmost pixel.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace halscope::snes {

inline constexpr std::size_t kTileSide = 8;
inline constexpr std::size_t kTilePixels = kTileSide * kTileSide;

constexpr bool is_tile_depth(unsigned bpp) {
    return bpp == 2 || bpp == 4 || bpp == 8;
}
constexpr std::size_t tile_bytes(unsigned bpp) {
    return std::size_t{8} * bpp;
}

// One row of a tile, leftmost pixel first. `tile` points at a whole tile of `bpp` (2, 4 or 8) bits per pixel.
std::array<std::uint8_t, kTileSide> decode_tile_row(const std::uint8_t* tile, unsigned row, unsigned bpp);

// Both directions take whole tiles: planar.size() / tile_bytes(bpp) == pixels.size() / 64, without remainders. Encoding
// keeps the low `bpp` bits of each pixel.
void decode_tiles(std::span<const std::uint8_t> planar, unsigned bpp, std::span<std::uint8_t> pixels);
void encode_tiles(std::span<const std::uint8_t> pixels, unsigned bpp, std::span<std::uint8_t> planar);

}  // namespace halscope::snes
