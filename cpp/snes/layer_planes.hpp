// A whole background layer as three bytes per pixel.
#pragma once
#include <cstdint>
#include <span>

#include "snes/compose.hpp"
#include "snes/vram.hpp"

namespace halscope::snes {

struct LayerShape {
    unsigned lines;   // of each field
    unsigned fields;  // 2 in an interlaced picture with rows in mode 5 or 6, which has different rows in each field
    unsigned width;   // 512 if some row is in mode 5 or 6
    unsigned depth;   // bits per pixel on the first row that has the layer; 0: no row has it
};

LayerShape layer_shape(const ScreenState& state, unsigned layer);

// Each plane is lines × fields rows of `width` bytes.
struct LayerPlanes {
    std::span<std::uint8_t> colours;   // CGRAM index, or the raw value of a direct colour; 0 where transparent
    std::span<std::uint8_t> opaque;    // 0 or 1
    std::span<std::uint8_t> priority;  // 0 or 1; 0 where transparent
};

// Draws layer 0 to 3. Rows whose BG mode lacks it are transparent. Flags the pieces of VRAM that were read in `tiles`:
// the layer stays the same until one of them, a register or a raster write changes. Returns the registers that are
// needed and not known; if there are any, nothing is valid.
RegisterSet draw_layer_planes(const ScreenState& state, unsigned layer, const LayerShape& shape,
                              const LayerPlanes& planes, TileFlags tiles);

}  // namespace halscope::snes
