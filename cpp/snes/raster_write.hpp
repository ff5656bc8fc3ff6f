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

// Registers that take two writes: the first byte goes through a latch that the scrolls share, and another one that
// mode 7's registers share, the scrolls of BG1 among them.
inline constexpr unsigned kFirstScroll = 0x0D;  // BG1HOFS
inline constexpr unsigned kLastScroll = 0x14;   // BG4VOFS
inline constexpr unsigned kFirstMode7 = 0x1B;   // M7A
inline constexpr unsigned kLastLatched = 0x20;  // M7Y
constexpr bool is_scroll(unsigned reg) {
    return reg >= kFirstScroll && reg <= kLastScroll;
}
constexpr bool is_mode7(unsigned reg) {
    return reg >= kFirstMode7 && reg <= kLastLatched;
}
constexpr bool has_mode7_latch(unsigned reg) {
    return is_mode7(reg) || reg == kFirstScroll || reg == kFirstScroll + 1;
}

}  // namespace halscope::snes
