// Tables of words whose bank is one for all or stands in a column of its own; see shape_space.hpp.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

#include "locate/shape_space.hpp"

namespace halscope::locate {
namespace {

constexpr std::uint32_t kLeastStride = 2;
constexpr std::uint32_t kMostStride = 32;
constexpr std::size_t kPartBytes = std::size_t{1} << 17;  // of ROM
constexpr double kLeadsToStart = 0.8;  // chance that an entry of a true table leads to a strong start
constexpr float kSeed = 12;            // nats from which a run of words is worth looking for its banks
constexpr float kLongSeed = 30;        // nats from which the banks may be far away
constexpr std::size_t kNear = 0x800;
constexpr std::size_t kFar = 0x10000;
constexpr std::size_t kMostSeeds = 512;      // strongest first
constexpr std::size_t kMostLongSeeds = 48;   // each takes half a millisecond
constexpr std::size_t kMostEntries = 4096;   // of a table
constexpr std::uint32_t kFewest = 3;         // different families

constexpr std::uint32_t kNoColumn = kNoPlace;

// Where the entries of a table are. The word of entry k is at `first + k * stride`; its bank is `bank`, or at
// `column + k * column_stride`.
struct Layout {
    std::uint32_t first = 0;
    std::uint32_t stride = 0;
    std::uint32_t column = kNoColumn;
    std::uint32_t column_stride = 0;
    unsigned bank = 0;
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
    Finder(const Space& space, const Work& work) : space_(space), work_(work) {
        collect_words();
        const auto positions = static_cast<double>(std::max<std::size_t>(space.rom().size(), 1));
        const double any = std::min(0.5, (static_cast<double>(words_.size()) + 0.5) / positions);
        hit_ = static_cast<float>(std::log(kLeadsToStart / any));
        miss_ = static_cast<float>(std::log((1 - kLeadsToStart) / (1 - any)));
        std::vector<std::size_t> counts(kBanks, 0);
        for (const std::uint32_t at : words_) {
            for (const std::uint8_t bank : space.banks_of(space.word_at(at))) ++counts[bank];
        }
        for (unsigned bank = 0; bank < kBanks; ++bank) {
            const double chance = std::min(0.5, (static_cast<double>(counts[bank]) + 0.5) / positions);
            bank_hit_[bank] = static_cast<float>(std::log(kLeadsToStart / chance));
        }
        bank_miss_ = static_cast<float>(std::log(1 - kLeadsToStart));
        threshold_ = static_cast<float>(std::log(positions * (kMostStride - kLeastStride + 1) / kAccidents));
        for (const std::uint32_t family : space.starts().families) families_ = std::max<std::size_t>(families_, family);
    }

    [[nodiscard]] std::vector<Table> tables() {
        std::vector<std::vector<Table>> tables(kMostStride + 1);
        std::vector<std::vector<Seed>> seeds(kMostStride + 1);
        for_each_part(kMostStride - kLeastStride + 1, work_, [&](std::size_t k) {
            const auto stride = static_cast<std::uint32_t>(k + kLeastStride);
            find_runs(stride, tables[stride], seeds[stride]);
        });
        std::vector<Table> all;
        std::vector<Seed> ordered;
        for (std::uint32_t stride = 0; stride <= kMostStride; ++stride) {
            all.insert(all.end(), tables[stride].begin(), tables[stride].end());
            ordered.insert(ordered.end(), seeds[stride].begin(), seeds[stride].end());
        }
        std::stable_sort(ordered.begin(), ordered.end(), [](const Seed& a, const Seed& b) { return a.score > b.score; });
        if (ordered.size() > kMostSeeds) ordered.resize(kMostSeeds);
        std::vector<std::optional<Table>> found(ordered.size());
        for_each_part(ordered.size(), work_, [&](std::size_t k) {
            found[k] = with_column(ordered[k], k < kMostLongSeeds && ordered[k].score >= kLongSeed ? kFar : kNear);
        });
        for (const auto& table : found) {
            if (table) all.push_back(*table);
        }
        std::stable_sort(all.begin(), all.end(), [](const Table& a, const Table& b) { return a.score > b.score; });
        return all;
    }

    [[nodiscard]] std::optional<unsigned> bank_of(const Layout& layout, std::int64_t entry) const noexcept {
        if (layout.column == kNoColumn) return layout.bank;
        const std::int64_t at = layout.column + entry * layout.column_stride;
        if (at < 0 || at >= static_cast<std::int64_t>(space_.rom().size())) return std::nullopt;
        return space_.rom()[static_cast<std::size_t>(at)];
    }

