// Sprites: OAM, OBSEL, their pixels, and the rows that they form on the screen.
#include "snes/objects.hpp"

#include <algorithm>
#include <cstring>

#include "snes/tiles.hpp"

namespace halscope::snes {
namespace {

constexpr unsigned kObjectDepth = 4;  // sprites always have 4 bits per pixel

// OBSEL bits 5 to 7. Pairs 6 and 7 are not in the manuals, but every console implements them.
constexpr std::array<std::array<ObjectSize, 2>, 8> kSizePairs{{
    {{{8, 8}, {16, 16}}},
    {{{8, 8}, {32, 32}}},
    {{{8, 8}, {64, 64}}},
    {{{16, 16}, {32, 32}}},
    {{{16, 16}, {64, 64}}},
    {{{32, 32}, {64, 64}}},
    {{{16, 32}, {32, 64}}},
    {{{16, 32}, {32, 32}}},
}};

// The address of a sprite's tile. Rows and columns wrap inside the 16 × 16 page of tiles, without carry into each other
// or into the name table bit.
unsigned tile_address(const ObjectSelect& select, const Object& object, unsigned column, unsigned row) {
    const unsigned x = (object.tile + column) & 15u;
    const unsigned y = ((object.tile >> 4) + row) & 15u;
    const unsigned table = (object.tile & 0x100u) != 0 ? select.name_high : select.name_base;
    return (table + (y << 4 | x) * static_cast<unsigned>(tile_bytes(kObjectDepth))) & (kVramBytes - 1);
}

// The unflipped sprite's row that is shown at `row`. A rectangular sprite (OBSEL pairs 6 and 7) flips as two square
// halves, each in place: the hardware uses the width as the height of the part that it flips.
unsigned source_row(const Object& object, ObjectSize size, unsigned row) {
    if (!object.vflip) return row;
    if (row < size.width) return size.width - 1 - row;
    return size.width + (size.width - 1 - (row - size.width));
}

// Whether the line buffer adds the sprite to its list of 32. X = -256 is a hardware quirk: the comparison is "right of
// 256", so a sprite at 256 = -256 counts although none of its pixels are visible.
bool in_range(const Object& object, const ObjectRules& rules, unsigned row) {
    const ObjectSize size = rules.select.size(object);
    if (object.x < 0 && object.x != -256 && object.x + static_cast<int>(size.width) <= 0) return false;
    return ((row - object.y) & 0xFFu) < (rules.half_height ? size.height / 2 : size.height);
}

// The row of the unflipped sprite that a row of the screen shows.
unsigned shown_row(const Object& object, const ObjectRules& rules, unsigned row) {
    const ObjectSize size = rules.select.size(object);
    const unsigned inside = (row - object.y) & 0xFFu;
    if (!rules.half_height) return source_row(object, size, inside);
    const unsigned first = source_row(object, size, inside * 2);
    return object.vflip ? first - rules.field : first + rules.field;
}

// A row of eight pixels of one sprite, fetched for one line.
struct Sliver {
    int x;
    unsigned object;
    std::array<std::uint8_t, kTileSide> pixels;
};

}  // namespace

std::array<Object, kObjects> parse_oam(Oam oam) {
    std::array<Object, kObjects> objects;
    for (unsigned index = 0; index < kObjects; ++index) {
        const std::uint8_t* low = oam.data() + index * 4u;
        const unsigned attributes = low[3];                             // vhoopppN
        const unsigned high = oam[512 + index / 4] >> (index % 4 * 2);  // size, x bit 8
        objects[index] = {
            .x = static_cast<int>(low[0]) - ((high & 1u) != 0 ? 256 : 0),
            .y = low[1],
            .tile = low[2] | (attributes & 1u) << 8,
            .palette = attributes >> 1 & 7u,
            .priority = attributes >> 4 & 3u,
            .hflip = (attributes & 0x40u) != 0,
            .vflip = (attributes & 0x80u) != 0,
            .large = (high & 2u) != 0,
        };
    }
    return objects;
}

ObjectSelect parse_obsel(unsigned obsel) {
    const unsigned base = (obsel & 7u) * 0x4000u;
    const unsigned gap = ((obsel >> 3 & 3u) + 1) * 0x2000u;
    const auto& sizes = kSizePairs[obsel >> 5 & 7u];
    return {.name_base = base, .name_high = base + gap, .small = sizes[0], .large = sizes[1]};
}

void decode_object(Vram vram, const ObjectSelect& select, const Object& object, std::span<std::uint8_t> pixels,
                   std::span<std::int32_t> cells) {
    const ObjectSize size = select.size(object);
    const unsigned columns = size.width / 8;
    std::uint8_t* out = pixels.data();
    std::int32_t* cell = cells.data();
    for (unsigned y = 0; y < size.height; ++y) {
        const unsigned source = source_row(object, size, y);
        for (unsigned n = 0; n < columns; ++n) {
            const unsigned column = object.hflip ? columns - 1 - n : n;
            const unsigned address = tile_address(select, object, column, source / 8);
            if (y % 8 == 0) *cell++ = static_cast<std::int32_t>(address);
            auto row = decode_tile_row(vram.data() + address, source % 8, kObjectDepth);
            if (object.hflip) std::reverse(row.begin(), row.end());
            std::memcpy(out, row.data(), row.size());
            out += row.size();
        }
    }
}

bool shows_any(const ObjectSelect& select, const Object& object, std::span<const std::uint8_t, kVramTiles> tiles) {
    const ObjectSize size = select.size(object);
    for (unsigned row = 0; row < size.height / 8; ++row) {
        for (unsigned column = 0; column < size.width / 8; ++column) {
            if (tiles[tile_address(select, object, column, row) / kVramTileBytes] != 0) return true;
        }
    }
    return false;
}

void draw_objects(Vram vram, std::span<const Object, kObjects> objects, const ObjectRules& rules, unsigned row,
                  ObjectRow& out) {
    // The sprites of a row are collected during the row above it, so one with y = 0 begins on the picture's first row.
    // The list is in priority order and ends at 32 sprites.
    std::array<unsigned, kLineObjects> list;
    unsigned listed = 0;
    out.range_over = false;
    for (unsigned n = 0; n < kObjects && !out.range_over; ++n) {
        const unsigned index = (rules.first + n) % kObjects;
        if (!in_range(objects[index], rules, row)) continue;
        if (listed == kLineObjects) {
            out.range_over = true;
        } else {
            list[listed++] = index;
        }
    }

    // Slivers are fetched from the list's end to its front, each sprite from its left; those after the 34th are lost. A
    // crowded row therefore loses its *front-most* sprites.
    std::array<Sliver, kLineSlivers> slivers;
    unsigned fetched = 0;
    out.time_over = false;
    for (unsigned entry = listed; entry-- > 0 && !out.time_over;) {
        const Object& object = objects[list[entry]];
        const unsigned source = shown_row(object, rules, row);
        const unsigned columns = rules.select.size(object).width / 8;
        for (unsigned cell = 0; cell < columns; ++cell) {
            // A sliver wholly outside the screen takes no time, except that all slivers of a sprite at x = -256 do.
            const int x = object.x + static_cast<int>(cell) * 8;
            if (object.x != -256 && (x <= -8 || x >= static_cast<int>(kScreenWidth))) continue;
            if (fetched == kLineSlivers) {
                out.time_over = true;
                break;
            }
            const unsigned column = object.hflip ? columns - 1 - cell : cell;
            const unsigned address = tile_address(rules.select, object, column, source / 8);
            Sliver& sliver = slivers[fetched++];
            sliver = {x, list[entry], decode_tile_row(vram.data() + address, source % 8, kObjectDepth)};
            if (object.hflip) std::reverse(sliver.pixels.begin(), sliver.pixels.end());
        }
    }

    // Each later sliver hides what it covers, whatever its priority bits: those matter only against the layers.
    out.pixels.fill(0);
    out.owner.fill(-1);
    for (const Sliver& sliver : std::span(slivers).first(fetched)) {
        const Object& object = objects[sliver.object];
        const unsigned common =
            layer_pixel::kOpaque | object.priority << object_pixel::kPriorityShift | (128 + object.palette * 16);
        for (unsigned pixel = 0; pixel < kTileSide; ++pixel) {
            const int x = sliver.x + static_cast<int>(pixel);
            if (sliver.pixels[pixel] == 0 || x < 0 || x >= static_cast<int>(kScreenWidth)) continue;
            out.pixels[static_cast<std::size_t>(x)] = static_cast<std::uint16_t>(common + sliver.pixels[pixel]);
            out.owner[static_cast<std::size_t>(x)] = static_cast<std::int16_t>(sliver.object);
        }
    }
}

}  // namespace halscope::snes
