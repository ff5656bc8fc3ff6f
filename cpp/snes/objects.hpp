// Sprites (objects, in the hardware's terms): OAM, OBSEL, their pixels, and the rows that they form on the screen.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "snes/vram.hpp"

namespace halscope::snes {

inline constexpr std::size_t kOamBytes = 544;
inline constexpr unsigned kObjects = 128;
inline constexpr unsigned kLineObjects = 32;  // more are dropped: range-over flag of $213E
inline constexpr unsigned kLineSlivers = 34;  // rows of eight pixels; more are dropped: time-over flag of $213E

using Oam = std::span<const std::uint8_t, kOamBytes>;

// An OAM entry as stored in memory.
struct Object {
    int x;  // -256 to 255
    unsigned y;
    unsigned tile;  // 0 to 511; bit 8 is the name table bit
    unsigned palette;
    unsigned priority;
    bool hflip;
    bool vflip;
    bool large;

    bool operator==(const Object&) const = default;
};

std::array<Object, kObjects> parse_oam(Oam oam);

struct ObjectSize {
    unsigned width;
    unsigned height;

    [[nodiscard]] std::size_t pixels() const { return std::size_t{width} * height; }
};

// OBSEL ($2101).
struct ObjectSelect {
    unsigned name_base;  // VRAM byte address of tile 0x000
    unsigned name_high;  // VRAM byte address of tile 0x100, before wrapping
    ObjectSize small;
    ObjectSize large;

    ObjectSize size(const Object& object) const { return object.large ? large : small; }
};

ObjectSelect parse_obsel(unsigned obsel);

// Decodes one sprite as shown, flips applied.
//   pixels: width × height values, 0 to 15.
//   cells:  VRAM byte address of the tile in each 8 × 8 cell.
void decode_object(Vram vram, const ObjectSelect& select, const Object& object, std::span<std::uint8_t> pixels,
                   std::span<std::int32_t> cells);

// Whether any of the sprite's cells shows a flagged tile.
bool shows_any(const ObjectSelect& select, const Object& object, std::span<const std::uint8_t, kVramTiles> tiles);

// A pixel of the sprites' part of the screen: CGRAM index (128 to 255), priority, opaque as in layer_pixel.
namespace object_pixel {
inline constexpr unsigned kPriorityShift = 8;
}

// The sprites' part of one row of the screen.
struct ObjectRow {
    std::array<std::uint16_t, kScreenWidth> pixels;
    std::array<std::int16_t, kScreenWidth> owner;  // OAM index of the sprite that the pixel belongs to, or -1
    bool range_over;                               // the row has more than 32 sprites: those further back are missing
    bool time_over;                                // more than 34 slivers: those in *front* are missing
};

struct ObjectRules {
    ObjectSelect select;
    unsigned first;    // index of the front-most sprite ($2102/$2103), 0 to 127
    bool half_height;  // SETINI ($2133) bit 1: each field shows every second row of a sprite
    unsigned field;    // 0 or 1
};

void draw_objects(Vram vram, std::span<const Object, kObjects> objects, const ObjectRules& rules, unsigned row,
                  ObjectRow& out);

}  // namespace halscope::snes
