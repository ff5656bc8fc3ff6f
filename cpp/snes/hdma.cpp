#include "snes/hdma.hpp"

#include <algorithm>

namespace halscope::snes {
namespace {

constexpr unsigned kHalfBankBytes = 0x8000;
constexpr unsigned kCgramAddress = 0x21;
constexpr unsigned kCgramData = 0x22;
constexpr unsigned kLastPort = 0x3F;
constexpr std::uint8_t kFromPpu = 0x80;   // of $43n0
constexpr std::uint8_t kIndirect = 0x40;  // of $43n0

struct Unit {
    unsigned bytes;
    std::array<std::uint8_t, 4> ports;  // relative to $43n1
};

// The transfer modes, bits 0 to 2 of $43n0.
constexpr std::array<Unit, 8> kUnits{{
    {1, {0}},
    {2, {0, 1}},
    {2, {0, 0}},
    {4, {0, 0, 1, 1}},
    {4, {0, 1, 2, 3}},
    {4, {0, 1, 0, 1}},
    {2, {0, 0}},
    {4, {0, 0, 1, 1}},
}};

std::optional<std::uint8_t> at(std::span<const std::uint8_t> memory, std::size_t offset) {
    if (offset >= memory.size()) return std::nullopt;
    return memory[offset];
}

// One channel on its way through the table. `lost` once a byte could not be read.
class Walker {
  public:
    Walker(const HdmaChannel& channel, const ConsoleBus& bus)
        : channel_(&channel), bus_(&bus), unit_(&kUnits[channel.control & 7u]), table_(channel.table) {}

    // Reads the next entry of the table: the number of lines, and in indirect mode the address of the data.
    void load() {
        const unsigned count = from_table();
        if (lost_) return;
        if (count == 0) {
            ended_ = true;
            return;
        }
        counter_ = count;
        transfers_ = true;
        if (indirect()) {
            const unsigned low = from_table();
            data_ = static_cast<std::uint16_t>(low | from_table() << 8);
        }
    }

    // The transfer at the end of one line, then the count.
    void run(unsigned line, std::vector<RasterWrite>& writes) {
        if (ended_ || lost_) return;
        if (transfers_) transfer(line, writes);
        // The counter goes down as a whole, and bit 7 says whether the next line transfers too: $80 is 128 lines of
        // which the first transfers.
        counter_ = (counter_ - 1u) & 0xFFu;
        transfers_ = (counter_ & 0x80u) != 0;
        if ((counter_ & 0x7Fu) == 0) load();
    }

    [[nodiscard]] bool lost() const { return lost_; }

    // Whether the console has read this table. Behind the end of an indirect table, it reads one or two bytes more.
    [[nodiscard]] bool is_where_the_console_is() const {
        const unsigned ahead = static_cast<std::uint16_t>(channel_->table_end - table_);
        return ahead <= (ended_ && indirect() ? 2u : 0u);
    }

  private:
    [[nodiscard]] bool indirect() const { return (channel_->control & kIndirect) != 0; }

    unsigned read(unsigned bank, unsigned address) {
        const std::optional<std::uint8_t> byte = bus_->read(bank, address);
        if (!byte.has_value()) lost_ = true;
        return byte.value_or(0);
    }

    unsigned from_table() { return read(channel_->table_bank, table_++); }

    void transfer(unsigned line, std::vector<RasterWrite>& writes) {
        for (unsigned n = 0; n < unit_->bytes; ++n) {
            const unsigned value = indirect() ? read(channel_->indirect_bank, data_++) : from_table();
            const unsigned port = (channel_->port + unit_->ports[n]) & 0xFFu;
            if (port > kLastPort || (channel_->control & kFromPpu) != 0) continue;
            writes.push_back(
                {static_cast<std::uint16_t>(line), static_cast<std::uint8_t>(port), static_cast<std::uint8_t>(value)});
        }
    }

