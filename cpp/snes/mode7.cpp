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

// Calls `put` with each pixel's position and its 8-bit value.
template <typename Put>
void draw_pixels(Vram vram, bool extbg, const Mode7Registers& registers, std::size_t lines, Put put) {
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

    // Both layers take the height of a mosaic block from BG1's bit; each takes the width from its own.
    const unsigned block = (registers.mosaic >> 4 & 15u) + 1;
    const unsigned block_height = (registers.mosaic & 1u) != 0 ? block : 1;
    const unsigned block_width = (registers.mosaic >> (extbg ? 1 : 0) & 1u) != 0 ? block : 1;

    for (std::size_t line = 0; line < lines; ++line) {
        const int counter = static_cast<int>(line - line % block_height) + 1;  // the picture starts at line 1
        const int y = vflip ? 255 - counter : counter;
        const int start_x = product(a, from_x) + product(b, from_y) + product(b, y) + centre_x * 256;
        const int start_y = product(c, from_x) + product(d, from_y) + product(d, y) + centre_y * 256;
        unsigned value = 0;
        for (unsigned n = 0, left = 0; n < kScreenWidth; ++n) {
            if (left == 0) {  // a block shows its first pixel throughout
                const int x = hflip ? 255 - static_cast<int>(n) : static_cast<int>(n);
                value = map_pixel(vram, (start_x + a * x) >> 8, (start_y + c * x) >> 8, outside);
                left = block_width;
            }
            --left;
            put(line * kScreenWidth + n, value);
        }
    }
}

// The meaning of a pixel's value in each of the two layers.
unsigned colour_of(unsigned value, bool extbg) {
    return extbg ? value & 0x7Fu : value;
}
bool has_priority(unsigned value, bool extbg) {
    return extbg && (value & 0x80u) != 0;
}

}  // namespace

void draw_mode7(Vram vram, bool extbg, const Mode7Registers& registers, std::span<std::uint16_t> pixels) {
    draw_pixels(vram, extbg, registers, pixels.size() / kScreenWidth, [=](std::size_t at, unsigned value) {
        const unsigned colour = colour_of(value, extbg);
        const unsigned priority = has_priority(value, extbg) ? layer_pixel::kPriority : 0u;
        pixels[at] =
            colour == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(layer_pixel::kOpaque | priority | colour);
    });
}

void draw_mode7(Vram vram, bool extbg, const Mode7Registers& registers, const LayerPlanes& planes) {
    draw_pixels(vram, extbg, registers, planes.colours.size() / kScreenWidth, [&](std::size_t at, unsigned value) {
        const unsigned colour = colour_of(value, extbg);
        planes.colours[at] = static_cast<std::uint8_t>(colour);
        planes.opaque[at] = colour != 0 ? 1 : 0;
        planes.priority[at] = colour != 0 && has_priority(value, extbg) ? 1 : 0;
    });
}

}  // namespace halscope::snes
