// Scoring of tables, and the column of banks that fits a run of words best; see table_finder.hpp.
#include "locate/table_finder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

namespace halscope::locate {
namespace {

constexpr double kLeadsToStart = 0.8;  // chance that an entry of a true table leads to a strong start
constexpr float kLongSeed = 30;        // nats from which the banks may be far away
constexpr std::size_t kFar = 0x10000;
constexpr int kGap = 2;                // entries in a row that lead to no likely start
constexpr float kBehindGap = 10;       // nats that a table needs behind one: more than one word tells
constexpr std::int64_t kBefore = 16;   // entries of a run that may stand before the table itself
constexpr std::size_t kPadding = 128;  // bits after the last position, so that shifts need no check

}  // namespace

TableFinder::TableFinder(const Space& space, const Claims& claims, const Work& work)
    : space_(space), claims_(claims), work_(work), leads_(space.rom().size() + kPadding) {
    collect_words();
    const auto positions = static_cast<double>(std::max<std::size_t>(space.rom().size(), 1));
    const double any = std::min(0.5, (static_cast<double>(word_count_) + 0.5) / positions);
    hit_ = static_cast<float>(std::log(kLeadsToStart / any));
    miss_ = static_cast<float>(std::log((1 - kLeadsToStart) / (1 - any)));
    for (unsigned bank = 0; bank < kBanks; ++bank) {
        const auto strong = static_cast<double>(starts_of_[bank][kStrong] + starts_of_[bank][kSharp]);
        bank_hit_[bank] = static_cast<float>(std::log(kLeadsToStart / std::max(1.0, strong)));
    }
    bank_miss_ = static_cast<float>(std::log(1 - kLeadsToStart));
    threshold_ = static_cast<float>(std::log(positions * (kMostStride - kLeastStride + 1) / kAccidents));
    for (std::size_t word = 0; word < kWords; ++word) {
        words_by_byte_[word] = space.strong_words().contains(word) ? 1 : 0;
    }
    for (const std::uint32_t family : space.starts().families) families_ = std::max<std::size_t>(families_, family);
}

std::optional<Table> TableFinder::with_column(const Seed& seed, bool is_far, Met& families) const {
    const Layout words{seed.first, seed.stride};
    return with_column(words, seed.entries, is_far && seed.score >= kLongSeed ? kFar : kNear, families);
}

bool TableFinder::is_claimed(const Seed& seed) const noexcept {
    std::uint32_t claimed = 0;
    for (std::uint32_t k = 0; k < seed.entries; ++k) {
        claimed += claims_.has(seed.first + std::size_t{k} * seed.stride) ? 1 : 0;
    }
    return claimed > seed.entries / 3;
}

void TableFinder::collect_words() {
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
    std::vector<std::uint32_t> counts(kWords);
    for (std::size_t word = 0; word < leads_.words(); ++word) {
        for (std::uint64_t left = leads_.word(word); left != 0; left &= left - 1) {
            ++word_count_;
            ++counts[space_.word_at(64 * word + static_cast<std::size_t>(std::countr_zero(left)))];
        }
    }
    // A word that stands in the ROM only a few times may do so by chance, so it counts as half as rare as that at most.
    const auto positions = static_cast<double>(rom.size());
    const double usual = positions / kWords + 0.5;
    highs_.assign(kBanks, {});
    for (unsigned word = 0; word < kWords; ++word) {
        rarity_[word] = static_cast<float>(std::log((counts[word] + usual) / 2 / positions));
        for (const std::uint8_t bank : space_.banks_of(word)) {
            ++starts_of_[bank][space_.grade_of(word, bank)];
            highs_[bank][word >> 8] = 1;
        }
    }
}

bool TableFinder::is_evidence(const Layout& layout, std::int64_t entry, unsigned bank) const noexcept {
    return space_.is_strong(word_of(layout, entry), bank) && !claims_.has(place_of(layout, entry)) &&
           !claims_.has(high_place_of(layout, entry));
}

Table TableFinder::measured(const Layout& layout, Met& families) const {
    families.reset();
    // A run of words may begin with one that leads to a start in some bank by chance, but not in that of its entry.
    std::int64_t first = 0;
    for (; first < kBefore && has_word(layout, first); ++first) {
        const auto bank = bank_of(layout, first);
        if (bank && is_evidence(layout, first, *bank)) break;
    }
    Table table{layout, 0, first, first};
    std::uint32_t different = 0;
    for (const int step : {1, -1}) {
        float score = table.score;
        float peak = score;
        std::uint32_t met_at_peak = different;
        int missed = 0;  // entries in a row that lead to no likely start, at most, since the peak
        int in_a_row = 0;
        for (std::int64_t entry = step > 0 ? first : first - 1;
             std::abs(entry - first) < static_cast<std::int64_t>(kMostEntries); entry += step) {
            const auto bank = bank_of(layout, entry);
            if (!bank || !has_word(layout, entry)) break;
            const unsigned word = word_of(layout, entry);
            if (!is_evidence(layout, entry, *bank)) {
                score += bank_miss_;
                if (score <= 0 || score < peak - 2 * hit_) break;
                in_a_row = space_.is_likely(word, *bank) ? 0 : in_a_row + 1;
                missed = std::max(missed, in_a_row);
                continue;
            }
            in_a_row = 0;
            if (!families.meet(space_.starts().families[space_.start_of(word, *bank)])) continue;
            ++different;
            score += hit_of(word, *bank);
            // Behind a gap another table may begin, with a word that leads into this bank by chance.
            if (score <= peak + (missed >= kGap ? kBehindGap : 0)) continue;
            missed = 0;
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

std::optional<Table> TableFinder::with_column(const Layout& words, std::uint32_t entries, std::size_t reach,
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
            const std::size_t gap = column < words.first ? words.first - column : column - std::min(column, words_end);
            table.score -= static_cast<float>(std::log(3.0 * (64 + 2.0 * static_cast<double>(gap))));
            if (table.score < threshold_ || table.score <= best) continue;
            best = table.score;
            result = table;
        }
    }
    return result;
}

std::vector<float> TableFinder::rarity_of_words() const {
    constexpr std::size_t kSampled = 7;  // one position of so many, odd: words begin at even ones more often
    const std::span<const std::uint8_t> rom = space_.rom();
    std::vector<std::uint32_t> counts(kWords);
    for (std::size_t at = 0; at + 1 < rom.size(); at += kSampled) ++counts[space_.word_at(at)];
    const double samples = static_cast<double>(rom.size()) / kSampled;
    const double usual = samples / kWords + 0.5;
    std::vector<float> rarity(kWords);
    for (std::size_t word = 0; word < kWords; ++word) {
        rarity[word] = static_cast<float>(std::log((counts[word] + usual) / samples));
    }
    return rarity;
}

Table TableFinder::small_table(std::size_t at, std::uint32_t stride, unsigned bank,
                               std::span<const float> rarity) const {
    // Shares of a table's entries that lead to a start of each grade (measured), and what one that leads to none costs.
    constexpr std::array<double, kSharp + 1> kShares{0.01, 0.12, 0.04, 0.8};
    constexpr float kMissed = -3;
    constexpr int kMostMissed = 1;  // in a row
    Table small{Layout{static_cast<std::uint32_t>(at), stride, kNoColumn, 0, bank}};
    const unsigned same = space_.same_bank(bank);
    std::vector<std::uint32_t> met;
    std::size_t met_at_peak = 0;
    bool is_sharp = false;
    for (const int step : {1, -1}) {
        met.resize(met_at_peak);
        float score = small.score;
        int missed = 0;
        for (std::int64_t entry = step > 0 ? 0 : -1; has_word(small.layout, entry) && missed <= kMostMissed;
             entry += step) {
            const unsigned word = word_of(small.layout, entry);
            const std::size_t place = place_of(small.layout, entry);
            if (claims_.has(place) || claims_.has(place + 1)) break;
            if (!space_.is_likely(word, bank)) {
                score += kMissed;
                ++missed;
                continue;
            }
            missed = 0;
            const std::uint32_t family = space_.starts().families[space_.start_of(word, bank)];
            if (word >> 8 == (word & 0xFF) || std::find(met.begin(), met.end(), family) != met.end()) continue;
            met.push_back(family);
            const Grade grade = space_.grade_of(word, bank);
            const auto rivals = static_cast<double>(std::max<std::size_t>(1, space_.count_of(same, grade)));
            score += std::max(0.0F, static_cast<float>(std::log(kShares[grade] / rivals)) - rarity[word]);
            if (grade < kFair || score <= small.score) continue;
            is_sharp = is_sharp || grade == kSharp;
            small.score = score;
            met_at_peak = met.size();
            (step > 0 ? small.end : small.begin) = step > 0 ? entry + 1 : entry;
        }
    }
    if (met_at_peak < 2 || !is_sharp) small.score = 0;
    return small;
}

std::vector<Table> TableFinder::beside(const Table& table, std::size_t believed, std::span<const float> rarity) const {
    const std::uint32_t stride = table.layout.stride;
    const auto first = static_cast<std::int64_t>(table.layout.first) + table.begin * stride;
    const auto end = static_cast<std::int64_t>(table.layout.first) + table.end * stride;
    const auto places = static_cast<float>(std::log(2.0 * kBeside * static_cast<double>(space_.banks().size())));
    const auto threshold = static_cast<float>(std::log(static_cast<double>(believed) / kAccidents));
    std::vector<Table> tables;
    const auto reach = static_cast<std::int64_t>(kBeside);
    for (std::int64_t at = std::max<std::int64_t>(0, first - reach); at < end + reach; ++at) {
        if (at == first) at = end;
        const auto place = static_cast<std::size_t>(at);
        if (!leads_anywhere(place)) continue;
        for (const std::uint8_t bank : space_.banks_of(space_.word_at(place))) {
            Table small = small_table(place, stride, bank, rarity);
            small.score -= places;
            if (small.score >= threshold) tables.push_back(small);
        }
    }
    return tables;
}

bool TableFinder::overlaps(const Layout& words, std::uint32_t entries, std::size_t column, std::uint32_t stride) {
    for (const std::int64_t first : {std::int64_t{words.first}, words.first + std::int64_t{words.high}}) {
        const auto begin = static_cast<std::int64_t>(column);
        const bool meets =
            begin < first + std::int64_t{entries} * words.stride && begin + std::int64_t{entries} * stride > first;
        if (meets && (stride != words.stride || (begin - first) % stride == 0)) return true;
    }
    return false;
}

}  // namespace halscope::locate
