// Tiles round-trip on every SIMD path, and sprites, layers and mode 7 draw from any registers without leaving their
// memory.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/cpu.hpp"
#include "snes/background.hpp"
#include "snes/mode7.hpp"
#include "snes/objects.hpp"
#include "snes/tiles.hpp"

namespace {

using namespace halscope::snes;

// Hands out the input's bytes, then zeros.
class Input {
  public:
    explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    unsigned byte() { return at_ < bytes_.size() ? bytes_[at_++] : 0u; }
    unsigned word() {
        const unsigned low = byte();
        return low | byte() << 8;
    }
    std::span<const std::uint8_t> rest() const { return bytes_.subspan(at_); }

  private:
    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
};

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

// Planes must agree with packed pixels.
template <typename Draw>
void check_planes(std::span<const std::uint16_t> packed, Draw draw) {
    std::vector<std::uint8_t> colours(packed.size());
    std::vector<std::uint8_t> opaque(packed.size());
    std::vector<std::uint8_t> priority(packed.size());
    draw(LayerPlanes{colours, opaque, priority});
    for (std::size_t n = 0; n < packed.size(); ++n) {
        const unsigned pixel = packed[n];
        if (colours[n] != (pixel & layer_pixel::kColourMask)) std::abort();
        if (opaque[n] != ((pixel & layer_pixel::kOpaque) != 0 ? 1 : 0)) std::abort();
        if (priority[n] != ((pixel & layer_pixel::kPriority) != 0 ? 1 : 0)) std::abort();
    }
}

void draw_everything(Input input) {
    BackgroundRegisters tiled{};
    tiled.bgmode = input.byte();
    tiled.mosaic = input.byte();
    tiled.setini = input.byte();
    for (auto* group : {&tiled.bgsc, &tiled.hofs, &tiled.vofs}) {
        for (unsigned& value : *group) value = input.word();
    }
    for (unsigned& value : tiled.bgnba) value = input.byte();
    Mode7Registers affine{};
    affine.mosaic = tiled.mosaic;
    for (unsigned* value : {&affine.m7sel, &affine.m7a, &affine.m7b, &affine.m7c, &affine.m7d, &affine.m7x, &affine.m7y,
                            &affine.m7hofs, &affine.m7vofs}) {
        *value = input.word();
    }
    const unsigned obsel = input.byte();
    const unsigned first = input.byte() % kObjects;

    // On the heap, so that a read past the end is detected.
    std::vector<std::uint8_t> vram(kVramBytes);
    std::vector<std::uint8_t> oam(kOamBytes);
    const auto content = input.rest();
    for (std::size_t n = 0; n < vram.size() && !content.empty(); ++n) vram[n] = content[n % content.size()];
    for (std::size_t n = 0; n < oam.size() && !content.empty(); ++n) oam[n] = content[n % content.size()];
    const auto vram_view = std::span<const std::uint8_t>(vram).first<kVramBytes>();
    const auto oam_view = std::span<const std::uint8_t>(oam).first<kOamBytes>();

    constexpr std::size_t kLines = 5;
    for (unsigned layer = 0; layer < 4; ++layer) {
        const unsigned mode = tiled.bgmode & 7u;
        if (mode == 7 || background_depth(mode, layer) == 0) continue;
        std::vector<std::uint16_t> pixels(kLines * background_width(mode));
        draw_background(vram_view, layer, tiled, pixels);
        check_planes(pixels, [&](const LayerPlanes& planes) {
            std::vector<std::uint8_t> tiles(kVramTiles);
            draw_background(vram_view, layer, tiled, planes, TileFlags(tiles));
        });
    }
    std::vector<std::uint16_t> pixels(kLines * kScreenWidth);
    const bool extbg = (tiled.setini & 0x40u) != 0;
    draw_mode7(vram_view, extbg, affine, pixels);
    check_planes(pixels, [&](const LayerPlanes& planes) { draw_mode7(vram_view, extbg, affine, planes); });

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
    std::vector<std::int16_t> owner(pixels.size());
    std::vector<std::uint8_t> colours(pixels.size());
    std::vector<std::uint8_t> priority(pixels.size());
    std::vector<std::uint8_t> range_over(kLines);
    std::vector<std::uint8_t> time_over(kLines);
    compose_objects(vram_view, oam_view, obsel, first, {owner, colours, priority, range_over, time_over});
    for (std::size_t n = 0; n < owner.size(); ++n) {
        if ((owner[n] < 0) != (colours[n] == 0)) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::uint8_t> input(data, data + size);  // of exact size, so that ASan sees its end
    for (const unsigned bpp : {2u, 4u, 8u}) check_round_trip(input, bpp);
    draw_everything(Input(input));
    return 0;
}
