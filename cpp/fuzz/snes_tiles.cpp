// Tiles round-trip on every SIMD path, and sprites decode without leaving their memory.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/cpu.hpp"
#include "snes/objects.hpp"
#include "snes/tiles.hpp"

namespace {

using namespace halscope::snes;

void check_round_trip(std::span<const std::uint8_t> bytes, unsigned bpp) {
    const std::size_t count = bytes.size() / tile_bytes(bpp);
    const auto planar = bytes.first(count * tile_bytes(bpp));
    std::vector<std::uint8_t> pixels(count * kTilePixels);
    std::vector<std::uint8_t> again(planar.size());
    for (const halscope::Simd level : halscope::available_simd()) {
        halscope::limit_simd(level);
        decode_tiles(planar, bpp, pixels);
        for (std::size_t row = 0; row < count * kTileSide; ++row) {
            const auto expected = decode_tile_row(planar.data() + row / kTileSide * tile_bytes(bpp),
                                                  static_cast<unsigned>(row % kTileSide), bpp);
            if (!std::equal(expected.begin(), expected.end(), pixels.begin() + std::ptrdiff_t(row * kTileSide)))
                std::abort();
        }
        encode_tiles(pixels, bpp, again);
        if (!std::equal(planar.begin(), planar.end(), again.begin())) std::abort();
    }
}

// Sprites show tiles inside VRAM, and say which.
void draw_sprites(std::span<const std::uint8_t> input) {
    const unsigned obsel = input.empty() ? 0u : input[0];
    // On the heap, so that a read past the end is detected.
    std::vector<std::uint8_t> vram(kVramBytes);
    std::vector<std::uint8_t> oam(kOamBytes);
    for (std::size_t n = 0; n < vram.size() && !input.empty(); ++n) vram[n] = input[n % input.size()];
    for (std::size_t n = 0; n < oam.size() && !input.empty(); ++n) oam[n] = input[n % input.size()];
    const auto vram_view = std::span<const std::uint8_t>(vram).first<kVramBytes>();
    const auto oam_view = std::span<const std::uint8_t>(oam).first<kOamBytes>();
    const ObjectSelect select = parse_obsel(obsel);
    for (const Object& object : parse_oam(oam_view)) {
        const std::size_t size = select.size(object).pixels();
        std::vector<std::uint8_t> shown(size);
        std::vector<std::int32_t> cells(size / kTilePixels);
        decode_object(vram_view, select, object, shown, cells);
        std::vector<std::uint8_t> changed(kVramTiles);
        const TileFlags flags(changed);
        if (shows_any(select, object, flags)) std::abort();
        for (const std::int32_t cell : cells) {
            flags[static_cast<std::size_t>(cell) / kVramTileBytes] = 1;
            if (!shows_any(select, object, flags)) std::abort();
            flags[static_cast<std::size_t>(cell) / kVramTileBytes] = 0;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::uint8_t> input(data, data + size);  // of exact size, so that ASan sees its end
    for (const unsigned bpp : {2u, 4u, 8u}) check_round_trip(input, bpp);
    draw_sprites(input);
    return 0;
}
