// Composing the picture, one row after the other.
#include "snes/compose.hpp"

#include <algorithm>
#include <array>

#include "snes/background.hpp"
#include "snes/colour_math.hpp"
#include "snes/layers.hpp"
#include "snes/ranks.hpp"
#include "snes/windows.hpp"

namespace halscope::snes {
namespace {

constexpr unsigned kObjectBit = 1u << kObjectUser;  // of TM, TS, TMW and TSW

// A candidate's rank and, below it, its source: the greatest of a pixel's keys is in front.
constexpr unsigned kSourceBits = 3;
constexpr unsigned kSourceMask = (1u << kSourceBits) - 1;

bool is_hires(const Registers& registers) {
    return background_width(registers[Reg::bgmode] & 7u) != kScreenWidth || (registers[Reg::setini] & 8u) != 0;
}

constexpr Columns kNowhere{};

// The main screen or the subscreen while its candidates compete.
struct Contest {
    std::array<std::uint16_t, kScreenWidth> keys;
    std::array<std::uint16_t, kScreenWidth> pixels;

    void offer(std::span<const std::uint16_t, kScreenWidth> candidates,
               const std::array<std::uint16_t, kScreenWidth>& candidate_keys, const Columns& masked) {
        for (std::size_t x = 0; x < kScreenWidth; ++x) {
            const auto key = static_cast<std::uint16_t>(candidate_keys[x] & ~masked[x]);
            const bool wins = key > keys[x];
            keys[x] = wins ? key : keys[x];
            pixels[x] = wins ? candidates[x] : pixels[x];
        }
    }
};

// A direct colour's BGR555: BBGGGRRR, with the tile's palette bits bgr one step below each.
unsigned direct_colour(unsigned pixel) {
    const unsigned palette = pixel >> layer_pixel::kPaletteShift & 7u;
    const unsigned red = (pixel & 7u) << 2 | (palette & 1u) << 1;
    const unsigned green = (pixel >> 3 & 7u) << 2 | (palette & 2u);
    const unsigned blue = (pixel >> 6 & 3u) << 3 | (palette & 4u);
    return red | green << 5 | blue << 10;
}

// The 8-bit levels of INIDISP's sixteen brightnesses: steps of (n + 1) / 16, but the lowest is 1 / 64. That is the
// hardware's rule as ares and bsnes have measured it; fullsnes has the same steps, and black for the lowest.
constexpr auto kLevels = [] {
    std::array<std::array<std::uint8_t, 32>, 16> levels{};
    for (unsigned brightness = 0; brightness < 16; ++brightness) {
        const unsigned sixty_fourths = brightness == 0 ? 1 : (brightness + 1) * 4;
        for (unsigned level = 0; level < 32; ++level) {
            const unsigned full = (level << 3 | level >> 2) * 0x101;  // 16 bits
            levels[brightness][level] = static_cast<std::uint8_t>(full * sixty_fourths / 64 >> 8);
        }
    }
    return levels;
}();

// snes9x's: fifteenths, rounded to 5 bits.
constexpr auto kRoundedLevels = [] {
    std::array<std::array<std::uint8_t, 32>, 16> levels{};
    for (unsigned brightness = 0; brightness < 16; ++brightness) {
        for (unsigned level = 0; level < 32; ++level) {
            levels[brightness][level] = static_cast<std::uint8_t>((level * brightness * 2 + 15) / 30);
        }
    }
    return levels;
}();

unsigned dimmed(unsigned colour, unsigned brightness) {
    const auto& levels = kRoundedLevels[brightness];
    return levels[colour & 31u] | static_cast<unsigned>(levels[colour >> 5 & 31u]) << 5 |
           static_cast<unsigned>(levels[colour >> 10 & 31u]) << 10;
}

// Everything that is derived from the registers, for all rows that share them.
struct Setup {
    bool blank = true;
    unsigned brightness = 0;
    unsigned main = 0;  // TM without the layers that the mode lacks
    unsigned sub = 0;   // TS likewise; 0 where the subscreen is not needed
    bool hires = false;
    bool direct = false;
    Ranks ranks;
    MathRules math;
    std::array<Columns, kLayers + 1> windows;
    unsigned main_masked = 0;  // TMW
    unsigned sub_masked = 0;   // TSW
    ObjectRules objects{};
};

class Composer {
  public:
    Composer(const ScreenState& state, const ScreenShape& shape, const ScreenPixels& out, Style style)
        : state_(state), shape_(shape), out_(out), style_(style), objects_(parse_oam(state.oam)) {}

