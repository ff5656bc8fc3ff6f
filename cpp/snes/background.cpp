// Drawing a tiled background layer, BG modes 0 to 6, as it appears on the screen.
#include "snes/background.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "snes/tiles.hpp"

namespace halscope::snes {
namespace {

constexpr unsigned kDepths[8][4] = {{2, 2, 2, 2}, {4, 4, 2, 0}, {4, 4, 0, 0}, {8, 4, 0, 0},
                                    {8, 2, 0, 0}, {4, 2, 0, 0}, {4, 0, 0, 0}, {8, 8, 0, 0}};

constexpr bool is_hires(unsigned mode) {
    return mode == 5 || mode == 6;
}

// BGnSC and BGMODE's size bit: one to four screens of 32 × 32 entries.
struct TileMap {
    unsigned base_word;
    bool wide;
    bool tall;
    unsigned column_shift;  // log2 of a tile's width: 3 or 4
    unsigned row_shift;

    static TileMap of(const BackgroundRegisters& registers, unsigned layer) {
        const unsigned mode = registers.bgmode & 7u;
        const bool large = (registers.bgmode >> (4 + layer) & 1u) != 0;
        const unsigned bgsc = registers.bgsc[layer];
        return {.base_word = (bgsc & 0xFCu) << 8,
                .wide = (bgsc & 1u) != 0,
                .tall = (bgsc & 2u) != 0,
                .column_shift = large || is_hires(mode) ? 4u : 3u,  // modes 5 and 6: always 16 (half) pixels wide
                .row_shift = large ? 4u : 3u};
    }

    // The word address of the map entry that covers a point; the map repeats in both directions.
    unsigned entry(unsigned x, unsigned y) const {
        const unsigned column = x >> column_shift;
        const unsigned row = y >> row_shift;
        unsigned word = base_word + (row & 31u) * 32u + (column & 31u);
        if (wide && (column & 32u) != 0) word += 0x400;
        if (tall && (row & 32u) != 0) word += wide ? 0x800 : 0x400;
        return word & 0x7FFFu;
    }
};

// Eight pixels of one row of a tile, leftmost first in memory, and the attributes of their map entry.
struct Sliver {
    std::uint64_t values;  // 0 to 2 ** depth - 1, one byte per pixel
    unsigned base;         // added to a value to give its CGRAM index
    unsigned palette;
    bool priority;
};

std::uint64_t reversed(std::uint64_t bytes) {
    bytes = (bytes & 0x00FF00FF00FF00FF) << 8 | (bytes >> 8 & 0x00FF00FF00FF00FF);
    bytes = (bytes & 0x0000FFFF0000FFFF) << 16 | (bytes >> 16 & 0x0000FFFF0000FFFF);
    return bytes << 32 | bytes >> 32;
}

class LayerPainter {
  public:
    LayerPainter(Vram vram, unsigned layer, const BackgroundRegisters& registers, TileFlags read)
        : vram_(vram),
          read_(read),
          mode_(registers.bgmode & 7u),
          hires_(is_hires(mode_)),
          depth_(background_depth(mode_, layer)),
          first_colour_(mode_ == 0 ? layer * 32u : 0u),
          map_(TileMap::of(registers, layer)),
          characters_byte_((registers.bgnba[layer / 2] >> (layer % 2 * 4) & 15u) * 0x2000u),
          hofs_((registers.hofs[layer] & 0x3FFu) << (hires_ ? 1 : 0)),
          vofs_(registers.vofs[layer] & 0x3FFu),
          offset_map_(TileMap::of(registers, 2)),
          offset_hofs_(registers.hofs[2] & 0x3F8u),
          offset_vofs_(registers.vofs[2] & 0x3FFu),
          offset_enable_(layer == 0 ? 0x2000u : 0x4000u) {}

    // Draws the line at `counter` in the vertical counter; mosaic shows the map's row for `y` instead.
    void draw_line(unsigned counter, unsigned y, PackedRow& out) const {
        unsigned x = 0;
        while (x < out.width) {
            const Point from = source(x, y, counter);
            const unsigned left = from.x & 7u;
            put(sliver(from), &out.drawn[kTileSide + x - left]);
            x += 8 - left;
        }
    }

  private:
    struct Point {
        unsigned x;
        unsigned y;
    };

    // The point of the map shown at a screen position. Modes 2, 4 and 6 read a scroll value per column from BG3's map;
    // bits 13 and 14 select the layers it applies to. The leftmost column, which may be cut off, always uses the
    // registers. Vertical values are added to the counter itself, so mosaic does not affect them (as in bsnes-accuracy;
    // the other cores differ). In mode 6 everything counts half pixels, BG3's columns included: as in bsnes-balanced
    // and -performance, whereas -accuracy adds whole pixels to a half-pixel position.
    Point source(unsigned x, unsigned y, unsigned counter) const {
        Point point{x + hofs_, y + vofs_};
        if (!has_column_offsets(mode_)) return point;
        const unsigned shown = x + (hofs_ & 7u);
        if (shown < 8) return point;
        const unsigned column = offset_hofs_ + ((shown - 8) & ~7u);
        const unsigned first = word(offset_map_.entry(column, offset_vofs_));
        if (mode_ == 4) {  // one value; bit 15 selects the direction
            if ((first & offset_enable_) == 0) return point;
            if ((first & 0x8000u) != 0) return {point.x, counter + (first & 0x3FFu)};
            return {shown + (first & 0x3F8u), point.y};
        }
        const unsigned second = word(offset_map_.entry(column, offset_vofs_ + 8));
        if ((first & offset_enable_) != 0) point.x = shown + (first & 0x3F8u);
        if ((second & offset_enable_) != 0) point.y = counter + (second & 0x3FFu);
        return point;
    }