    [[nodiscard]] bool has_word(const Layout& layout, std::int64_t entry) const noexcept {
        const std::int64_t at = layout.first + entry * layout.stride;
        return at >= 0 && at + 1 < static_cast<std::int64_t>(space_.rom().size());
    }
    [[nodiscard]] static std::size_t place_of(const Layout& layout, std::int64_t entry) noexcept {
        return static_cast<std::size_t>(layout.first + entry * layout.stride);
    }

  private:
    // Every position whose word leads to a strong start in some bank. Ascending.
    void collect_words() {
        const std::span<const std::uint8_t> rom = space_.rom();
        if (rom.size() < 2) return;
        const WordSet& set = space_.strong_words();
        std::vector<std::vector<std::uint32_t>> found((rom.size() - 1 + kPartBytes - 1) / kPartBytes);
        for_each_part(found.size(), work_, [&](std::size_t part) {
            const std::size_t end = std::min(rom.size() - 1, (part + 1) * kPartBytes);
            for (std::size_t at = part * kPartBytes; at < end; ++at) {
                if (set.contains(rom[at] | rom[at + 1] << 8)) found[part].push_back(static_cast<std::uint32_t>(at));
            }
        });
        for (const auto& some : found) words_.insert(words_.end(), some.begin(), some.end());
    }

    [[nodiscard]] bool leads_anywhere(std::size_t at) const noexcept {
        return at + 1 < space_.rom().size() && space_.strong_words().contains(space_.word_at(at));
    }

