// The background of BG mode 7: one layer of 1024 × 1024 pixels under an affine map.
#pragma once
#include <cstdint>
#include <span>

#include "snes/vram.hpp"

namespace halscope::snes {

// The registers as written: m7a to m7d have 16 bits, centre and scroll 13 bits, all two's complement.
struct Mode7Registers {
    unsigned mosaic;  // $2106
    unsigned m7sel;   // $211A
    unsigned m7a, m7b, m7c, m7d;
    unsigned m7x, m7y;
    unsigned m7hofs, m7vofs;
};

// Draws one row. `extbg` draws the second layer, which SETINI ($2133) bit 6 enables: the same picture with bit 7 of
// each pixel as its priority. Both layers take the height of a mosaic block from BG1's bit (so `row.first` is BG1's),
// and its width from their own.
void draw_mode7(Vram vram, bool extbg, const Mode7Registers& registers, const LayerRow& row, PackedRow& out);

// Mode 7 reads only this many bytes from the start of VRAM.
inline constexpr std::size_t kMode7Bytes = 0x8000;

}  // namespace halscope::snes