    static void put(const Sliver& sliver, std::uint16_t* out) {
        std::array<std::uint8_t, kTileSide> values;
        std::memcpy(values.data(), &sliver.values, values.size());
        // The low bits of `base` are clear wherever a value has bits, so the sum stays below 256.
        const unsigned common = layer_pixel::kOpaque + (sliver.priority ? layer_pixel::kPriority : 0u) +
                                (sliver.palette << layer_pixel::kPaletteShift) + sliver.base;
        for (std::size_t n = 0; n < kTileSide; ++n) {
            out[n] = static_cast<std::uint16_t>(values[n] == 0 ? 0u : common + values[n]);
        }
    }

    // The eight pixels of the 8 × 8 tile's row that contains a point.
    Sliver sliver(Point from) const {
        const unsigned entry = word(map_.entry(from.x, from.y));
        const bool hflip = (entry & 0x4000u) != 0;
        const bool vflip = (entry & 0x8000u) != 0;
        unsigned tile = entry;
        // A large tile consists of t, t + 1, t + 16 and t + 17 (with carry, unlike a sprite); a flip swaps the halves.
        if (map_.column_shift == 4 && ((from.x & 8u) != 0) != hflip) tile += 1;
        if (map_.row_shift == 4 && ((from.y & 8u) != 0) != vflip) tile += 16;
        const std::size_t address = (characters_byte_ + (tile & 0x3FFu) * tile_bytes(depth_)) & (kVramBytes - 1);
        read_[address / kVramTileBytes] = 1;
        if (depth_ == 8) read_[address / kVramTileBytes + 1] = 1;
        const auto row = decode_tile_row(vram_.data() + address, vflip ? 7 - (from.y & 7u) : from.y & 7u, depth_);
        std::uint64_t values;
        std::memcpy(&values, row.data(), sizeof values);

        const unsigned palette = entry >> 10 & 7u;
        return {.values = hflip ? reversed(values) : values,
                .base = depth_ == 8 ? 0 : first_colour_ + (palette << depth_),
                .palette = palette,
                .priority = (entry & 0x2000u) != 0};
    }

    unsigned word(unsigned address) const {
        read_[address * 2 / kVramTileBytes] = 1;
        return vram_word(vram_, address);
    }

    Vram vram_;
    TileFlags read_;
    unsigned mode_;
    bool hires_;
    unsigned depth_;
    unsigned first_colour_;
    TileMap map_;
    unsigned characters_byte_;
    unsigned hofs_;
    unsigned vofs_;
    TileMap offset_map_;
    unsigned offset_hofs_;
    unsigned offset_vofs_;
    unsigned offset_enable_;
};

}  // namespace

unsigned background_depth(unsigned mode, unsigned layer) {
    return kDepths[mode & 7u][layer & 3u];
}

bool has_column_offsets(unsigned mode) {
    return mode == 2 || mode == 4 || mode == 6;
}

unsigned background_width(unsigned mode) {
    return is_hires(mode) ? 2 * kScreenWidth : kScreenWidth;
}

void draw_background(Vram vram, unsigned layer, const BackgroundRegisters& registers, const LayerRow& row,
                     PackedRow& out, TileFlags tiles) {
    const bool hires = is_hires(registers.bgmode & 7u);
    out.width = background_width(registers.bgmode & 7u);
    unsigned y = row.first + 1;  // the picture starts at line 1 of the vertical counter
    // In an interlaced picture modes 5 and 6 show 448 rows of the map, every second one in each field.
    if (hires && (registers.setini & 1u) != 0) y = y * 2 + row.field;
    LayerPainter(vram, layer, registers, tiles).draw_line(row.row + 1, y, out);

    if ((registers.mosaic >> layer & 1u) == 0) return;
    // Each block shows its first pixel. In modes 5 and 6 a block counts whole pixels and shows its first half pixel
    // (snes9x and Mesen 2 agree), so that even blocks of one pixel make a difference.
    const unsigned block = ((registers.mosaic >> 4 & 15u) + 1) * (hires ? 2 : 1);
    const auto pixels = out.pixels();
    for (std::size_t start = 0; start < pixels.size(); start += block) {
        const auto rest = pixels.subspan(start, std::min<std::size_t>(block, pixels.size() - start));
        std::ranges::fill(rest, rest[0]);
    }
}

}  // namespace halscope::snes
