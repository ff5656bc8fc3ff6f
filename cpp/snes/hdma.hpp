// HDMA: the writes to the PPU that the eight DMA channels make while a picture is drawn, from registers and tables.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "snes/raster_write.hpp"

namespace halscope::snes {

inline constexpr unsigned kChannels = 8;
inline constexpr std::size_t kWramBytes = 0x20000;
inline constexpr std::size_t kHalfBanks = 512;  // of 32 KiB each

// Memory on the CPU's bus. A span is empty if that memory is not available.
struct ConsoleBus {
    std::span<const std::uint8_t> wram;   // 128 KiB, or empty
    std::span<const std::uint8_t> bwram;  // of the SA-1, from $40:0000
    std::span<const std::uint8_t> iram;   // of the SA-1, at $3000
    std::span<const std::uint8_t> rom;
    std::span<const std::int64_t> pages;  // the ROM offset of each half bank, negative where there is no ROM; or empty

    // `std::nullopt` for registers, for memory that is not available, and for open bus.
    [[nodiscard]] std::optional<std::uint8_t> read(unsigned bank, unsigned address) const;
};

// $43n0 to $43n9 at the start of vblank.
struct HdmaChannel {
    std::uint8_t control;        // $43n0
    std::uint8_t port;           // $43n1, the low byte of $21xx
    std::uint16_t table;         // $43n2/3
    std::uint8_t table_bank;     // $43n4
    std::uint8_t indirect_bank;  // $43n7
    std::uint16_t table_end;     // $43n8/9: how far the console has read the table
};

struct HdmaWrites {
    std::vector<RasterWrite> writes;  // in the console's order
    // False if a table could not be read, if the console has read another one, if colours were written to an address
    // that is not known, or if a row shows what was in a latch before the first write.
    bool complete;
};

// `enabled` is HDMAEN ($420C), `lines` the number of transfers: one more than the picture has lines, because the first
// is at the end of the line before it. A channel whose table cannot be read contributes nothing. `cgadd_is_known`: the
// CGRAM address after the picture is known, so the one before it follows from the writes, unless one of them sets it.
HdmaWrites walk_hdma(std::span<const HdmaChannel, kChannels> channels, unsigned enabled, const ConsoleBus& bus,
                     unsigned lines, bool cgadd_is_known);

}  // namespace halscope::snes
