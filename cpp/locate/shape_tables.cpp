// Tables of words whose bank is one for all or stands in a column of its own; see shape_space.hpp.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "locate/fingerprint.hpp"
#include "locate/shape_space.hpp"

namespace halscope::locate {
namespace {

constexpr std::uint32_t kLeastStride = 2;
constexpr std::uint32_t kMostStride = 32;
constexpr std::size_t kPartBytes = std::size_t{1} << 17;  // of ROM
constexpr std::uint32_t kStridesOfPart = 4;  // they share what is read of the ROM: a block of so many words of 64 bits
constexpr std::size_t kBlockWords = 1024;
constexpr double kLeadsToStart = 0.8;  // chance that an entry of a true table leads to a strong start
constexpr float kSeed = 12;            // nats from which a run of words is worth looking for its banks
constexpr float kLongSeed = 30;        // nats from which the banks may be far away
constexpr std::size_t kNear = 0x800;
constexpr std::size_t kFar = 0x10000;
constexpr std::size_t kMostSeeds = 512;     // strongest first
constexpr std::size_t kMostLongSeeds = 48;  // each takes half a millisecond
constexpr std::size_t kMostEntries = 4096;  // of a table
constexpr std::size_t kPadding = 128;       // bits after the last position, so that shifts need no check
constexpr std::uint32_t kFewest = 3;        // different families

// Of bytes apart:
constexpr std::size_t kWindow = 7;          // entries that are looked at first
constexpr std::size_t kFewestWords = 4;     // of them that lead to strong starts in some bank
constexpr std::size_t kMostWindows = 8000;  // each takes two microseconds
constexpr std::int64_t kMostApart = 512;    // bytes from one column to the next

constexpr std::uint32_t kNoColumn = kNoPlace;

// Where the entries of a table are. The low byte of entry k is at `first + k * stride`, its high byte `high` further
// on; its bank is `bank`, or at `column + k * column_stride`.
struct Layout {
    std::uint32_t first = 0;
    std::uint32_t stride = 0;
    std::uint32_t column = kNoColumn;
    std::uint32_t column_stride = 0;
    unsigned bank = 0;
    std::int32_t high = 1;
};

struct Table {
    Layout layout;
    float score = 0;
    std::int64_t begin = 0;  // entries, counted from `first`
    std::int64_t end = 0;
};

struct Seed {
    std::uint32_t first;
    std::uint32_t stride;
    std::uint32_t entries;
    float score;
};

// Numbers that were met since the last reset.
class Met {
  public:
    explicit Met(std::size_t size) : stamps_(size, 0) {}
    void reset() noexcept { ++stamp_; }
    // Returns whether it is new.
    bool meet(std::size_t number) noexcept { return std::exchange(stamps_[number], stamp_) != stamp_; }

  private:
    std::vector<std::uint32_t> stamps_;
    std::uint32_t stamp_ = 1;
};

class Finder {
  public:
    Finder(const Space& space, const Claims& claims, const Work& work)
        : space_(space), claims_(claims), work_(work), leads_(space.rom().size() + kPadding) {
        collect_words();
        const auto positions = static_cast<double>(std::max<std::size_t>(space.rom().size(), 1));
        const double any = std::min(0.5, (static_cast<double>(word_count_) + 0.5) / positions);
        hit_ = static_cast<float>(std::log(kLeadsToStart / any));
        miss_ = static_cast<float>(std::log((1 - kLeadsToStart) / (1 - any)));
        for (unsigned bank = 0; bank < kBanks; ++bank) {
            const double chance = std::min(0.5, (static_cast<double>(bank_counts_[bank]) + 0.5) / positions);
            bank_hit_[bank] = static_cast<float>(std::log(kLeadsToStart / chance));
        }
        bank_miss_ = static_cast<float>(std::log(1 - kLeadsToStart));
        threshold_ = static_cast<float>(std::log(positions * (kMostStride - kLeastStride + 1) / kAccidents));
        for (std::size_t word = 0; word < kWords; ++word) {
            words_by_byte_[word] = space.strong_words().contains(word) ? 1 : 0;
        }
        for (const std::uint32_t family : space.starts().families) families_ = std::max<std::size_t>(families_, family);
    }