    ScreenGaps run() {
        for (unsigned field = 0; field < (shape_.interlaced ? 2u : 1u) && gaps_.missing.none(); ++field) {
            draw_field(shape_.interlaced ? field : state_.field.value_or(0));
        }
        return gaps_;
    }

  private:
    void draw_field(unsigned field) {
        Raster raster(state_.registers, state_.cgram, state_.writes);
        MosaicBlocks blocks;
        obsel_before_ = state_.registers[Reg::obsel];  // what the last write of the picture before has left
        for (unsigned row = 0; row < shape_.lines; ++row) {
            if (raster.advance(row) || row == 0) prepare(raster.registers(), field);
            if (gaps_.missing.any()) return;
            blocks.advance(raster.registers());
            draw_row(raster, blocks, row, field);
            obsel_before_ = raster.registers()[Reg::obsel];
        }
        gaps_.late_colours |= raster.has_late_colours();
    }

    // Returns the value of a register that must be known.
    unsigned need(const Registers& registers, Reg reg) {
        if (!registers.knows(reg)) gaps_.missing.set(index_of(reg));
        return registers[reg];
    }

    // Returns the value of a register that counts as 0 if it is not known.
    unsigned assume(const Registers& registers, Reg reg) {
        if (!registers.knows(reg)) gaps_.assumed.set(index_of(reg));
        return registers[reg];
    }

    void prepare(const Registers& registers, unsigned field) {
        const unsigned inidisp = need(registers, Reg::inidisp);
        const unsigned tm = need(registers, Reg::tm);
        if (gaps_.missing.any()) return;
        setup_.blank = (inidisp & 0x80u) != 0;
        setup_.brightness = setup_.blank ? 0 : inidisp & 15u;
        assume(registers, Reg::setini);
        if (setup_.blank) return;

        const unsigned bgmode = need(registers, Reg::bgmode);
        if ((bgmode & 7u) == 7) need(registers, Reg::setini);
        setup_.hires = is_hires(registers);
        setup_.ranks = ranks_of(bgmode);
        prepare_math(registers);
        const unsigned available = ((1u << layer_count(registers)) - 1) | kObjectBit;
        setup_.main = tm & available;
        setup_.sub = setup_.hires || setup_.math.uses_subscreen() ? need(registers, Reg::ts) & available : 0u;
        for (unsigned layer = 0; layer < kLayers; ++layer) {
            if (((setup_.main | setup_.sub) >> layer & 1u) != 0) need_layer(registers, layer, gaps_.missing);
        }
        prepare_windows(registers);
        prepare_objects(registers, field);
    }

    void prepare_math(const Registers& registers) {
        assume(registers, Reg::cgwsel);
        assume(registers, Reg::cgadsub);
        const bool known = registers.knows(Reg::cgwsel) && registers.knows(Reg::cgadsub);
        setup_.math = known ? math_rules(registers, gaps_.missing) : MathRules{};
        if (style_ != Style::console) {
            setup_.math.guarded = true;
            setup_.math.six_bits_of_green = style_ == Style::snes9x;
            setup_.math.fixed = dimmed(setup_.math.fixed, setup_.brightness);
        }
        const unsigned mode = registers[Reg::bgmode] & 7u;
        setup_.direct = (registers[Reg::cgwsel] & 1u) != 0 && (mode == 3 || mode == 4 || mode == 7);
    }

    void prepare_windows(const Registers& registers) {
        setup_.main_masked = setup_.main & assume(registers, Reg::tmw);
        setup_.sub_masked = setup_.sub == 0 ? 0 : setup_.sub & assume(registers, Reg::tsw);
        for (unsigned user = 0; user < setup_.windows.size(); ++user) {
            if (((setup_.main_masked | setup_.sub_masked) >> user & 1u) == 0) continue;
            setup_.windows[user] = inside_windows(registers, user, gaps_.missing);
        }
    }

    void prepare_objects(const Registers& registers, unsigned field) {
        if (((setup_.main | setup_.sub) & kObjectBit) == 0) return;
        const unsigned obsel = assume(registers, Reg::obsel);
        if (!registers.knows(Reg::obsel)) {
            setup_.main &= ~kObjectBit;
            setup_.sub &= ~kObjectBit;
            return;
        }
        const unsigned oamadd = assume(registers, Reg::oamadd);  // bit 15: sprites are rotated
        const bool half_height = (registers[Reg::setini] & 2u) != 0;
        if (half_height && !shape_.interlaced && !state_.field.has_value()) gaps_.field_assumed = true;
        setup_.objects = {.select = parse_obsel(obsel),
                          .first = (oamadd & 0x8000u) != 0 ? oamadd >> 1 & 127u : 0u,
                          .half_height = half_height,
                          .field = field};
    }

