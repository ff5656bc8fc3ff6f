// How HDMA's writes change the registers and CGRAM.
#include "snes/registers.hpp"

#include <algorithm>

namespace halscope::snes {

Raster::Raster(const Registers& registers, Cgram cgram, std::span<const RasterWrite> writes)
    : registers_(registers), writes_(writes) {
    for (std::size_t n = 0; n < kColours; ++n) cgram_[n] = cgram[n] & 0x7FFFu;
    for (unsigned n = 0; n < scrolls_.size(); ++n) scrolls_[n] = registers.at(Reg::bg1hofs, n);
    find_colour_address(registers);
    find_latches(registers);
}

// CGADD before the first write. The register holds it after the last one, and only $2121 and $2122 change it.
void Raster::find_colour_address(const Registers& registers) {
    if (!registers.knows(Reg::cgadd)) return;
    unsigned bytes = 0;
    for (const RasterWrite& write : writes_) {
        if (write.reg == 0x21) return;
        if (write.reg == 0x22) ++bytes;
    }
    const unsigned address = (registers[Reg::cgadd] - bytes) % (2 * kColours);
    colour_ = address / 2;
    colour_half_ = address % 2 != 0;
    colour_latch_ = cgram_[colour_] & 0xFFu;  // only the low byte that was stored with the high one can be known
}

// The latches before the first write, which decide what it stores: half of its value is the byte written before, by
// whatever came last. If its register is written only once, it still holds that half. Otherwise the last write of a
// frame is taken for the one of the frame before; walk_hdma says where that is a guess.
void Raster::find_latches(const Registers& registers) {
    std::array<unsigned, kLastLatched + 1> count{};
    std::array<const RasterWrite*, 2> first{};  // of the scrolls' latch, and of mode 7's
    for (const RasterWrite& write : writes_) {
        if (!is_scroll(write.reg) && !is_mode7(write.reg)) continue;
        ++count[write.reg];
        if (is_scroll(write.reg)) {
            if (first[0] == nullptr) first[0] = &write;
            scroll_latch_ = write.value;
            scrolls_[write.reg - kFirstScroll] = unsigned{write.value} << 8;
        }
        if (has_mode7_latch(write.reg)) {
            if (first[1] == nullptr) first[1] = &write;
            mode7_latch_ = write.value;
        }
    }
    for (unsigned reg = kFirstScroll; reg <= kLastScroll; reg += 2) {  // horizontal: three bits are its own
        const unsigned offset = reg - kFirstScroll;
        if (count[reg] == 1 && registers.knows(Reg::bg1hofs, offset)) {
            scrolls_[offset] = (registers.at(Reg::bg1hofs, offset) & 7u) << 8;
        }
    }
    if (first[0] != nullptr && count[first[0]->reg] == 1) {
        const unsigned offset = first[0]->reg - kFirstScroll;
        if (registers.knows(Reg::bg1hofs, offset)) scroll_latch_ = registers.at(Reg::bg1hofs, offset) & 0xFFu;
    }
    if (first[1] != nullptr && count[first[1]->reg] == 1) {
        const unsigned reg = first[1]->reg;
        const bool scrolls = is_scroll(reg);
        const Reg start = scrolls ? Reg::m7hofs : Reg::m7a;
        const unsigned offset = reg - (scrolls ? kFirstScroll : kFirstMode7);
        if (registers.knows(start, offset)) mode7_latch_ = registers.at(start, offset) & 0xFFu;
    }
}

bool Raster::advance(unsigned row) {
    const auto due = std::ranges::find_if(writes_, [row](const RasterWrite& write) { return write.line > row; });
    const auto count = static_cast<std::size_t>(due - writes_.begin());
    for (const RasterWrite& one : writes_.first(count)) write(one);
    writes_ = writes_.subspan(count);
    return count != 0;
}

void Raster::write(const RasterWrite& write) {
    const unsigned reg = write.reg;
    const unsigned value = write.value;
    if (reg <= 0x01) {  // INIDISP, OBSEL
        registers_.set(index_of(Reg::inidisp, reg), value);
    } else if (reg >= 0x05 && reg <= 0x0C) {  // BGMODE to BG34NBA
        registers_.set(index_of(Reg::bgmode, reg - 0x05), value);
    } else if (reg >= 0x0D && reg <= 0x14) {  // BG1HOFS to BG4VOFS
        write_scroll(reg - 0x0D, value);
        if (reg <= 0x0E) write_mode7(index_of(Reg::m7hofs, reg - 0x0D), value, 0x1FFF);
    } else if (reg == 0x1A) {
        registers_.set(index_of(Reg::m7sel), value);
    } else if (reg >= 0x1B && reg <= 0x20) {  // M7A to M7Y
        write_mode7(index_of(Reg::m7a, reg - 0x1B), value, reg <= 0x1E ? 0xFFFF : 0x1FFF);
    } else if (reg == 0x21) {
        colour_ = value;
        colour_half_ = false;
    } else if (reg == 0x22) {
        write_colour(value, write.line == 0);
    } else if (reg >= 0x23 && reg <= 0x31) {  // W12SEL to CGADSUB
        registers_.set(index_of(Reg::w12sel, reg - 0x23), value);
    } else if (reg == 0x32) {
        write_coldata(value);
    } else if (reg == 0x33) {
        registers_.set(index_of(Reg::setini), value);
    }
}

// As snes9x and bsnes up to v106 do it. In later versions of bsnes, in ares and in Mesen 2 the three low bits of a
// horizontal scroll are those of a second latch, which all horizontal scrolls write. That differs only where bytes are
// written to two of them by turns.
void Raster::write_scroll(unsigned offset, unsigned value) {
    const bool horizontal = offset % 2 == 0;
    const unsigned low = horizontal ? (scroll_latch_ & ~7u) | (scrolls_[offset] >> 8 & 7u) : scroll_latch_;
    scrolls_[offset] = value << 8 | low;
    scroll_latch_ = value;
    registers_.set(index_of(Reg::bg1hofs, offset), scrolls_[offset] & 0x3FFu);
}

void Raster::write_mode7(std::size_t index, unsigned value, unsigned mask) {
    registers_.set(index, (value << 8 | mode7_latch_) & mask);
    mode7_latch_ = value;
}

void Raster::write_colour(unsigned value, bool top) {
    if (!colour_half_) {
        colour_latch_ = value;
    } else {
        if (!top && !colours_written_[colour_]) late_colours_ = true;
        colours_written_.set(colour_);
        cgram_[colour_] = static_cast<std::uint16_t>((value & 0x7Fu) << 8 | colour_latch_);
        colour_ = (colour_ + 1) % kColours;
    }
    colour_half_ = !colour_half_;
}

void Raster::write_coldata(unsigned value) {
    unsigned colour = registers_[Reg::coldata];
    for (unsigned component = 0; component < 3; ++component) {  // bits 5, 6, 7: red, green, blue
        if ((value >> (5 + component) & 1u) == 0) continue;
        const unsigned shift = 5 * component;
        colour = (colour & ~(31u << shift)) | (value & 31u) << shift;
    }
    registers_.set(index_of(Reg::coldata), colour);
}

}  // namespace halscope::snes