    // Runs of words at one stride: those that lead into one bank are tables, others are seeds.
    void find_runs(std::uint32_t stride, std::vector<Table>& tables, std::vector<Seed>& seeds) const {
        Met met(kWords);
        Met families(families_ + 1);
        std::vector<std::uint32_t> done(stride, 0);  // by phase: words before this are in a seed already
        for (const std::size_t at : words_) {
            const bool next = leads_anywhere(at + stride);
            if (!next && !leads_anywhere(at + 2 * stride)) continue;
            for (const std::uint8_t bank : space_.banks_of(space_.word_at(at))) {
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
            if (!next || at < done[at % stride]) continue;
            met.reset();
            float score = 0;
            float peak = 0;
            std::uint32_t entries = 0;
            for (std::uint32_t k = 0; k < kMostEntries; ++k) {
                const std::size_t place = at + std::size_t{k} * stride;
                if (place + 1 >= space_.rom().size()) break;
                const unsigned word = space_.word_at(place);
                if (!space_.strong_words().contains(word)) {
                    score += miss_;
                    if (score <= 0 || score < peak - 2 * hit_) break;
                } else if (met.meet(word)) {
                    score += hit_;
                    if (score > peak) entries = k + 1;
                    peak = std::max(peak, score);
                }
            }
            if (peak < kSeed) continue;
            seeds.push_back({static_cast<std::uint32_t>(at), stride, entries, peak});
            done[at % stride] = static_cast<std::uint32_t>(at + std::size_t{entries} * stride);
        }
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
                const unsigned word = space_.word_at(place_of(layout, entry));
                if (!space_.is_strong(word, *bank)) {
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

    // Looks for the column of banks that fits a run of words.
    [[nodiscard]] std::optional<Table> with_column(const Seed& seed, std::size_t reach) const {
        constexpr std::size_t kMostTested = 24;
        struct Tested {
            std::uint32_t entry;
            std::array<std::uint64_t, 4> banks{};  // bit set
        };
        std::vector<Tested> tested;
        Met met(kWords);
        for (std::uint32_t k = 0; k < seed.entries && tested.size() < kMostTested; ++k) {
            const unsigned word = space_.word_at(seed.first + std::size_t{k} * seed.stride);
            if (!space_.strong_words().contains(word) || !met.meet(word)) continue;
            Tested one{k, {}};
            for (unsigned bank = 0; bank < kBanks; ++bank) {
                if (space_.is_strong(word, bank)) one.banks[bank / 64] |= std::uint64_t{1} << (bank % 64);
            }
            tested.push_back(one);
        }
        if (tested.size() < kFewest) return std::nullopt;
        const std::size_t allowed = tested.size() / 4;
        const std::span<const std::uint8_t> rom = space_.rom();
        const std::size_t words_end = seed.first + std::size_t{seed.entries} * seed.stride;
        const std::size_t from = seed.first - std::min<std::size_t>(seed.first, reach);
        const std::size_t until = std::min(rom.size(), words_end + reach);
        std::vector<Table> candidates;
        Met families(families_ + 1);
        float best = 0;
        std::optional<Table> result;
        std::array<std::uint32_t, 3> strides{1, 2, seed.stride};
        for (std::size_t n = 0; n < strides.size(); ++n) {
            const std::uint32_t stride = strides[n];
            if (n == 2 && stride <= 2) continue;
            const std::size_t span = std::size_t{stride} * tested.back().entry;
            for (std::size_t column = from; column + span < until; ++column) {
                std::size_t misses = 0;
                std::size_t hits = 0;
                for (const Tested& one : tested) {
                    const unsigned bank = rom[column + std::size_t{stride} * one.entry];
                    const bool fits = (one.banks[bank / 64] >> (bank % 64) & 1) != 0;
                    hits += fits ? 1 : 0;
                    misses += fits ? 0 : 1;
                    if (misses > allowed) break;
                }
                if (misses > allowed || hits < kFewest) continue;
                if (overlaps(seed, column, stride, words_end)) continue;
                const Layout layout{seed.first, seed.stride, static_cast<std::uint32_t>(column), stride, 0};
                Table table = measured(layout, families);
                const std::size_t gap = column < seed.first ? seed.first - column : column - std::min(column, words_end);
                table.score -= static_cast<float>(std::log(3.0 * (64 + 2.0 * static_cast<double>(gap))));
                if (table.score < threshold_ || table.score <= best) continue;
                best = table.score;
                result = table;
            }
        }
        return result;
    }

    // Whether a column of banks would share bytes with the words.
    [[nodiscard]] static bool overlaps(const Seed& seed, std::size_t column, std::uint32_t stride, std::size_t end) {
        if (stride == seed.stride) {
            const std::size_t phase = (column + 2 * std::size_t{stride} - seed.first % stride) % stride;
            return phase < 2 && (stride > 2 || (column < end && column + std::size_t{stride} * seed.entries > seed.first));
        }
        return column < end && column + std::size_t{stride} * seed.entries > seed.first;
    }

    const Space& space_;
    const Work& work_;
    std::vector<std::uint32_t> words_;
    float hit_ = 0;
    float miss_ = 0;
    float bank_miss_ = 0;
    float threshold_ = 0;
    std::array<float, kBanks> bank_hit_{};
    std::size_t families_ = 0;
};

}  // namespace

void find_word_tables(const Space& space, Claims& claims, FoundShapes& found, const Work& work) {
    Finder finder(space, work);
    for (const Table& table : finder.tables()) {
        const Layout& layout = table.layout;
        std::int64_t begin = table.begin;
        std::int64_t end = table.end;
        const auto likely = [&](std::int64_t entry) {
            const auto bank = finder.bank_of(layout, entry);
            return bank && finder.has_word(layout, entry) &&
                   space.is_likely(space.word_at(Finder::place_of(layout, entry)), *bank);
        };
        while (likely(begin - 1)) --begin;
        while (likely(end)) ++end;
        const auto group = static_cast<std::uint32_t>(found.groups.size());
        std::vector<ShapedReference> entries;
        std::size_t claimed = 0;
        for (std::int64_t entry = begin; entry < end; ++entry) {
            if (!likely(entry)) continue;
            const std::size_t at = Finder::place_of(layout, entry);
            if (claims.has(at) || claims.has(at + 1)) {
                ++claimed;
                continue;
            }
            const unsigned bank = *finder.bank_of(layout, entry);
            const unsigned word = space.word_at(at);
            const bool in_column = layout.column != kNoColumn;
            const auto place = static_cast<std::uint32_t>(layout.column + entry * layout.column_stride);
            entries.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + 1),
                               in_column ? place : kNoPlace, bank << 16 | word, space.start_of(word, bank), group});
        }
        if (claimed > entries.size() || entries.size() < kFewest) continue;
        for (const ShapedReference& one : entries) {
            claims.take(one.low);
            claims.take(one.high);
            if (one.bank != kNoPlace) claims.take(one.bank);
        }
        const bool adjacent = layout.column_stride == layout.stride && layout.column == layout.first + 2;
        const Shape shape = layout.column == kNoColumn ? kWord : adjacent ? kLong : kWordAndBank;
        found.groups.push_back({table.score, layout.stride, shape});
        found.references.insert(found.references.end(), entries.begin(), entries.end());
    }
}

}  // namespace halscope::locate
