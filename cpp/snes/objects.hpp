// Sprites (objects, in the hardware's terms): OAM, OBSEL, their pixels, and the plane that they form on the screen.
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

// The sprites' part of the screen: pixel spans hold lines × 256 elements, flag spans one per line.
struct ObjectPlane {
    std::span<std::int16_t> owner;       // OAM index or -1
    std::span<std::uint8_t> colours;     // CGRAM index, 128 to 255, or 0
    std::span<std::uint8_t> priority;    // 0 to 3
    std::span<std::uint8_t> range_over;  // 1 where the line had more than 32 sprites
    std::span<std::uint8_t> time_over;   // 1 where the line had more than 34 slivers
};

// `first` is the index of the front-most sprite ($2102/$2103), 0 to 127. Draws range_over.size() lines.
void compose_objects(Vram vram, Oam oam, unsigned obsel, unsigned first, const ObjectPlane& plane);

}  // namespace halscope::snes
