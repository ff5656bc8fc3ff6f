// A byte that HDMA wrote to the PPU while a picture was drawn.
#pragma once
#include <cstdint>

namespace halscope::snes {

// As halscope_hooks.RASTER_DTYPE stores it; RasterWrites there describes the latches that apply.
struct RasterWrite {
    std::uint16_t line;  // the first row of the picture that the write affects
    std::uint8_t reg;    // $2100 to $213F as 0x00 to 0x3F
    std::uint8_t value;

    bool operator==(const RasterWrite&) const = default;
};
static_assert(sizeof(RasterWrite) == 4);

}  // namespace halscope::snes
