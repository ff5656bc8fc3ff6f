// A whole background layer as three bytes per pixel.
#include "snes/layer_planes.hpp"

#include <algorithm>

#include "snes/background.hpp"
#include "snes/layers.hpp"

namespace halscope::snes {
namespace {

// Calls `visit` with the registers of each row and whether they may differ from the row before.
template <typename Visit>
void for_each_row(const ScreenState& state, unsigned lines, Visit visit) {
    Raster raster(state.registers, state.cgram, state.writes);
    for (unsigned row = 0; row < lines; ++row) {
        const bool changed = raster.advance(row) || row == 0;
        visit(row, raster.registers(), changed);
    }
}

void split(std::span<const std::uint16_t> pixels, const LayerPlanes& planes, std::size_t start, std::size_t width) {
    const std::size_t repeat = width / pixels.size();  // a row of 256 pixels in a layer of 512
    for (std::size_t x = 0; x < width; ++x) {
        const unsigned pixel = pixels[x / repeat];
        planes.colours[start + x] = static_cast<std::uint8_t>(pixel & layer_pixel::kColourMask);
        planes.opaque[start + x] = (pixel & layer_pixel::kOpaque) != 0 ? 1 : 0;
        planes.priority[start + x] = (pixel & layer_pixel::kPriority) != 0 ? 1 : 0;
    }
}

}  // namespace

LayerShape layer_shape(const ScreenState& state, unsigned layer) {
    const ScreenShape screen = screen_shape(state);
    LayerShape shape{.lines = screen.lines, .fields = 1, .width = kScreenWidth, .depth = 0};
    for_each_row(state, shape.lines, [&](unsigned, const Registers& registers, bool changed) {
        if (!changed || layer >= layer_count(registers)) return;
        const unsigned mode = registers[Reg::bgmode] & 7u;
        if (shape.depth == 0) shape.depth = background_depth(mode, layer);
        shape.width = std::max(shape.width, background_width(mode));
    });
    if (screen.interlaced && shape.width != kScreenWidth) shape.fields = 2;
    return shape;
}

RegisterSet draw_layer_planes(const ScreenState& state, unsigned layer, const LayerShape& shape,
                              const LayerPlanes& planes, TileFlags tiles) {
    RegisterSet missing;
    PackedRow out;
    for (unsigned field = 0; field < shape.fields; ++field) {
        MosaicBlocks blocks;
        for_each_row(state, shape.lines, [&](unsigned row, const Registers& registers, bool changed) {
            const bool exists = layer < layer_count(registers);
            if (changed && exists) need_layer(registers, layer, missing);
            if (missing.any()) return;
            blocks.advance(registers);
            if (exists) {
                draw_layer(state.vram, registers, blocks, layer, row, field, out, tiles);
            } else {
                out.width = kScreenWidth;
                std::ranges::fill(out.pixels(), std::uint16_t{0});
            }
            split(out.pixels(), planes, std::size_t{row * shape.fields + field} * shape.width, shape.width);
        });
    }
    return missing;
}

}  // namespace halscope::snes
