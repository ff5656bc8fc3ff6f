// A tiled background layer, BG modes 0 to 6, as it falls on the screen.
#include "snes/background.hpp"

#include <algorithm>

#include "snes/tiles.hpp"

namespace halscope::snes {
namespace {

constexpr unsigned kDepths[8][4] = {{2, 2, 2, 2}, {4, 4, 2, 0}, {4, 4, 0, 0}, {8, 4, 0, 0},
                                    {8, 2, 0, 0}, {4, 2, 0, 0}, {4, 0, 0, 0}, {8, 8, 0, 0}};

constexpr bool is_hires(unsigned mode) {
    return mode == 5 || mode == 6;
}
constexpr bool has_offsets(unsigned mode) {
    return mode == 2 || mode == 4 || mode == 6;
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

    // The entry that covers a point of the map; it repeats for ever.
    unsigned entry(Vram vram, unsigned x, unsigned y) const {
        const unsigned column = x >> column_shift;
        const unsigned row = y >> row_shift;
        unsigned word = base_word + (row & 31u) * 32u + (column & 31u);
        if (wide && (column & 32u) != 0) word += 0x400;
        if (tall && (row & 32u) != 0) word += wide ? 0x800 : 0x400;
        return vram_word(vram, word);
    }
};

class LayerPainter {
  public:
    LayerPainter(Vram vram, unsigned layer, const BackgroundRegisters& registers)
        : vram_(vram),
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

    // Draws a line whose place in the vertical counter is `counter`; mosaic shows `y` in its place.
    void draw_line(unsigned counter, unsigned y, std::span<std::uint16_t> line) const {
        unsigned x = 0;
        while (x < line.size()) {
            const Point from = source(x, y, counter);
            const unsigned left = from.x & 7u;
            const unsigned count = std::min(8 - left, static_cast<unsigned>(line.size()) - x);
            draw_sliver(from, line.subspan(x, count));
            x += count;
        }
    }

  private:
    struct Point {
        unsigned x;
        unsigned y;
    };

    // The point of the map shown at a place of the screen. Modes 2, 4 and 6 read a scroll value per column from BG3's
    // map: bits 13 and 14 say for which layer it counts. The leftmost column, which may be cut, always uses the
    // registers. Vertical values are added to the counter itself: mosaic does not hold them (as in bsnes-accuracy; the
    // other cores differ). In mode 6 everything counts in half pixels, BG3's columns too: as in bsnes-balanced and
    // -performance, whereas -accuracy adds whole pixels to a place in half pixels.
    Point source(unsigned x, unsigned y, unsigned counter) const {
        Point point{x + hofs_, y + vofs_};
        if (!has_offsets(mode_)) return point;
        const unsigned shown = x + (hofs_ & 7u);
        if (shown < 8) return point;
        const unsigned column = offset_hofs_ + ((shown - 8) & ~7u);
        const unsigned first = offset_map_.entry(vram_, column, offset_vofs_);
        if (mode_ == 4) {  // one value, bit 15 says which direction it is for
            if ((first & offset_enable_) == 0) return point;
            if ((first & 0x8000u) != 0) return {point.x, counter + (first & 0x3FFu)};
            return {shown + (first & 0x3F8u), point.y};
        }
        const unsigned second = offset_map_.entry(vram_, column, offset_vofs_ + 8);
        if ((first & offset_enable_) != 0) point.x = shown + (first & 0x3F8u);
        if ((second & offset_enable_) != 0) point.y = counter + (second & 0x3FFu);
        return point;
    }

    // Draws up to eight pixels that lie in one row of one 8 × 8 tile.
    void draw_sliver(Point from, std::span<std::uint16_t> out) const {
        const unsigned entry = map_.entry(vram_, from.x, from.y);
        const bool hflip = (entry & 0x4000u) != 0;
        const bool vflip = (entry & 0x8000u) != 0;
        unsigned tile = entry;
        // A large tile is made of t, t + 1, t + 16 and t + 17 (with a carry, unlike a sprite); a flip swaps the halves.
        if (map_.column_shift == 4 && ((from.x & 8u) != 0) != hflip) tile += 1;
        if (map_.row_shift == 4 && ((from.y & 8u) != 0) != vflip) tile += 16;
        const std::size_t address = (characters_byte_ + (tile & 0x3FFu) * tile_bytes(depth_)) & (kVramBytes - 1);
        const auto row = decode_tile_row(vram_.data() + address, vflip ? 7 - (from.y & 7u) : from.y & 7u, depth_);

        const unsigned palette = entry >> 10 & 7u;
        const unsigned base = depth_ == 8 ? 0 : first_colour_ + (palette << depth_);
        const unsigned flags = layer_pixel::kOpaque | palette << layer_pixel::kPaletteShift |
                               ((entry & 0x2000u) != 0 ? layer_pixel::kPriority : 0u);
        for (unsigned n = 0; n < out.size(); ++n) {
            const unsigned column = (from.x & 7u) + n;
            const unsigned value = row[hflip ? 7 - column : column];
            out[n] = value == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(flags | ((base + value) & 0xFFu));
        }
    }

    Vram vram_;
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

// Mosaic across: each block shows its first pixel. In modes 5 and 6 it counts half pixels and starts anew at the second
// one, the main screen's first (as in bsnes-accuracy).
void widen(std::span<std::uint16_t> line, unsigned block) {
    const std::size_t start = line.size() > kScreenWidth ? 1 : 0;
    for (std::size_t x = start; x < line.size(); ++x) line[x] = line[x - (x - start) % block];
}

}  // namespace

unsigned background_depth(unsigned mode, unsigned layer) {
    return kDepths[mode & 7u][layer & 3u];
}

unsigned background_width(unsigned mode) {
    return is_hires(mode) ? 2 * kScreenWidth : kScreenWidth;
}

void draw_background(Vram vram, unsigned layer, const BackgroundRegisters& registers, std::span<std::uint16_t> pixels) {
    const LayerPainter painter(vram, layer, registers);
    const unsigned width = background_width(registers.bgmode & 7u);
    const unsigned block = (registers.mosaic >> layer & 1u) != 0 ? (registers.mosaic >> 4 & 15u) + 1 : 1;
    // In an interlaced picture modes 5 and 6 show 448 rows of the map; this is the first of the two fields.
    const bool doubled = is_hires(registers.bgmode & 7u) && (registers.setini & 1u) != 0;
    const std::size_t lines = pixels.size() / width;
    for (std::size_t line = 0; line < lines; ++line) {
        const auto out = pixels.subspan(line * width, width);
        // The first line of the picture is line 1 of the vertical counter: line 0 is never shown.
        const unsigned counter = static_cast<unsigned>(line) + 1;
        const unsigned y = static_cast<unsigned>(line - line % block) + 1;
        painter.draw_line(counter, doubled ? y * 2 : y, out);
        if (block > 1) widen(out, block);
    }
}

}  // namespace halscope::snes
