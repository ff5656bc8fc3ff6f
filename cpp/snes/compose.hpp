// The picture that the PPU shows: layers and sprites in hardware order, windows, colour math, brightness.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "snes/objects.hpp"
#include "snes/registers.hpp"
#include "snes/vram.hpp"

namespace halscope::snes {

// The console's state at the start of vblank, and what HDMA wrote while the picture was drawn.
struct ScreenState {
    Vram vram;
    Cgram cgram;
    Oam oam;
    Registers registers;
    std::span<const RasterWrite> writes;  // ascending by line
    std::optional<unsigned> field;        // of an interlaced picture: 0 or 1
};

struct ScreenShape {
    unsigned lines;   // 224, or 239 with overscan (SETINI bit 2)
    bool interlaced;  // SETINI bit 0: two fields, each with every second row
    bool hires;       // 512 columns: some row is in mode 5 or 6 or in pseudo hi-res (SETINI bit 3)

    [[nodiscard]] unsigned height() const { return interlaced ? lines * 2 : lines; }
    [[nodiscard]] unsigned width() const { return hires ? 2 * kScreenWidth : kScreenWidth; }
};

ScreenShape screen_shape(const ScreenState& state);

// How brightness and halving round.
enum class Style : std::uint8_t {
    console,      // as the hardware and the bsnes family do
    snes9x_1_54,  // brightness is rounded to 5 bits before colour math, and halved differences lose lowest bits
    snes9x,       // later versions: also, green has a sixth bit that halved sums add
};
inline constexpr unsigned kStyles = 3;

// The composed picture. Pixel spans hold height × width elements of the shape, flag spans one per line.
struct ScreenPixels {
    std::span<std::uint16_t> colours;    // BGR555 before INIDISP's brightness (in snes9x's styles, after it)
    std::span<std::uint8_t> rgb;         // three bytes per pixel
    std::span<std::int16_t> owner;       // OAM index of the sprite that is visible there, or -1
    std::span<std::uint8_t> brightness;  // 0 to 15 for each row of the picture; 0 also in forced blank
    std::span<std::uint8_t> range_over;  // 1 where a line has more than 32 sprites
    std::span<std::uint8_t> time_over;   // 1 where a line has more than 34 slivers of sprites
};

// What the picture could not be composed from.
struct ScreenGaps {
    RegisterSet missing;        // needed and not known: the picture is not valid
    RegisterSet assumed;        // not known, and treated as if what they control was off
    bool late_colours = false;  // see Raster::has_late_colours
    bool field_assumed = false;
    bool late_obsel = false;  // OBSEL changed while a row's sprites were fetched, and some of them look different
};

ScreenGaps compose_screen(const ScreenState& state, const ScreenShape& shape, const ScreenPixels& out,
                          Style style = Style::console);

}  // namespace halscope::snes