    void draw_row(const Raster& raster, const MosaicBlocks& blocks, unsigned row, unsigned field) {
        const std::size_t y = shape_.interlaced ? row * 2 + field : row;
        const std::size_t width = shape_.width();
        const auto colours = out_.colours.subspan(y * width, width);
        const auto owner = out_.owner.subspan(y * width, width);
        out_.brightness[y] = static_cast<std::uint8_t>(setup_.brightness);
        if (setup_.blank) {
            std::ranges::fill(colours, std::uint16_t{0});
            std::ranges::fill(owner, std::int16_t{-1});
            std::ranges::fill(out_.rgb.subspan(y * width * 3, width * 3), std::uint8_t{0});
            return;
        }
        compete(raster.registers(), blocks, row, field);
        const unsigned backdrop = shown_before_math(raster.cgram()[0]);
        take_colours(main_, raster.cgram(), backdrop, main_row_);
        take_colours(sub_, raster.cgram(), setup_.math.fixed, sub_row_);
        std::array<std::uint16_t, kScreenWidth> even{};
        std::array<std::uint16_t, kScreenWidth> odd;
        mix_main(setup_.math, main_row_, sub_row_, odd);
        if (setup_.hires) mix_sub(setup_.math, main_row_, sub_row_, backdrop, even);
        put(colours, even, odd);
        put(owner, owners(sub_row_), owners(main_row_));
        std::uint8_t* rgb = out_.rgb.data() + y * width * 3;
        const auto& levels = kLevels[style_ == Style::console ? setup_.brightness : 15];
        for (const std::uint16_t colour : colours) {
            for (unsigned shift = 0; shift < 15; shift += 5) *rgb++ = levels[colour >> shift & 31u];
        }
    }

    // Lets the layers and sprites of a row compete on both screens.
    void compete(const Registers& registers, const MosaicBlocks& blocks, unsigned row, unsigned field) {
        main_ = {};
        sub_ = {};
        const unsigned shown = setup_.main | setup_.sub;
        for (unsigned layer = 0; layer < kLayers; ++layer) {
            if ((shown >> layer & 1u) == 0) continue;
            draw_layer(state_.vram, registers, blocks, layer, row, field, layer_row_, tiles_);
            const auto pixels = layer_row_.pixels();
            if (pixels.size() == kScreenWidth) {
                offer_layer(layer, pixels.first<kScreenWidth>(), true, true);
                continue;
            }
            std::array<std::uint16_t, kScreenWidth> even;
            std::array<std::uint16_t, kScreenWidth> odd;
            for (std::size_t x = 0; x < kScreenWidth; ++x) {
                even[x] = pixels[x * 2];
                odd[x] = pixels[x * 2 + 1];
            }
            offer_layer(layer, even, false, true);
            offer_layer(layer, odd, true, false);
        }
        if ((shown & kObjectBit) != 0) {
            draw_objects(state_.vram, objects_, setup_.objects, row, object_row_);
            if (registers[Reg::obsel] != obsel_before_) look_for_late_obsel(row);
            offer_objects();
            out_.range_over[row] |= object_row_.range_over ? 1 : 0;
            out_.time_over[row] |= object_row_.time_over ? 1 : 0;
        }
    }

    // HDMA writes OBSEL at the end of the line before a row, while that row's sprites are fetched:
    // bsnes-mercury-accuracy draws the first dozen of them, or more behind other channels, by the value before. Its
    // other profiles and snes9x draw all by the new one, as this does.
    void look_for_late_obsel(unsigned row) {
        ObjectRules before = setup_.objects;
        before.select = parse_obsel(obsel_before_);
        ObjectRow other;
        draw_objects(state_.vram, objects_, before, row, other);
        gaps_.late_obsel |= other.pixels != object_row_.pixels;
    }

    void offer_layer(unsigned layer, std::span<const std::uint16_t, kScreenWidth> pixels, bool to_main, bool to_sub) {
        const auto& ranks = setup_.ranks.layers[layer];
        const unsigned low = static_cast<unsigned>(ranks[0]) << kSourceBits | (layer + 1);
        const unsigned high = static_cast<unsigned>(ranks[1]) << kSourceBits | (layer + 1);
        for (std::size_t x = 0; x < kScreenWidth; ++x) {
            const unsigned key = (pixels[x] & layer_pixel::kPriority) != 0 ? high : low;
            keys_[x] = static_cast<std::uint16_t>((pixels[x] & layer_pixel::kOpaque) != 0 ? key : 0u);
        }
        offer(layer, pixels, to_main, to_sub);
    }

