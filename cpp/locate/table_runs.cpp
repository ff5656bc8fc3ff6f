// Runs of words at one stride that lead to likely starts; see table_finder.hpp.
#include <algorithm>
#include <bit>
#include <cmath>

#include "locate/table_finder.hpp"

namespace halscope::locate {
namespace {

constexpr std::uint32_t kStridesOfPart = 4;  // they share what is read of the ROM: a block of so many words of 64 bits
constexpr std::size_t kBlockWords = 1024;
constexpr std::size_t kMostSeeds = 512;  // strongest first

}  // namespace

template <typename Visit>
void TableFinder::for_each_begin(std::uint32_t stride, std::size_t begin, std::size_t end, Visit visit) const {
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

void TableFinder::search(std::vector<Seed>& all_seeds, std::vector<Table>& all_tables) const {
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

void TableFinder::find_runs(std::uint32_t first, std::uint32_t end, std::vector<std::vector<Table>>& tables,
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

void TableFinder::add_tables(std::size_t at, std::uint32_t stride, Met& families, std::vector<Table>& tables) const {
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

void TableFinder::add_seed(std::size_t at, std::uint32_t stride, Met& met, Seeded& seeded,
                           std::vector<Seed>& seeds) const {
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

}  // namespace halscope::locate