    const HdmaChannel* channel_;
    const ConsoleBus* bus_;
    const Unit* unit_;
    std::uint16_t table_;
    std::uint16_t data_ = 0;
    unsigned counter_ = 0;
    bool transfers_ = false;
    bool ended_ = false;
    bool lost_ = false;
};

// The writes of one channel; empty and `false` if its table cannot be read.
bool walk(const HdmaChannel& channel, const ConsoleBus& bus, unsigned lines, std::vector<RasterWrite>& writes) {
    Walker walker(channel, bus);
    walker.load();
    for (unsigned line = 0; line < lines; ++line) walker.run(line, writes);
    if (walker.lost()) writes.clear();
    return !walker.lost() && walker.is_where_the_console_is();
}

// Whether a row shows the first byte that was written to a register beside one that only the CPU, or the frame before,
// can have left in a latch. Where a register is written once, it still holds that byte.
bool shows_old_latch(std::span<const RasterWrite> writes) {
    std::array<const RasterWrite*, kLastLatched + 1> first{};
    std::array<bool, kLastLatched + 1> beside_old{};
    bool scrolled = false;
    bool turned = false;
    for (const RasterWrite& write : writes) {
        const unsigned reg = write.reg;
        if (!is_scroll(reg) && !is_mode7(reg)) continue;
        if (first[reg] == nullptr) {
            first[reg] = &write;
            const bool is_horizontal = is_scroll(reg) && (reg - kFirstScroll) % 2 == 0;
            beside_old[reg] = is_scroll(reg) ? is_horizontal || !scrolled : !turned;
        } else if (beside_old[reg]) {
            if (write.line != first[reg]->line) return true;
            beside_old[reg] = false;
        }
        scrolled = scrolled || is_scroll(reg);
        turned = turned || has_mode7_latch(reg);
    }
    return false;
}

}  // namespace

std::optional<std::uint8_t> ConsoleBus::read(unsigned bank, unsigned address) const {
    bank &= 0xFFu;
    address &= 0xFFFFu;
    if (bank == 0x7E || bank == 0x7F) return at(wram, (bank - 0x7Eu) * 0x10000u + address);
    const bool system = (bank & 0x7Fu) < 0x40;
    if (system && address < 0x2000) return at(wram, address);
    if (system && address >= 0x3000 && address < 0x3800) return at(iram, address - 0x3000u);
    const std::size_t page = bank * 2u + address / kHalfBankBytes;
    if (page < pages.size() && pages[page] >= 0) {
        return at(rom, static_cast<std::size_t>(pages[page]) + address % kHalfBankBytes);
    }
    if (bank >= 0x40 && bank < 0x50 && !bwram.empty()) {
        return bwram[((bank - 0x40u) * 0x10000u + address) % bwram.size()];
    }
    return std::nullopt;
}

HdmaWrites walk_hdma(std::span<const HdmaChannel, kChannels> channels, unsigned enabled, const ConsoleBus& bus,
                     unsigned lines, bool cgadd_is_known) {
    HdmaWrites result{{}, true};
    std::array<std::vector<RasterWrite>, kChannels> each;
    std::size_t total = 0;
    for (unsigned n = 0; n < kChannels; ++n) {
        if ((enabled >> n & 1u) == 0) continue;
        if (!walk(channels[n], bus, lines, each[n])) result.complete = false;
        total += each[n].size();
        if (std::ranges::find(each[n], kCgramAddress, &RasterWrite::reg) != each[n].end()) cgadd_is_known = false;
    }
    result.writes.reserve(total);
    // Channels do not see each other's writes, so each was followed alone; a line takes them in their order.
    std::array<std::size_t, kChannels> next{};
    for (unsigned line = 0; line < lines; ++line) {
        for (unsigned n = 0; n < kChannels; ++n) {
            for (; next[n] < each[n].size() && each[n][next[n]].line == line; ++next[n]) {
                const RasterWrite& write = each[n][next[n]];
                if (write.reg == kCgramAddress) cgadd_is_known = true;
                if (write.reg == kCgramData && !cgadd_is_known) result.complete = false;
                result.writes.push_back(write);
            }
        }
    }
    if (shows_old_latch(result.writes)) result.complete = false;
    return result;
}

}  // namespace halscope::snes