    // Finds runs of words: seeds, strongest first, and tables of one bank, likewise.
    void search(std::vector<Seed>& all_seeds, std::vector<Table>& all_tables) const {
        std::vector<std::vector<Table>> tables(kMostStride + 1);
        std::vector<std::vector<Seed>> seeds(kMostStride + 1);
        for_each_part((kMostStride - kLeastStride) / kStridesOfPart + 1, work_, [&](std::size_t part) {
            const auto first = static_cast<std::uint32_t>(kLeastStride + part * kStridesOfPart);
            const std::uint32_t end = std::min(first + kStridesOfPart, kMostStride + 1);
            find_runs(first, end, tables, seeds);
        });
        for (std::uint32_t stride = kLeastStride; stride <= kMostStride; ++stride) {
            all_tables.insert(all_tables.end(), tables[stride].begin(), tables[stride].end());
            all_seeds.insert(all_seeds.end(), seeds[stride].begin(), seeds[stride].end());
        }
        const auto stronger = [](const auto& a, const auto& b) { return a.score > b.score; };
        std::stable_sort(all_seeds.begin(), all_seeds.end(), stronger);
        if (all_seeds.size() > kMostSeeds) all_seeds.resize(kMostSeeds);
        std::stable_sort(all_tables.begin(), all_tables.end(), stronger);
    }

    // The table of a seed, with the column of banks that fits it best, if any fits.
    [[nodiscard]] std::optional<Table> with_column(const Seed& seed, bool is_far, Met& families) const {
        const Layout words{seed.first, seed.stride};
        return with_column(words, seed.entries, is_far && seed.score >= kLongSeed ? kFar : kNear, families);
    }

    [[nodiscard]] Met families() const { return Met(families_ + 1); }

    // Whether a stronger table has most of its words.
    [[nodiscard]] bool is_claimed(const Seed& seed) const noexcept {
        std::uint32_t claimed = 0;
        for (std::uint32_t k = 0; k < seed.entries; ++k) {
            claimed += claims_.has(seed.first + std::size_t{k} * seed.stride) ? 1 : 0;
        }
        return claimed > seed.entries / 3;
    }

    [[nodiscard]] std::optional<unsigned> bank_of(const Layout& layout, std::int64_t entry) const noexcept {
        if (layout.column == kNoColumn) return layout.bank;
        const std::int64_t at = layout.column + entry * layout.column_stride;
        if (at < 0 || at >= static_cast<std::int64_t>(space_.rom().size())) return std::nullopt;
        return space_.rom()[static_cast<std::size_t>(at)];
    }

    [[nodiscard]] bool has_word(const Layout& layout, std::int64_t entry) const noexcept {
        const std::int64_t at = layout.first + entry * layout.stride;
        const auto size = static_cast<std::int64_t>(space_.rom().size());
        return at >= 0 && at < size && at + layout.high >= 0 && at + layout.high < size;
    }
    [[nodiscard]] static std::size_t place_of(const Layout& layout, std::int64_t entry) noexcept {
        return static_cast<std::size_t>(layout.first + entry * layout.stride);
    }
    [[nodiscard]] static std::size_t high_place_of(const Layout& layout, std::int64_t entry) noexcept {
        return static_cast<std::size_t>(layout.first + entry * layout.stride + layout.high);
    }
    [[nodiscard]] unsigned word_of(const Layout& layout, std::int64_t entry) const noexcept {
        return space_.rom()[place_of(layout, entry)] | unsigned{space_.rom()[high_place_of(layout, entry)]} << 8;
    }

    // Tables of bytes apart. One column is found by its values: that of the high bytes where only those from 80 on lead
    // to ROM, else that of the banks, and then the columns must be equally far from each other.
    [[nodiscard]] std::vector<Table> apart() const {
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
        std::stable_sort(tables.begin(), tables.end(),
                         [](const Table& a, const Table& b) { return a.score > b.score; });
        return tables;
    }

