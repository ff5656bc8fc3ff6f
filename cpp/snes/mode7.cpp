// The background of BG mode 7: one layer of 1024 × 1024 pixels under an affine map.
#include "snes/mode7.hpp"

namespace halscope::snes {
namespace {

// Two's complement with `bits` bits, without shifting negative numbers.
int signed_field(unsigned value, unsigned bits) {
    const unsigned sign = 1u << (bits - 1);
    return static_cast<int>(value & (sign * 2 - 1)) - ((value & sign) != 0 ? static_cast<int>(sign * 2) : 0);
}

// The hardware keeps ten bits and the sign of the distance between scroll and centre.
int clip_distance(int distance) {
    const int low = distance & 0x3FF;
    return (distance & 0x2000) != 0 ? low - 0x400 : low;
}

// The hardware drops the lowest six bits of each product before adding.
int product(int factor, int value) {
    return (factor * value) & ~63;
}

enum class Outside { wrap, transparent, first_tile };

// M7SEL bits 6 and 7: how points outside the map are drawn.
Outside outside_rule(unsigned m7sel) {
    switch (m7sel >> 6 & 3u) {
        case 2:
            return Outside::transparent;
        case 3:
            return Outside::first_tile;
        default:
            return Outside::wrap;
    }
}

// The map's pixel at a point. Even bytes of VRAM are the map, 128 × 128 tile numbers; odd bytes are the tiles.
unsigned map_pixel(Vram vram, int x, int y, Outside outside) {
    const bool inside = ((x | y) & ~0x3FF) == 0;
    if (!inside && outside == Outside::transparent) return 0;
    const auto column = static_cast<unsigned>(x & 0x3FF);
    const auto row = static_cast<unsigned>(y & 0x3FF);
    const unsigned tile = inside || outside == Outside::wrap ? vram[(row / 8 * 128 + column / 8) * 2] : 0u;
    return vram[(tile * 64 + row % 8 * 8 + column % 8) * 2 + 1];
}

// The packed pixel of an 8-bit value. In EXTBG's layer the highest bit is the priority.
std::uint16_t packed(unsigned value, bool extbg) {
    const unsigned colour = extbg ? value & 0x7Fu : value;
    if (colour == 0) return 0;
    const unsigned priority = extbg && (value & 0x80u) != 0 ? layer_pixel::kPriority : 0u;
    return static_cast<std::uint16_t>(layer_pixel::kOpaque | priority | colour);
}

}  // namespace

void draw_mode7(Vram vram, bool extbg, const Mode7Registers& registers, const LayerRow& row, PackedRow& out) {
    const int a = signed_field(registers.m7a, 16);
    const int b = signed_field(registers.m7b, 16);
    const int c = signed_field(registers.m7c, 16);
    const int d = signed_field(registers.m7d, 16);
    const int centre_x = signed_field(registers.m7x, 13);
    const int centre_y = signed_field(registers.m7y, 13);
    const int from_x = clip_distance(signed_field(registers.m7hofs, 13) - centre_x);
    const int from_y = clip_distance(signed_field(registers.m7vofs, 13) - centre_y);
    const Outside outside = outside_rule(registers.m7sel);
    const bool hflip = (registers.m7sel & 1u) != 0;
    const bool vflip = (registers.m7sel & 2u) != 0;
    const unsigned block = (registers.mosaic >> (extbg ? 1 : 0) & 1u) != 0 ? (registers.mosaic >> 4 & 15u) + 1 : 1;

    const int counter = static_cast<int>(row.first) + 1;  // the picture starts at line 1 of the vertical counter
    const int y = vflip ? 255 - counter : counter;
    const int start_x = product(a, from_x) + product(b, from_y) + product(b, y) + centre_x * 256;
    const int start_y = product(c, from_x) + product(d, from_y) + product(d, y) + centre_y * 256;
    out.width = kScreenWidth;
    const auto pixels = out.pixels();
    std::uint16_t pixel = 0;
    for (unsigned n = 0, left = 0; n < kScreenWidth; ++n, --left) {
        if (left == 0) {  // a mosaic block shows its first pixel throughout
            const int x = hflip ? 255 - static_cast<int>(n) : static_cast<int>(n);
            pixel = packed(map_pixel(vram, (start_x + a * x) >> 8, (start_y + c * x) >> 8, outside), extbg);
            left = block;
        }
        pixels[n] = pixel;
    }
}

}  // namespace halscope::snes