    void offer_objects() {
        for (std::size_t x = 0; x < kScreenWidth; ++x) {
            const unsigned pixel = object_row_.pixels[x];
            const unsigned rank = setup_.ranks.objects[pixel >> object_pixel::kPriorityShift & 3u];
            const unsigned key = rank << kSourceBits | kObjectSource;
            keys_[x] = static_cast<std::uint16_t>((pixel & layer_pixel::kOpaque) != 0 ? key : 0u);
        }
        offer(kObjectUser, object_row_.pixels, true, true);
    }

    void offer(unsigned user, std::span<const std::uint16_t, kScreenWidth> pixels, bool to_main, bool to_sub) {
        const auto has = [user](unsigned users) { return (users >> user & 1u) != 0; };
        const Columns& window = setup_.windows[user];
        if (to_main && has(setup_.main)) main_.offer(pixels, keys_, has(setup_.main_masked) ? window : kNowhere);
        if (to_sub && has(setup_.sub)) sub_.offer(pixels, keys_, has(setup_.sub_masked) ? window : kNowhere);
    }

    unsigned shown_before_math(unsigned colour) const {
        return style_ == Style::console ? colour : dimmed(colour, setup_.brightness);
    }

    void take_colours(const Contest& contest, Cgram cgram, unsigned backdrop, MathRow& out) const {
        for (std::size_t x = 0; x < kScreenWidth; ++x) {
            const unsigned source = contest.keys[x] & kSourceMask;
            const unsigned pixel = contest.pixels[x];
            const unsigned index = pixel & layer_pixel::kColourMask;
            unsigned colour = shown_before_math(source == 1 && setup_.direct ? direct_colour(pixel) : cgram[index]);
            if (source == kBackdropSource) colour = backdrop;
            out.colours[x] = static_cast<std::uint16_t>(colour);
            out.sources[x] = static_cast<std::uint8_t>(source);
            out.indices[x] = static_cast<std::uint8_t>(index);
        }
    }

    // Copies a row's columns to the picture; `columns` are the odd ones of a picture with 512.
    template <typename Pixel>
    void put(std::span<Pixel> row, const std::array<Pixel, kScreenWidth>& even,
             const std::array<Pixel, kScreenWidth>& columns) const {
        if (!shape_.hires) {
            std::ranges::copy(columns, row.begin());
            return;
        }
        const auto& left = setup_.hires ? even : columns;
        for (std::size_t x = 0; x < kScreenWidth; ++x) {
            row[x * 2] = left[x];
            row[x * 2 + 1] = columns[x];
        }
    }

    std::array<std::int16_t, kScreenWidth> owners(const MathRow& row) const {
        std::array<std::int16_t, kScreenWidth> out;
        for (std::size_t x = 0; x < kScreenWidth; ++x) {
            out[x] = row.sources[x] == kObjectSource ? object_row_.owner[x] : std::int16_t{-1};
        }
        return out;
    }

    const ScreenState& state_;
    const ScreenShape& shape_;
    const ScreenPixels& out_;
    const Style style_;
    const std::array<Object, kObjects> objects_;
    Setup setup_;
    ScreenGaps gaps_;
    unsigned obsel_before_ = 0;  // OBSEL on the row above

    // The row that is drawn.
    Contest main_{};
    Contest sub_{};
    std::array<std::uint16_t, kScreenWidth> keys_{};
    PackedRow layer_row_{};
    ObjectRow object_row_{};
    MathRow main_row_{};
    MathRow sub_row_{};
    std::array<std::uint8_t, kVramTiles> tiles_{};  // not used, but drawing a layer flags them
};

}  // namespace

ScreenShape screen_shape(const ScreenState& state) {
    const unsigned setini = state.registers[Reg::setini];
    ScreenShape shape{.lines = (setini & 4u) != 0 ? 239u : 224u, .interlaced = (setini & 1u) != 0, .hires = false};
    Raster raster(state.registers, state.cgram, state.writes);
    for (unsigned row = 0; row < shape.lines && !shape.hires; ++row) {
        if (raster.advance(row) || row == 0) shape.hires = is_hires(raster.registers());
    }
    return shape;
}

ScreenGaps compose_screen(const ScreenState& state, const ScreenShape& shape, const ScreenPixels& out, Style style) {
    std::ranges::fill(out.range_over, std::uint8_t{0});
    std::ranges::fill(out.time_over, std::uint8_t{0});
    return Composer(state, shape, out, style).run();
}

}  // namespace halscope::snes
