// Drawing a tiled background layer, BG modes 0 to 6, as it appears on the screen.
#include "snes/background.hpp"

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

constexpr std::uint64_t kEveryByte = 0x0101010101010101;

std::uint64_t reversed(std::uint64_t bytes) {
    bytes = (bytes & 0x00FF00FF00FF00FF) << 8 | (bytes >> 8 & 0x00FF00FF00FF00FF);
    bytes = (bytes & 0x0000FFFF0000FFFF) << 16 | (bytes >> 16 & 0x0000FFFF0000FFFF);
    return bytes << 32 | bytes >> 32;
}

// A line of packed pixels.
class PackedLine {
  public:
    explicit PackedLine(std::span<std::uint16_t> line) : line_(line) {}

    [[nodiscard]] unsigned width() const { return static_cast<unsigned>(line_.size()); }

    // Draws the sliver's pixels from its `left`th on at `x`, as many as fit.
    void put(unsigned x, unsigned left, const Sliver& sliver) {
        std::array<std::uint8_t, kTileSide> values;
        std::memcpy(values.data(), &sliver.values, values.size());
        const unsigned flags = layer_pixel::kOpaque | sliver.palette << layer_pixel::kPaletteShift |
                               (sliver.priority ? layer_pixel::kPriority : 0u);
        for (; left < kTileSide && x < width(); ++left, ++x) {
            const unsigned value = values[left];
            line_[x] =
                value == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(flags | ((sliver.base + value) & 0xFFu));
        }
    }

    // Horizontal mosaic: each block shows its first pixel. In modes 5 and 6 blocks count half pixels and start at the
    // second one, the main screen's first (as in bsnes-accuracy).
    void widen(unsigned block) { widen(line_, block); }

    template <typename Pixel>
    static void widen(std::span<Pixel> line, unsigned block) {
        const std::size_t start = line.size() > kScreenWidth ? 1 : 0;
        for (std::size_t x = start; x < line.size(); ++x) line[x] = line[x - (x - start) % block];
    }

  private:
    std::span<std::uint16_t> line_;
};

// A line of the three planes. All eight pixels of a sliver are computed and stored at once, so the line is drawn into a
// buffer with a margin on both sides of the screen and copied from there.
class PlaneLine {
  public:
    PlaneLine(const LayerPlanes& planes, std::size_t line, unsigned width)
        : out_{planes.colours.subspan(line * width, width), planes.opaque.subspan(line * width, width),
               planes.priority.subspan(line * width, width)} {}

    [[nodiscard]] unsigned width() const { return static_cast<unsigned>(out_[0].size()); }

    void put(unsigned x, unsigned left, const Sliver& sliver) {
        // After this, a byte's highest bit is set if any of its bits was.
        const std::uint64_t any = ((sliver.values & (kEveryByte * 0x7F)) + kEveryByte * 0x7F) | sliver.values;
        const std::uint64_t opaque = any >> 7 & kEveryByte;
        // The low bits of `base` are clear wherever a value has bits, so no carry leaves a byte.
        const std::uint64_t colours = (sliver.values + sliver.base * kEveryByte) & opaque * 0xFF;
        const std::uint64_t priority = sliver.priority ? opaque : 0;
        const std::size_t at = kTileSide + x - left;
        std::memcpy(&drawn_[0][at], &colours, sizeof colours);
        std::memcpy(&drawn_[1][at], &opaque, sizeof opaque);
        std::memcpy(&drawn_[2][at], &priority, sizeof priority);
    }

    void widen(unsigned block) {
        for (auto& plane : drawn_) PackedLine::widen(std::span(plane).subspan(kTileSide, width()), block);
    }

    void finish() const {
        for (std::size_t n = 0; n < out_.size(); ++n) {
            std::memcpy(out_[n].data(), &drawn_[n][kTileSide], out_[n].size());
        }
    }

  private:
    std::array<std::span<std::uint8_t>, 3> out_;
    std::array<std::array<std::uint8_t, 2 * kScreenWidth + 2 * kTileSide>, 3> drawn_;
};

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
    template <typename Line>
    void draw_line(unsigned counter, unsigned y, Line& line) const {
        unsigned x = 0;
        while (x < line.width()) {
            const Point from = source(x, y, counter);
            const unsigned left = from.x & 7u;
            line.put(x, left, sliver(from));
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
        if (!has_offsets(mode_)) return point;
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

// Draws every line with the object that `line_at` returns for it, and passes that to `finish`.
template <typename LineAt, typename Finish>
void draw_lines(Vram vram, unsigned layer, const BackgroundRegisters& registers, std::size_t lines, TileFlags read,
                LineAt line_at, Finish finish) {
    const LayerPainter painter(vram, layer, registers, read);
    const unsigned block = (registers.mosaic >> layer & 1u) != 0 ? (registers.mosaic >> 4 & 15u) + 1 : 1;
    // In an interlaced picture modes 5 and 6 show 448 rows of the map; this draws the first of the two fields.
    const bool doubled = is_hires(registers.bgmode & 7u) && (registers.setini & 1u) != 0;
    for (std::size_t line = 0; line < lines; ++line) {
        auto out = line_at(line);
        // The first line of the picture is line 1 of the vertical counter; line 0 is never shown.
        const unsigned counter = static_cast<unsigned>(line) + 1;
        const unsigned y = static_cast<unsigned>(line - line % block) + 1;
        painter.draw_line(counter, doubled ? y * 2 : y, out);
        if (block > 1) out.widen(block);
        finish(out);
    }
}

}  // namespace

unsigned background_depth(unsigned mode, unsigned layer) {
    return kDepths[mode & 7u][layer & 3u];
}

unsigned background_width(unsigned mode) {
    return is_hires(mode) ? 2 * kScreenWidth : kScreenWidth;
}

void draw_background(Vram vram, unsigned layer, const BackgroundRegisters& registers, std::span<std::uint16_t> pixels) {
    const unsigned width = background_width(registers.bgmode & 7u);
    std::array<std::uint8_t, kVramTiles> read;
    const auto line_at = [&](std::size_t line) { return PackedLine(pixels.subspan(line * width, width)); };
    draw_lines(vram, layer, registers, pixels.size() / width, read, line_at, [](const PackedLine&) {});
}

void draw_background(Vram vram, unsigned layer, const BackgroundRegisters& registers, const LayerPlanes& planes,
                     TileFlags tiles) {
    const unsigned width = background_width(registers.bgmode & 7u);
    const auto line_at = [&](std::size_t line) { return PlaneLine(planes, line, width); };
    draw_lines(vram, layer, registers, planes.colours.size() / width, tiles, line_at,
               [](const PlaneLine& line) { line.finish(); });
}

}  // namespace halscope::snes
