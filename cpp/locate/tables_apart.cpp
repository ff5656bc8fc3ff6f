// Tables whose bytes stand in columns of their own; see table_finder.hpp.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "locate/fingerprint.hpp"
#include "locate/table_finder.hpp"

namespace halscope::locate {
namespace {

constexpr std::size_t kWindow = 7;          // entries that are looked at first
constexpr std::size_t kFewestWords = 4;     // of them that lead to strong starts in some bank
constexpr std::size_t kMostWindows = 8000;  // each takes two microseconds
constexpr std::int64_t kMostApart = 512;    // bytes from one column to the next
constexpr std::size_t kMostHighs = 8;       // columns of high bytes that are tried for one of banks

}  // namespace

template <typename Look>
void TableFinder::for_each_gap(std::int64_t at, const Entries& entries, Look look) const {
    constexpr std::size_t kLanes = sizeof(std::uint64_t);
    constexpr std::uint64_t kEach = 0x0101010101010101U;
    const std::span<const std::uint8_t> rom = space_.rom();
    const auto first = static_cast<std::size_t>(std::max<std::int64_t>(0, at - kMostApart));
    const std::size_t last = std::min(rom.size() - kWindow, static_cast<std::size_t>(at + kMostApart));
    std::array<std::uint8_t, 2 * kMostApart + 1 + 2 * kLanes> marks{};
    for (std::size_t k = 0; first + k < last + kWindow; ++k) marks[k] = entries[rom[first + k]];
    for (std::size_t end = last + 1; end > first;) {  // bytes before descend as distances ascend
        const std::size_t begin = end - std::min(end - first, kLanes);
        std::uint64_t hits = 0;
        for (std::size_t k = 0; k < kWindow; ++k) {
            std::uint64_t lanes;
            std::memcpy(&lanes, marks.data() + (begin - first) + k, sizeof lanes);
            hits += lanes >> k & kEach;
        }
        static_assert(kWindow < 8 && kFewestWords == 4);
        if ((hits & 4 * kEach) != 0) {
            for (std::size_t place = end; place-- > begin;) {
                const std::uint8_t* const mark = marks.data() + (place - first);
                std::size_t count = 0;
                for (std::size_t k = 0; k < kWindow; ++k) count += mark[k] >> k & 1U;
                const std::int64_t gap = at - static_cast<std::int64_t>(place);
                if (count < kFewestWords || std::abs(gap) < static_cast<std::int64_t>(kFewest)) continue;
                look(gap, ((mark[0] & 1) | (mark[1] & 2)) != 0, count);
            }
        }
        end = begin;
    }
}

TableFinder::Entries TableFinder::low_bytes(std::int64_t at) const {
    Entries entries{};
    for (std::size_t k = 0; k < kWindow; ++k) {
        const std::uint8_t* const leads = words_by_byte_.data() + 256 * space_.rom()[static_cast<std::size_t>(at) + k];
        for (std::size_t low = 0; low < entries.size(); ++low) {
            entries[low] = static_cast<std::uint8_t>(entries[low] | leads[low] << k);
        }
    }
    return entries;
}

TableFinder::Entries TableFinder::low_bytes(std::int64_t at, std::int64_t banks) const {
    Entries entries{};
    for (std::size_t k = 0; k < kWindow; ++k) {
        const unsigned high = space_.rom()[static_cast<std::size_t>(at) + k];
        const unsigned bank = space_.rom()[static_cast<std::size_t>(banks) + k];
        if (highs_[space_.same_bank(bank)][high] == 0) continue;
        for (unsigned low = 0; low < entries.size(); ++low) {
            const unsigned word = high << 8 | low;
            const bool leads = words_by_byte_[word] != 0 && space_.is_strong(word, bank);
            entries[low] = static_cast<std::uint8_t>(entries[low] | (leads ? 1U << k : 0U));
        }
    }
    return entries;
}

TableFinder::Entries TableFinder::high_bytes(std::int64_t banks) const {
    Entries entries{};
    for (std::size_t k = 0; k < kWindow; ++k) {
        const auto& highs = highs_[space_.same_bank(space_.rom()[static_cast<std::size_t>(banks) + k])];
        for (std::size_t high = 0; high < entries.size(); ++high) {
            entries[high] = static_cast<std::uint8_t>(entries[high] | highs[high] << k);
        }
    }
    return entries;
}

std::vector<Table> TableFinder::apart() const {
    const std::span<const std::uint8_t> rom = space_.rom();
    if (rom.size() < 3 * kWindow) return {};
    const bool by_banks = space_.has_lower_half();
    const std::vector<std::size_t> windows = windows_apart(by_banks);
    const std::size_t every = windows.size() / kMostWindows + 1;
    std::vector<std::vector<Table>> found(windows.size() / every + 1);
    for_each_part(found.size(), work_, [&](std::size_t part) {
        const std::size_t number = part * every;
        if (number < windows.size()) look_apart(static_cast<std::int64_t>(windows[number]), by_banks, found[part]);
    });
    std::vector<Table> tables;
    for (const auto& some : found) tables.insert(tables.end(), some.begin(), some.end());
    std::stable_sort(tables.begin(), tables.end(), [](const Table& a, const Table& b) { return a.score > b.score; });
    return tables;
}

std::vector<std::size_t> TableFinder::windows_apart(bool by_banks) const {
    const std::span<const std::uint8_t> rom = space_.rom();
    // A table of two windows contains a whole one whatever the step; in a small ROM one is enough.
    const std::size_t step = std::clamp<std::size_t>(rom.size() >> 19, 1, kWindow);
    const std::size_t count = (rom.size() - kWindow) / step + 1;
    const std::size_t of_part = kPartBytes / step;
    const unsigned different = by_banks ? 2 : 5;
    // A bit of each byte that must be 1, and those that must be equal, in all bytes of a window at once.
    const auto each = [](std::uint8_t byte) {
        std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
        std::fill_n(bytes.begin(), kWindow, byte);
        return std::bit_cast<std::uint64_t>(bytes);
    };
    const std::uint64_t ones = each(by_banks ? 0 : 0x80);
    const std::uint64_t equal = each(by_banks ? 0xC0 : 0);
    std::vector<std::vector<std::size_t>> parts((count + of_part - 1) / of_part);
    for_each_part(parts.size(), work_, [&](std::size_t part) {
        for (std::size_t k = part * of_part; k < std::min(count, (part + 1) * of_part); ++k) {
            const auto window = rom.subspan(k * step, kWindow);
            std::uint64_t bytes = 0;
            std::memcpy(&bytes, window.data(), kWindow);
            if ((bytes & ones) != ones || ((bytes ^ each(window[0])) & equal) != 0) continue;
            if (distinct_bytes(window, different) >= different) parts[part].push_back(k * step);
        }
    });
    std::vector<std::size_t> windows;
    for (const auto& some : parts) windows.insert(windows.end(), some.begin(), some.end());
    return windows;
}

void TableFinder::look_apart(std::int64_t at, bool by_banks, std::vector<Table>& tables) const {
    std::optional<Met> met;
    const auto families = [&]() -> Met& { return met ? *met : met.emplace(families_ + 1); };
    // One of the first two entries leads to a start, so that a table is met near its beginning.
    if (!by_banks) {
        for_each_gap(at, low_bytes(at), [&](std::int64_t gap, bool begins, std::size_t) {
            if (begins) add_apart(at - gap, at, std::nullopt, families(), tables);
        });
        return;
    }
    // Most high bytes that fit the banks do so by chance where banks are full of starts: the best are tried.
    std::vector<std::pair<std::size_t, std::int64_t>> highs;  // how many bytes do not fit, and the distance
    for_each_gap(at, high_bytes(at), [&](std::int64_t gap, bool, std::size_t count) {
        if (count > kFewestWords) highs.emplace_back(kWindow - count, gap);
    });
    std::stable_sort(highs.begin(), highs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    if (highs.size() > kMostHighs) highs.resize(kMostHighs);
    for (const auto& [misses, distance] : highs) {
        const std::int64_t high = at - distance;
        for_each_gap(high, low_bytes(high, at), [&](std::int64_t gap, bool begins, std::size_t) {
            if (begins) add_apart(high - gap, high, at, families(), tables);
        });
    }
}

void TableFinder::add_apart(std::int64_t low, std::int64_t high, std::optional<std::int64_t> banks, Met& families,
                            std::vector<Table>& tables) const {
    Layout layout{static_cast<std::uint32_t>(low), 1};
    layout.high = static_cast<std::int32_t>(high - low);
    const double chances = 2.0 * kMostApart;
    std::optional<Table> table;
    if (banks) {
        layout.column = static_cast<std::uint32_t>(*banks);
        layout.column_stride = 1;
        table = measured(layout, families);
        table->score -= static_cast<float>(std::log(chances));  // of the banks; below, that of the high bytes
    } else {
        const auto [entries, score] = run_of(layout);
        if (score >= kSeed + static_cast<float>(std::log(chances))) {
            table = with_column(layout, entries, kNear, families);
        }
    }
    if (!table) return;
    table->score -= static_cast<float>(std::log(chances));
    if (table->score >= threshold_) tables.push_back(*table);
}

std::pair<std::uint32_t, float> TableFinder::run_of(const Layout& layout) const noexcept {
    float score = 0;
    float peak = 0;
    std::uint32_t entries = 0;
    for (std::uint32_t k = 0; k < kMostEntries && has_word(layout, k); ++k) {
        score += space_.strong_words().contains(word_of(layout, k)) ? hit_ : miss_;
        if (score > peak) entries = k + 1;
        peak = std::max(peak, score);
        if (score < peak - 2 * hit_) break;
    }
    return {entries, peak};
}

}  // namespace halscope::locate
