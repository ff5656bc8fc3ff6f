// Tables of words whose bank is one for all or stands in a column of its own; see shape_space.hpp.
#include <algorithm>
#include <optional>
#include <utility>
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

// Adds the entries of a table as a group, unless most of it is claimed. Returns whether it was added.
bool add_table(const Space& space, const TableFinder& finder, const Table& table, Claims& claims, FoundShapes& found,
               std::size_t fewest = kFewest) {
    const Layout& layout = table.layout;
    std::int64_t begin = table.begin;
    std::int64_t end = table.end;
    const auto likely = [&](std::int64_t entry) {
        const auto bank = finder.bank_of(layout, entry);
        return bank && finder.has_word(layout, entry) && space.is_likely(finder.word_of(layout, entry), *bank);
    };
    // Beyond the ends of the evidence nothing says that the table goes on, so a start has to say more for itself: words
    // lead to a likely one by chance at one end in some hundreds.
    const auto fair = [&](std::int64_t entry) {
        return likely(entry) && space.grade_of(finder.word_of(layout, entry), *finder.bank_of(layout, entry)) >= kFair;
    };
    while (fair(begin - 1)) --begin;
    while (fair(end)) ++end;
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
    if (claimed > entries.size() || entries.size() < fewest) return false;
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
    return true;
}

// Whether a table with banks has more evidence than each pointer of three bytes that it overlaps. Across two entries of
// one whose banks come first stand such pointers, wherever both have one bank.
bool excels(const Table& table, std::span<const WeakPointer> weak) {
    const Layout& layout = table.layout;
    if (layout.column_stride == layout.stride && layout.column == layout.first + 2) return false;  // the same pointers
    for (std::int64_t entry = table.begin; entry < table.end; ++entry) {
        const std::size_t at = TableFinder::place_of(layout, entry);
        auto one = std::lower_bound(weak.begin(), weak.end(), at, [](const WeakPointer& pointer, std::size_t place) {
            return pointer.position + 2 < place;
        });
        for (; one != weak.end() && one->position <= at + 1; ++one) {
            if (one->evidence >= table.score) return false;
        }
    }
    return true;
}

// Adds the small tables beside those of one bank, and those beside these.
void add_beside(const Space& space, const TableFinder& finder, std::vector<Table> believed, Claims& claims,
                FoundShapes& found, const Work& work) {
    constexpr std::size_t kFewestBeside = 2;
    if (believed.empty()) return;
    const std::vector<float> rarity = finder.rarity_of_words();
    for (std::size_t k = 0; k < believed.size(); ++k) {
        stop_if_cancelled(work.cancel);
        std::vector<Table> small = finder.beside(believed[k], believed.size(), rarity);
        std::stable_sort(small.begin(), small.end(), [](const Table& a, const Table& b) { return a.score > b.score; });
        for (const Table& one : small) {
            if (add_table(space, finder, one, claims, found, kFewestBeside)) believed.push_back(one);
        }
    }
}

}  // namespace

void find_word_tables(const Space& space, std::span<const WeakPointer> weak, Claims& claims, FoundShapes& found,
                      const Work& work) {
    const TableFinder finder(space, claims, work);
    std::vector<Seed> seeds;
    std::vector<Table> tables;
    finder.search(seeds, tables);
    std::size_t looked_far = 0;
    std::vector<Table> uncertain;
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
        if (excels(*table, weak)) {
            add_table(space, finder, *table, claims, found);
        } else {
            uncertain.push_back(*table);
        }
    }
    for (const WeakPointer& one : weak) {
        if (claims.has(one.position) || claims.has(one.position + 1) || claims.has(one.position + 2)) continue;
        for (std::uint32_t byte = 0; byte < 3; ++byte) claims.take(one.position + byte);
    }
    for (const Table& table : uncertain) add_table(space, finder, table, claims, found);
    for (const Table& table : finder.apart()) add_table(space, finder, table, claims, found);
    std::vector<Table> believed;
    for (const Table& table : tables) {
        if (add_table(space, finder, table, claims, found)) believed.push_back(table);
    }
    add_beside(space, finder, std::move(believed), claims, found, work);
}

}  // namespace halscope::locate