  private:
    // Where a column of high bytes, or of banks, may begin.
    [[nodiscard]] std::vector<std::size_t> windows_apart(bool by_banks) const {
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

    void look_apart(std::int64_t at, bool by_banks, std::vector<Table>& tables) const {
        std::optional<Met> families;
        const auto look = [&](std::int64_t gap) {
            if (!families) families.emplace(families_ + 1);
            add_apart(at, gap, by_banks, *families, tables);
        };
        if (by_banks) {
            for_each_gap_of_banks(at, look);
        } else {
            for_each_gap_of_high_bytes(at, look);
        }
    }

    // Calls `look` for each distance, ascending, at which the high bytes before the banks at `at`, and the low bytes
    // before those, make enough addresses of strong starts.
    template <typename Look>
    void for_each_gap_of_banks(std::int64_t at, Look look) const {
        const auto size = static_cast<std::int64_t>(space_.rom().size());
        const auto byte = [&](std::int64_t place) { return space_.rom()[static_cast<std::size_t>(place)]; };
        for (std::int64_t gap = -kMostApart; gap <= kMostApart; ++gap) {
            if (std::abs(gap) < static_cast<std::int64_t>(kFewest)) continue;
            const std::int64_t low = at - 2 * gap;
            if (low < 0 || std::max(low, at) + static_cast<std::int64_t>(kWindow) > size) continue;
            std::size_t hits = 0;
            for (std::int64_t k = 0; k < static_cast<std::int64_t>(kWindow); ++k) {
                const unsigned word = byte(low + k) | unsigned{byte(low + gap + k)} << 8;
                if (space_.strong_words().contains(word) && space_.is_strong(word, byte(at + k))) ++hits;
                if (k == 1 && hits == 0) break;
            }
            if (hits >= kFewest) look(gap);
        }
    }

    // The same for low bytes before the high bytes at `at`, which make words of strong starts. All low bytes that come
    // into question are marked with the entries whose high byte they fit; then eight distances are counted at once.
    template <typename Look>
    void for_each_gap_of_high_bytes(std::int64_t at, Look look) const {
        constexpr std::size_t kLanes = sizeof(std::uint64_t);
        constexpr std::uint64_t kEach = 0x0101010101010101U;
        const std::span<const std::uint8_t> rom = space_.rom();
        std::array<std::uint8_t, 256> entries{};  // by low byte, a bit for each entry
        for (std::size_t k = 0; k < kWindow; ++k) {
            const std::uint8_t* const leads = words_by_byte_.data() + 256 * rom[static_cast<std::size_t>(at) + k];
            for (std::size_t low = 0; low < entries.size(); ++low) {
                entries[low] = static_cast<std::uint8_t>(entries[low] | leads[low] << k);
            }
        }
        const auto first = static_cast<std::size_t>(std::max<std::int64_t>(0, at - kMostApart));
        const std::size_t last = std::min(rom.size() - kWindow, static_cast<std::size_t>(at + kMostApart));
        std::array<std::uint8_t, 2 * kMostApart + 1 + 2 * kLanes> marks{};
        for (std::size_t k = 0; first + k < last + kWindow; ++k) marks[k] = entries[rom[first + k]];
        for (std::size_t end = last + 1; end > first;) {  // low bytes descend as distances ascend
            const std::size_t begin = end - std::min(end - first, kLanes);
            std::uint64_t hits = 0;
            for (std::size_t k = 0; k < kWindow; ++k) {
                std::uint64_t lanes;
                std::memcpy(&lanes, marks.data() + (begin - first) + k, sizeof lanes);
                hits += lanes >> k & kEach;
            }
            static_assert(kWindow < 8 && kFewestWords == 4);
            if ((hits & 4 * kEach) != 0) {
                for (std::size_t low = end; low-- > begin;) {
                    const std::uint8_t* const mark = marks.data() + (low - first);
                    int count = 0;
                    for (std::size_t k = 0; k < kWindow; ++k) count += mark[k] >> k & 1;
                    const std::int64_t gap = at - static_cast<std::int64_t>(low);
                    if (std::abs(gap) < static_cast<std::int64_t>(kFewest)) continue;
                    // One of the first two leads to a start, so that a table is met near its beginning.
                    const bool begins = ((mark[0] & 1) | (mark[1] & 2)) != 0;
                    if (count >= static_cast<int>(kFewestWords) && begins) look(gap);
                }
            }
            end = begin;
        }
    }

    // Adds the table that has its columns so far from each other, if it is one.
    void add_apart(std::int64_t at, std::int64_t gap, bool by_banks, Met& families, std::vector<Table>& tables) const {
        Layout layout{static_cast<std::uint32_t>(by_banks ? at - 2 * gap : at - gap), 1};
        layout.high = static_cast<std::int32_t>(gap);
        const double chances = 2.0 * kMostApart;
        std::optional<Table> table;
        if (by_banks) {
            layout.column = static_cast<std::uint32_t>(at);
            layout.column_stride = 1;
            table = measured(layout, families);
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

    // A run of words from its first to where the evidence is highest: its entries, and the evidence.
    [[nodiscard]] std::pair<std::uint32_t, float> run_of(const Layout& layout) const noexcept {
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

    // Marks every position whose word leads to a strong start in some bank, unless it is claimed.
    void collect_words() {
        const std::span<const std::uint8_t> rom = space_.rom();
        if (rom.size() < 2) return;
        const WordSet& set = space_.strong_words();
        const std::size_t last = rom.size() - 1;
        for_each_part((last + kPartBytes - 1) / kPartBytes, work_, [&](std::size_t part) {
            const std::size_t end = std::min(last, (part + 1) * kPartBytes);
            for (std::size_t from = part * kPartBytes; from < end; from += 64) {
                std::uint64_t bits = 0;
                const std::size_t count = std::min<std::size_t>(64, end - from);
                for (std::size_t k = 0; k < count; ++k) {
                    bits |= std::uint64_t{set.contains(space_.word_at(from + k)) ? 1U : 0U} << k;
                }
                for (std::uint64_t left = bits; left != 0; left &= left - 1) {
                    const auto k = static_cast<std::size_t>(std::countr_zero(left));
                    if (claims_.has(from + k) || claims_.has(from + k + 1)) bits &= ~(std::uint64_t{1} << k);
                }
                leads_.set_word(from / 64, bits);
            }
        });
        for (std::size_t word = 0; word < leads_.words(); ++word) {
            for (std::uint64_t left = leads_.word(word); left != 0; left &= left - 1) {
                ++word_count_;
                const std::size_t at = 64 * word + static_cast<std::size_t>(std::countr_zero(left));
                for (const std::uint8_t bank : space_.banks_of(space_.word_at(at))) ++bank_counts_[bank];
            }
        }
    }

    [[nodiscard]] bool leads_anywhere(std::size_t at) const noexcept {
        return at + 1 < space_.rom().size() && leads_.contains(at);
    }

    // Calls `visit` for each position that leads somewhere, and one or two strides further on too; those of the words
    // [begin, end) of 64 positions.
    template <typename Visit>
    void for_each_begin(std::uint32_t stride, std::size_t begin, std::size_t end, Visit visit) const {
        const auto shifted = [this](std::size_t word, std::uint32_t by) {
            const std::size_t first = word + by / 64;
            return leads_.word(first) >> (by % 64) | leads_.word(first + 1) << 1 << (63 - by % 64);
        };
        for (std::size_t word = begin; word < std::min(end, leads_.words() - 2); ++word) {
            if (leads_.word(word) == 0) continue;
            std::uint64_t bits = leads_.word(word) & (shifted(word, stride) | shifted(word, 2 * stride));
            for (; bits != 0; bits &= bits - 1) visit(64 * word + static_cast<std::size_t>(std::countr_zero(bits)));
        }
    }

    // Runs of words at the strides [first, end): those that lead into one bank are tables, others are seeds.
    void find_runs(std::uint32_t first, std::uint32_t end, std::vector<std::vector<Table>>& tables,
                   std::vector<std::vector<Seed>>& seeds) const {
        Met met(kWords);
        Met families(families_ + 1);
        std::vector<Seeded> seeded(end);
        for (std::uint32_t stride = first; stride < end; ++stride) seeded[stride].done.assign(stride, 0);
        for (std::size_t word = 0; word < leads_.words(); word += kBlockWords) {
            stop_if_cancelled(work_.cancel);
            for (std::uint32_t stride = first; stride < end; ++stride) {
                for_each_begin(stride, word, word + kBlockWords, [&](std::size_t at) {
                    add_tables(at, stride, families, tables[stride]);
                    add_seed(at, stride, met, seeded[stride], seeds[stride]);
                });
            }
        }
    }

    // The tables of one bank that begin at a position.
    void add_tables(std::size_t at, std::uint32_t stride, Met& families, std::vector<Table>& tables) const {
        const auto banks_at = [this](std::size_t place) {
            return leads_anywhere(place) ? space_.bank_bits_of(space_.word_at(place)) : 0;
        };
        const unsigned word = space_.word_at(at);
        if ((space_.bank_bits_of(word) & (banks_at(at + stride) | banks_at(at + 2 * stride))) == 0) return;
        for (const std::uint8_t bank : space_.banks_of(word)) {
            const auto leads = [&](std::size_t place) {
                return leads_anywhere(place) && space_.is_strong(space_.word_at(place), bank);
            };
            if (!leads(at + stride) && !leads(at + 2 * stride)) continue;
            if ((at >= stride && leads(at - stride)) || (at >= 2 * stride && leads(at - 2 * stride))) continue;
            const Layout layout{static_cast<std::uint32_t>(at), stride, kNoColumn, 0, bank};
            Table table = measured(layout, families);
            table.score -= static_cast<float>(std::log(space_.banks().size()));
            if (table.score >= threshold_) tables.push_back(table);
        }
    }

    // What is in seeds of one stride already.
    struct Seeded {
        std::vector<std::uint32_t> done;  // by phase: the words before this
        std::uint32_t furthest = 0;       // of these
    };

    void add_seed(std::size_t at, std::uint32_t stride, Met& met, Seeded& seeded, std::vector<Seed>& seeds) const {
        if (!leads_anywhere(at + stride) || (at < seeded.furthest && at < seeded.done[at % stride])) return;
        met.reset();
        float score = 0;
        float peak = 0;
        std::uint32_t entries = 0;
        for (std::uint32_t k = 0; k < kMostEntries; ++k) {
            const std::size_t place = at + std::size_t{k} * stride;
            if (place + 1 >= space_.rom().size()) break;
            const unsigned word = space_.word_at(place);
            if (leads_.contains(place) && met.meet(word)) {
                score += hit_;
                if (score > peak) entries = k + 1;
                peak = std::max(peak, score);
            } else {  // a repeated word is no miss, but padding must come to an end
                score += leads_.contains(place) ? miss_ / 4 : miss_;
                if (score <= 0 || score < peak - 2 * hit_) break;
            }
        }
        if (peak < kSeed) return;
        seeds.push_back({static_cast<std::uint32_t>(at), stride, entries, peak});
        seeded.done[at % stride] = static_cast<std::uint32_t>(at + std::size_t{entries} * stride);
        seeded.furthest = std::max(seeded.furthest, seeded.done[at % stride]);
    }

    // Scores a table both ways from its first entry.
    [[nodiscard]] Table measured(const Layout& layout, Met& families) const {
        families.reset();
        Table table{layout, 0, 0, 0};
        std::uint32_t different = 0;
        for (const int step : {1, -1}) {
            float score = table.score;
            float peak = score;
            std::uint32_t met_at_peak = different;
            for (std::int64_t entry = step > 0 ? 0 : -1; std::abs(entry) < static_cast<std::int64_t>(kMostEntries);
                 entry += step) {
                const auto bank = bank_of(layout, entry);
                if (!bank || !has_word(layout, entry)) break;
                const std::size_t place = place_of(layout, entry);
                const unsigned word = word_of(layout, entry);
                if (!space_.is_strong(word, *bank) || claims_.has(place) || claims_.has(high_place_of(layout, entry))) {
                    score += bank_miss_;
                    if (score <= 0 || score < peak - 2 * hit_) break;
                    continue;
                }
                if (!families.meet(space_.starts().families[space_.start_of(word, *bank)])) continue;
                ++different;
                score += bank_hit_[space_.same_bank(*bank)];
                if (score <= peak) continue;
                peak = score;
                met_at_peak = different;
                (step > 0 ? table.end : table.begin) = step > 0 ? entry + 1 : entry;
            }
            table.score = peak;
            different = met_at_peak;
        }
        if (different < kFewest) table.score = 0;
        return table;
    }

    [[nodiscard]] std::optional<Table> with_column(const Layout& words, std::uint32_t entries, std::size_t reach,
                                                   Met& families) const {
        constexpr std::size_t kMostTested = 24;
        struct Tested {
            std::uint32_t entry;
            std::array<std::uint64_t, 4> banks{};  // bit set
        };
        std::vector<Tested> tested;
        std::array<unsigned, kMostTested> met{};
        for (std::uint32_t k = 0; k < entries && tested.size() < kMostTested; ++k) {
            const unsigned word = word_of(words, k);
            const auto end = met.begin() + static_cast<std::ptrdiff_t>(tested.size());
            if (!space_.strong_words().contains(word) || std::find(met.begin(), end, word) != end) continue;
            met[tested.size()] = word;
            Tested one{k, {}};
            for (unsigned bank = 0; bank < kBanks; ++bank) {
                if (space_.is_strong(word, bank)) one.banks[bank / 64] |= std::uint64_t{1} << (bank % 64);
            }
            tested.push_back(one);
        }
        if (tested.size() < kFewest) return std::nullopt;
        const std::size_t allowed = tested.size() / 4;
        const std::span<const std::uint8_t> rom = space_.rom();
        const std::size_t words_end = words.first + std::size_t{entries} * words.stride;
        const std::size_t from = words.first - std::min<std::size_t>(words.first, reach);
        const std::size_t until = std::min(rom.size(), words_end + reach);
        float best = 0;
        std::optional<Table> result;
        std::array<std::uint32_t, 3> strides{1, 2, words.stride};
        for (std::size_t n = 0; n < strides.size(); ++n) {
            const std::uint32_t stride = strides[n];
            if (n == 2 && stride <= 2) continue;
            const std::size_t span = std::size_t{stride} * tested.back().entry;
            for (std::size_t column = from; column + span < until; ++column) {
                std::size_t misses = 0;
                std::size_t hits = 0;
                bool differ = false;
                unsigned before = kBanks;
                for (const Tested& one : tested) {
                    const unsigned bank = rom[column + std::size_t{stride} * one.entry];
                    const bool fits = (one.banks[bank / 64] >> (bank % 64) & 1) != 0;
                    hits += fits ? 1 : 0;
                    differ = differ || (fits && before != kBanks && bank != before);
                    before = fits ? bank : before;
                    misses += fits ? 0 : 1;
                    if (misses > allowed) break;
                }
                if (misses > allowed || hits < kFewest || !differ) continue;
                if (overlaps(words, entries, column, stride)) continue;
                Layout layout = words;
                layout.column = static_cast<std::uint32_t>(column);
                layout.column_stride = stride;
                Table table = measured(layout, families);
                const std::size_t gap =
                    column < words.first ? words.first - column : column - std::min(column, words_end);
                table.score -= static_cast<float>(std::log(3.0 * (64 + 2.0 * static_cast<double>(gap))));
                if (table.score < threshold_ || table.score <= best) continue;
                best = table.score;
                result = table;
            }
        }
        return result;
    }

    // Whether a column of banks would share bytes with the words.
    [[nodiscard]] static bool overlaps(const Layout& words, std::uint32_t entries, std::size_t column,
                                       std::uint32_t stride) {
        for (const std::int64_t first : {std::int64_t{words.first}, words.first + std::int64_t{words.high}}) {
            const auto begin = static_cast<std::int64_t>(column);
            const bool meets =
                begin < first + std::int64_t{entries} * words.stride && begin + std::int64_t{entries} * stride > first;
            if (meets && (stride != words.stride || (begin - first) % stride == 0)) return true;
        }
        return false;
    }

    const Space& space_;
    const Claims& claims_;
    const Work& work_;
    OffsetSet leads_;  // positions whose word leads to a strong start in some bank
    std::size_t word_count_ = 0;
    std::array<std::size_t, kBanks> bank_counts_{};
    float hit_ = 0;
    float miss_ = 0;
    float bank_miss_ = 0;
    float threshold_ = 0;
    std::array<float, kBanks> bank_hit_{};
    std::vector<std::uint8_t> words_by_byte_ = std::vector<std::uint8_t>(kWords);  // 1: it leads to a strong start
    std::size_t families_ = 0;
};

// Whether two tables of one stride have words in common.
bool share_words(const Table& a, const Table& b) noexcept {
    const std::uint32_t stride = a.layout.stride;
    if (b.layout.stride != stride || a.layout.first % stride != b.layout.first % stride) return false;
    const auto begin = [](const Table& one) { return one.layout.first + one.begin * one.layout.stride; };
    const auto end = [](const Table& one) { return one.layout.first + one.end * one.layout.stride; };
    return begin(a) < end(b) && begin(b) < end(a);
}

// Adds the entries of a table as a group, unless most of it is claimed.
void add_table(const Space& space, const Finder& finder, const Table& table, Claims& claims, FoundShapes& found) {
    const Layout& layout = table.layout;
    std::int64_t begin = table.begin;
    std::int64_t end = table.end;
    const auto likely = [&](std::int64_t entry) {
        const auto bank = finder.bank_of(layout, entry);
        return bank && finder.has_word(layout, entry) && space.is_likely(finder.word_of(layout, entry), *bank);
    };
    while (likely(begin - 1)) --begin;
    while (likely(end)) ++end;
    const auto group = static_cast<std::uint32_t>(found.groups.size());
    std::vector<ShapedReference> entries;
    std::size_t claimed = 0;
    for (std::int64_t entry = begin; entry < end; ++entry) {
        if (!likely(entry)) continue;
        const std::size_t at = Finder::place_of(layout, entry);
        const std::size_t high = Finder::high_place_of(layout, entry);
        if (claims.has(at) || claims.has(high)) {
            ++claimed;
            continue;
        }
        const unsigned bank = *finder.bank_of(layout, entry);
        const unsigned word = finder.word_of(layout, entry);
        const bool in_column = layout.column != kNoColumn;
        const auto place = static_cast<std::uint32_t>(layout.column + entry * layout.column_stride);
        entries.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(high),
                           in_column ? place : kNoPlace, bank << 16 | word, space.start_of(word, bank), group});
    }
    if (claimed > entries.size() || entries.size() < kFewest) return;
    for (const ShapedReference& one : entries) {
        claims.take(one.low);
        claims.take(one.high);
        if (one.bank != kNoPlace) claims.take(one.bank);
    }
    const bool adjacent = layout.column_stride == layout.stride && layout.column == layout.first + 2;
    const Shape shape = layout.high != 1             ? kParallel
                        : layout.column == kNoColumn ? kWord
                        : adjacent                   ? kLong
                                                     : kWordAndBank;
    found.groups.push_back({table.score, layout.stride, shape});
    found.references.insert(found.references.end(), entries.begin(), entries.end());
}

}  // namespace

void find_word_tables(const Space& space, Claims& claims, FoundShapes& found, const Work& work) {
    const Finder finder(space, claims, work);
    std::vector<Seed> seeds;
    std::vector<Table> tables;
    finder.search(seeds, tables);
    std::size_t looked_far = 0;
    Met families = finder.families();
    for (const Seed& seed : seeds) {
        stop_if_cancelled(work.cancel);
        if (finder.is_claimed(seed)) continue;
        const auto table = finder.with_column(seed, looked_far++ < kMostLongSeeds, families);
        // A column that leads to no more than one bank for all does not exist: something else chooses the bank.
        const auto simpler = [&](const Table& other) {
            return other.score >= table->score && share_words(other, *table);
        };
        if (!table || std::any_of(tables.begin(), tables.end(), simpler)) continue;
        add_table(space, finder, *table, claims, found);
    }
    for (const Table& table : finder.apart()) add_table(space, finder, table, claims, found);
    for (const Table& table : tables) add_table(space, finder, table, claims, found);
}

}  // namespace halscope::locate
