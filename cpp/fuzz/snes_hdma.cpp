// Follows the HDMA tables in any bytes, within bounds.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "snes/hdma.hpp"

namespace {

using namespace halscope::snes;

constexpr std::size_t kHeader = 2 + kChannels * 8;

std::uint16_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

void check(const HdmaWrites& found, unsigned lines) {
    if (!std::ranges::is_sorted(found.writes, {}, &RasterWrite::line)) std::abort();
    for (const RasterWrite& write : found.writes) {
        if (write.line >= lines || write.reg > 0x3F) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < kHeader) return 0;
    const std::vector<std::uint8_t> input(data, data + size);  // of exact size, so that ASan sees its end
    const std::span<const std::uint8_t> bytes(input);
    const unsigned enabled = bytes[0];
    const unsigned lines = bytes[1];
    std::array<HdmaChannel, kChannels> channels{};
    for (std::size_t n = 0; n < kChannels; ++n) {
        const auto row = bytes.subspan(2 + n * 8, 8);
        channels[n] = {row[0], row[1], word(row, 2), row[4], row[5], word(row, 6)};
    }
    const std::vector<std::uint8_t> memory(input.begin() + kHeader, input.end());
    std::vector<std::int64_t> pages(kHalfBanks);
    for (std::size_t page = 0; page < pages.size(); ++page) {
        pages[page] = page % 3 == 0 ? -1 : static_cast<std::int64_t>(page * kHalfBanks % (memory.size() + 1));
    }
    // The same bytes as a short WRAM, a ROM and the SA-1's memories, then as the ROM alone, then nothing at all.
    check(walk_hdma(channels, enabled, {memory, memory, memory, memory, pages}, lines, size % 2 != 0), lines);
    check(walk_hdma(channels, enabled, {{}, {}, {}, memory, pages}, lines, size % 2 != 0), lines);
    const HdmaWrites nothing = walk_hdma(channels, enabled, {}, lines, true);
    if (!nothing.writes.empty() || nothing.complete != (enabled == 0)) std::abort();
    return 0;
}
