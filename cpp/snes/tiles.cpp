// Planar tiles to one byte a pixel and back; the layout stands in tiles.hpp.
#include "snes/tiles.hpp"

#include <cstring>

namespace halscope::snes {
namespace {

using Row = std::array<std::uint8_t, kTileSide>;

// Every plane byte spread over eight pixels, as one 64-bit value: a plane is then a load, a shift and an OR for a whole
// row. A pixel byte never holds more than bit `bpp - 1`, so the shift does not carry into its neighbour, and because
// the values only travel through memcpy the byte order of the machine does not matter.
std::array<std::uint64_t, 256> make_spread() {
    std::array<std::uint64_t, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        Row row{};
        for (unsigned x = 0; x < kTileSide; ++x) row[x] = static_cast<std::uint8_t>(byte >> (7 - x) & 1u);
        std::memcpy(&table[byte], row.data(), row.size());
    }
    return table;
}

const std::array<std::uint64_t, 256> kSpread = make_spread();

std::uint64_t decode_row_word(const std::uint8_t* tile, unsigned row, unsigned bpp) {
    std::uint64_t word = 0;
    for (unsigned plane = 0; plane < bpp; plane += 2) {
        const std::uint8_t* pair = tile + plane * 8u + row * 2u;
        word |= kSpread[pair[0]] << plane | kSpread[pair[1]] << (plane + 1);
    }
    return word;
}

}  // namespace

std::array<std::uint8_t, kTileSide> decode_tile_row(const std::uint8_t* tile, unsigned row, unsigned bpp) {
    const std::uint64_t word = decode_row_word(tile, row, bpp);
    Row pixels;
    std::memcpy(pixels.data(), &word, pixels.size());
    return pixels;
}

void decode_tiles(std::span<const std::uint8_t> planar, unsigned bpp, std::span<std::uint8_t> pixels) {
    const std::size_t count = planar.size() / tile_bytes(bpp);
    std::uint8_t* out = pixels.data();
    for (std::size_t tile = 0; tile < count; ++tile) {
        const std::uint8_t* in = planar.data() + tile * tile_bytes(bpp);
        for (unsigned row = 0; row < kTileSide; ++row, out += kTileSide) {
            const std::uint64_t word = decode_row_word(in, row, bpp);
            std::memcpy(out, &word, sizeof word);
        }
    }
}

void encode_tiles(std::span<const std::uint8_t> pixels, unsigned bpp, std::span<std::uint8_t> planar) {
    const std::size_t count = pixels.size() / kTilePixels;
    const std::uint8_t* in = pixels.data();
    for (std::size_t tile = 0; tile < count; ++tile) {
        std::uint8_t* out = planar.data() + tile * tile_bytes(bpp);
        for (unsigned row = 0; row < kTileSide; ++row, in += kTileSide) {
            for (unsigned plane = 0; plane < bpp; ++plane) {
                unsigned byte = 0;
                for (unsigned x = 0; x < kTileSide; ++x) byte = byte << 1 | (in[x] >> plane & 1u);
                out[(plane & ~1u) * 8u + row * 2u + (plane & 1u)] = static_cast<std::uint8_t>(byte);
            }
        }
    }
}

}  // namespace halscope::snes
