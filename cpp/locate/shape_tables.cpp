// Tables of words whose bank is one for all or stands in a column of its own; see shape_space.hpp.
#include <algorithm>
#include <optional>
#include <vector>

#include "locate/table_finder.hpp"

namespace halscope::locate {
namespace {

constexpr std::size_t kMostLongSeeds = 48;  // each takes half a millisecond

// Whether two tables of one stride have words in common.
bool share_words(const Table& a, const Table& b) noexcept {
    const std::uint32_t stride = a.layout.stride;
    if (b.layout.stride != stride || a.layout.first % stride != b.layout.first % stride) return false;
    const auto begin = [](const Table& one) { return one.layout.first + one.begin * one.layout.stride; };
    const auto end = [](const Table& one) { return one.layout.first + one.end * one.layout.stride; };
    return begin(a) < end(b) && begin(b) < end(a);
}

// Adds the entries of a table as a group, unless most of it is claimed.
void add_table(const Space& space, const TableFinder& finder, const Table& table, Claims& claims, FoundShapes& found) {
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
        const std::size_t at = TableFinder::place_of(layout, entry);
        const std::size_t high = TableFinder::high_place_of(layout, entry);
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
    const TableFinder finder(space, claims, work);
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
