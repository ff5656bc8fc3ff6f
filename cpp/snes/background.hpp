// Tiled background layers, BG modes 0 to 6, as they appear on the screen.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "snes/vram.hpp"

namespace halscope::snes {

// The registers that a layer depends on, as written.
struct BackgroundRegisters {
    unsigned bgmode;                // $2105
    unsigned mosaic;                // $2106
    std::array<unsigned, 4> bgsc;   // $2107 to $210A
    std::array<unsigned, 2> bgnba;  // $210B, $210C
    std::array<unsigned, 4> hofs;   // $210D, $210F, $2111, $2113
    std::array<unsigned, 4> vofs;   // $210E, $2110, $2112, $2114
    unsigned setini;                // $2133
};

// Bits per pixel of layers 0 to 3 in BG modes 0 to 7; 0: the mode has no such layer. Layer 1 of mode 7 is the EXTBG
// layer.
unsigned background_depth(unsigned mode, unsigned layer);

// Whether columns of 8 pixels can have scroll values of their own, from BG3's map: modes 2, 4 and 6.
bool has_column_offsets(unsigned mode);

// 512 in modes 5 and 6, otherwise 256.
unsigned background_width(unsigned mode);

// Draws one row of layer 0 to 3 of mode 0 to 6, background_width(mode) pixels. The layer must exist in the mode. Sets
// `tiles` to 1 for each 32-byte piece of VRAM that was read, maps and characters alike; other flags are left alone. The
// row stays the same until one of these pieces or a register changes.
void draw_background(Vram vram, unsigned layer, const BackgroundRegisters& registers, const LayerRow& row,
                     PackedRow& out, TileFlags tiles);

}  // namespace halscope::snes
