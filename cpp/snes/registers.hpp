// The PPU's registers, and how they and CGRAM change from line to line.
#pragma once
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>

#include "snes/raster_write.hpp"

namespace halscope::snes {

// In the order of halscope_hooks.PpuRegisters, which defines what each value holds. Registers that follow each other on
// the bus follow each other here.
// clang-format off
enum class Reg : std::uint8_t {
    inidisp, obsel, oamadd, bgmode, mosaic, bg1sc, bg2sc, bg3sc, bg4sc, bg12nba, bg34nba, bg1hofs, bg1vofs, bg2hofs,
    bg2vofs, bg3hofs, bg3vofs, bg4hofs, bg4vofs, m7sel, m7a, m7b, m7c, m7d, m7x, m7y, m7hofs, m7vofs, cgadd, w12sel, w34sel,
    wobjsel, wh0, wh1, wh2, wh3, wbglog, wobjlog, tm, ts, tmw, tsw, cgwsel, cgadsub, coldata, setini,
};
inline constexpr std::array kRegisterNames{
    "inidisp", "obsel", "oamadd", "bgmode", "mosaic", "bg1sc", "bg2sc", "bg3sc", "bg4sc", "bg12nba", "bg34nba",
    "bg1hofs", "bg1vofs", "bg2hofs", "bg2vofs", "bg3hofs", "bg3vofs", "bg4hofs", "bg4vofs", "m7sel", "m7a", "m7b",
    "m7c", "m7d", "m7x", "m7y", "m7hofs", "m7vofs", "cgadd", "w12sel", "w34sel", "wobjsel", "wh0", "wh1", "wh2", "wh3",
    "wbglog", "wobjlog", "tm", "ts", "tmw", "tsw", "cgwsel", "cgadsub", "coldata", "setini",
};
// clang-format on
static_assert(static_cast<std::size_t>(Reg::setini) + 1 == kRegisterNames.size());

inline constexpr std::size_t kRegisters = kRegisterNames.size();
using RegisterSet = std::bitset<kRegisters>;

constexpr std::size_t index_of(Reg reg, unsigned offset = 0) {
    return static_cast<std::size_t>(reg) + offset;
}

// The values of the registers. One that the host cannot know reads as 0.
class Registers {
  public:
    [[nodiscard]] unsigned operator[](Reg reg) const { return values_[index_of(reg)]; }
    // The register `offset` places behind `reg`: BG3HOFS is two behind BG2HOFS.
    [[nodiscard]] unsigned at(Reg reg, unsigned offset) const { return values_[index_of(reg, offset)]; }
    [[nodiscard]] bool knows(Reg reg, unsigned offset = 0) const { return known_[index_of(reg, offset)]; }

    void set(std::size_t index, unsigned value) {
        values_[index] = static_cast<std::uint16_t>(value);
        known_.set(index);
    }

  private:
    std::array<std::uint16_t, kRegisters> values_{};
    RegisterSet known_;
};

inline constexpr std::size_t kColours = 256;
using Cgram = std::span<const std::uint16_t, kColours>;

// The registers and the palette of each row of the picture, in turn.
class Raster {
  public:
    // `writes` must outlive this object and ascend by line. They start from `registers` and `cgram`, which hold the
    // state after them all: a register that they do not write is the same on every row.
    Raster(const Registers& registers, Cgram cgram, std::span<const RasterWrite> writes);

    // Advances to row `row`, which must not be above the current one. Returns whether anything changed.
    bool advance(unsigned row);

    [[nodiscard]] const Registers& registers() const { return registers_; }
    [[nodiscard]] Cgram cgram() const { return cgram_; }

    // Whether a colour was first written on a row after the top one: what it was above that row is not known.
    [[nodiscard]] bool has_late_colours() const { return late_colours_; }

  private:
    void find_colour_address(const Registers& registers);
    void find_latches(const Registers& registers);
    void write(const RasterWrite& write);
    void write_scroll(unsigned offset, unsigned value);
    void write_mode7(std::size_t index, unsigned value, unsigned mask);
    void write_colour(unsigned value, bool top);
    void write_coldata(unsigned value);

    Registers registers_;
    std::array<std::uint16_t, kColours> cgram_;
    std::span<const RasterWrite> writes_;
    std::array<unsigned, 8> scrolls_;  // all 16 bits of the four layers' scrolls
    unsigned scroll_latch_ = 0;
    unsigned mode7_latch_ = 0;
    unsigned colour_ = 0;
    unsigned colour_latch_ = 0;
    bool colour_half_ = false;  // whether the latch holds a low byte
    std::bitset<kColours> colours_written_;
    bool late_colours_ = false;
};

}  // namespace halscope::snes
