// Addresses that 65816 code loads as immediates before it calls a decoder; see shape_space.hpp.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "locate/shape_space.hpp"

namespace halscope::locate {
namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 17;
constexpr std::size_t kMostInstructions = 14;  // from the first immediate to the call
constexpr std::size_t kMostBefore = 24;        // bytes from the bank's instruction to the word's
constexpr std::size_t kFewest = 2;             // different families of a routine's calls
constexpr std::size_t kFewestTagged = 3;       // and behind a tag

// Instructions that load a constant: which register's width says how many bytes it has.
enum class Width : std::uint8_t { accumulator, index, word };
struct Loader {
    std::uint8_t opcode;
    Width width;
};
constexpr std::array<Loader, 4> kLoaders{{
    {0xA9, Width::accumulator},  // LDA #
    {0xA2, Width::index},        // LDX #
    {0xA0, Width::index},        // LDY #
    {0xF4, Width::word},         // PEA
}};

// Instructions that may enter a decoder, with the operand bytes that say which one.
struct Call {
    std::uint8_t opcode;
    std::uint8_t operands;
};
constexpr std::array<Call, 4> kCalls{{
    {0x20, 2},  // JSR
    {0x22, 3},  // JSL
    {0x02, 1},  // COP
    {0x00, 1},  // BRK
}};

// For each opcode the index of its row, or kNoRow: all bytes of a ROM are tried.
constexpr std::uint8_t kNoRow = 0xFF;
template <typename Rows>
constexpr std::array<std::uint8_t, 256> rows_by_opcode(const Rows& rows) {
    std::array<std::uint8_t, 256> result{};
    result.fill(kNoRow);
    for (std::size_t k = 0; k < rows.size(); ++k) result[rows[k].opcode] = static_cast<std::uint8_t>(k);
    return result;
}
constexpr auto kLoaderOf = rows_by_opcode(kLoaders);
constexpr auto kCallOf = rows_by_opcode(kCalls);

constexpr bool is_loader(std::uint8_t opcode) {
    return kLoaderOf[opcode] != kNoRow;
}

// The widths of registers: 8 bits or 16.
struct Mode {
    bool short_accumulator;
    bool short_index;
};

// Bytes of an instruction (WDC's 65C816 data sheet, table 5-4).
constexpr std::size_t length_of(std::uint8_t opcode, Mode mode) {
    switch (opcode) {
        case 0x20:
        case 0x62:
        case 0x82:
        case 0xF4:
            return 3;
        case 0x22:
        case 0x5C:
            return 4;
        case 0x40:
        case 0x60:
            return 1;
        case 0x44:
        case 0x54:
            return 3;
        case 0xA0:
        case 0xA2:
        case 0xC0:
        case 0xE0:
            return mode.short_index ? 2 : 3;
        default:
            break;
    }
    switch (opcode & 0x0F) {
        case 0x08:
        case 0x0A:
        case 0x0B:
            return 1;
        case 0x09:
            return (opcode & 0x10) != 0 ? 3 : mode.short_accumulator ? 2 : 3;
        case 0x0C:
        case 0x0D:
        case 0x0E:
            return 3;
        case 0x0F:
            return 4;
        default:
            return 2;
    }
}

// Whether code does not go on after it: returns, jumps, STP, and what no program contains.
constexpr bool ends_code(std::uint8_t opcode) {
    constexpr std::array<std::uint8_t, 12> kEnds{0x40, 0x42, 0x4C, 0x5C, 0x60, 0x6B,
                                                 0x6C, 0x7C, 0x80, 0x82, 0xDB, 0xDC};
    return std::find(kEnds.begin(), kEnds.end(), opcode) != kEnds.end();
}

struct Immediate {
    std::uint32_t at;  // of its low byte
    std::uint16_t value;
    bool is_word;
};

// The constants that straight code loads up to the first call.
struct Walk {
    std::array<Immediate, kMostInstructions> loads;
    std::size_t count = 0;
    std::uint32_t call = kNoPlace;  // place of the call, or none
    std::uint32_t routine = 0;      // what is called
};

Walk walk(std::span<const std::uint8_t> rom, std::size_t at, Mode mode) {
    Walk result;
    for (std::size_t n = 0; n < kMostInstructions; ++n) {
        if (at + 4 > rom.size()) return result;
        const std::uint8_t opcode = rom[at];
        if (kCallOf[opcode] != kNoRow) {
            result.call = static_cast<std::uint32_t>(at);
            result.routine = opcode;
            for (std::size_t k = kCalls[kCallOf[opcode]].operands; k > 0; --k)
                result.routine = result.routine << 8 | rom[at + k];
            return result;
        }
        if (ends_code(opcode)) return result;
        const std::size_t length = length_of(opcode, mode);
        if (is_loader(opcode)) {
            const auto value = static_cast<std::uint16_t>(length == 3 ? rom[at + 1] | rom[at + 2] << 8 : rom[at + 1]);
            result.loads[result.count++] = {static_cast<std::uint32_t>(at + 1), value, length == 3};
        } else if (opcode == 0xC2 || opcode == 0xE2) {  // REP, SEP
            if ((rom[at + 1] & 0x20) != 0) mode.short_accumulator = opcode == 0xE2;
            if ((rom[at + 1] & 0x10) != 0) mode.short_index = opcode == 0xE2;
        }
        at += length;
    }
    return result;
}

// A word and a bank that are loaded before a call, and lead to ROM.
struct Site {
    std::uint32_t call;
    std::uint32_t routine;
    std::uint32_t word;  // places
    std::uint32_t bank;
    std::uint32_t address;
    std::uint32_t target;  // kNoPlace: no likely start
    bool strong;
};

class Reader {
  public:
    explicit Reader(const Space& space) : space_(space) {}

    // Adds the sites whose word is loaded by the instruction at `at`, one of kLoaders.
    void read(std::size_t at, std::vector<Site>& sites) const {
        const std::span<const std::uint8_t> rom = space_.rom();
        if (at + 3 > rom.size()) return;
        if (rom[at + 2] < 0x80 && !space_.has_lower_half()) return;  // leads to no ROM
        const auto word_place = static_cast<std::uint32_t>(at + 1);
        for (unsigned bits = 0; bits < 4; ++bits) {
            const Mode mode{(bits & 1) != 0, (bits & 2) != 0};
            if (loads_word(kLoaders[kLoaderOf[rom[at]]], mode)) add(walk(rom, at, mode), 0, word_place, sites);
        }
        // The bank may be loaded first. Its instruction decides nothing about the word's, so all widths are tried.
        for (std::size_t before = at - std::min(at, kMostBefore); before + 2 <= at; ++before) {
            if (!is_loader(rom[before])) continue;
            for (unsigned bits = 0; bits < 4; ++bits) {
                const Walk path = walk(rom, before, {(bits & 1) != 0, (bits & 2) != 0});
                for (std::size_t k = 1; k < path.count; ++k) {
                    if (path.loads[k].at == word_place && path.loads[k].is_word) add(path, k, word_place, sites);
                }
            }
        }
    }

  private:
    [[nodiscard]] static bool loads_word(const Loader& loader, Mode mode) noexcept {
        if (loader.width == Width::accumulator) return !mode.short_accumulator;
        return loader.width == Width::word || !mode.short_index;
    }

    // Pairs the word, load `k` of the path, with the banks beside it: those after it, or the path's first.
    void add(const Walk& path, std::size_t k, std::uint32_t word_place, std::vector<Site>& sites) const {
        if (path.call == kNoPlace) return;
        const unsigned word = path.loads[k].value;
        const auto pair = [&](const Immediate& load) {
            if (load.value >= kBanks || !space_.is_rom(word, load.value)) return;
            const bool likely = space_.is_likely(word, load.value);
            sites.push_back({path.call, path.routine, word_place, load.at, std::uint32_t{load.value} << 16 | word,
                             likely ? space_.start_of(word, load.value) : kNoPlace,
                             space_.is_strong(word, load.value)});
        };
        if (k > 0) {
            pair(path.loads[0]);
        } else {
            for (std::size_t other = 1; other < path.count; ++other) pair(path.loads[other]);
        }
    }

    const Space& space_;
};

}  // namespace

void find_in_code(const Space& space, Claims& claims, FoundShapes& found, const Work& work) {
    const std::span<const std::uint8_t> rom = space.rom();
    const Reader reader(space);
    std::vector<std::vector<Site>> parts((rom.size() + kPartBytes - 1) / kPartBytes);
    for_each_part(parts.size(), work, [&](std::size_t part) {
        const std::size_t end = std::min(rom.size(), (part + 1) * kPartBytes);
        for (std::size_t at = part * kPartBytes; at < end; ++at) {
            if (is_loader(rom[at])) reader.read(at, parts[part]);
        }
    });
    std::vector<Site> sites;
    for (const auto& some : parts) sites.insert(sites.end(), some.begin(), some.end());
    // One call unpacks one block: of its pairs the best counts.
    const auto apart = [](const Site& one) { return std::max(one.word, one.bank) - std::min(one.word, one.bank); };
    std::stable_sort(sites.begin(), sites.end(), [&](const Site& a, const Site& b) {
        return std::tuple(a.routine, a.call, !a.strong, a.target == kNoPlace, apart(a), a.word) <
               std::tuple(b.routine, b.call, !b.strong, b.target == kNoPlace, apart(b), b.word);
    });
    const double chance =
        static_cast<double>(space.strong_count()) / static_cast<double>(std::max<std::size_t>(rom.size(), 1));
    struct Routine {
        std::size_t begin;
        std::size_t end;
        double evidence;
    };
    std::vector<Routine> routines;
    std::size_t tried = 0;
    for (std::size_t begin = 0; begin < sites.size();) {
        std::size_t end = begin;
        std::vector<std::uint32_t> families;
        while (end < sites.size() && sites[end].routine == sites[begin].routine) {
            const Site& site = sites[end];
            const bool first = end == begin || sites[end - 1].call != site.call;
            if (site.strong && first) families.push_back(space.starts().families[site.target]);
            ++end;
        }
        std::sort(families.begin(), families.end());
        families.erase(std::unique(families.begin(), families.end()), families.end());
        ++tried;
        if (families.size() >= kFewest) {
            const double expected = chance * static_cast<double>(end - begin);
            routines.push_back({begin, end, surprise(static_cast<double>(families.size()), expected)});
        }
        begin = end;
    }
    const double threshold = std::log(static_cast<double>(tried + 1) / kAccidents);
    std::erase_if(routines, [threshold](const Routine& one) { return one.evidence < threshold; });
    std::stable_sort(routines.begin(), routines.end(),
                     [](const Routine& a, const Routine& b) { return a.evidence > b.evidence; });
    for (const Routine& routine : routines) {
        const auto group = static_cast<std::uint32_t>(found.groups.size());
        const std::size_t before = found.references.size();
        std::uint32_t last = kNoPlace;
        for (std::size_t k = routine.begin; k < routine.end; ++k) {
            const Site& site = sites[k];
            if (site.target == kNoPlace || site.call == last || claims.has(site.word)) continue;
            last = site.call;
            for (const std::uint32_t at : {site.word, site.word + 1, site.bank}) claims.take(at);
            found.references.push_back({site.word, site.word + 1, site.bank, site.address, site.target, group});
        }
        if (found.references.size() > before) {
            found.groups.push_back({static_cast<float>(routine.evidence), 0, kCode});
        }
    }
}

void find_tagged(const Space& space, std::span<const Reference> longs, Claims& claims, FoundShapes& found) {
    const std::span<const std::uint8_t> rom = space.rom();
    std::map<unsigned, std::vector<const Reference*>> by_tag;
    std::size_t strong = 0;
    for (const Reference& one : longs) {
        strong += space.starts().strong[one.target] != 0 ? 1 : 0;
        if (one.position < 2 || claims.has(one.position) || claims.has(one.position + 2)) continue;
        by_tag[space.word_at(one.position - 2)].push_back(&one);
    }
    std::erase_if(by_tag, [](const auto& item) { return item.second.size() < kFewestTagged; });
    if (by_tag.empty()) return;
    WordSet tags(kWords);
    for (const auto& [tag, references] : by_tag) tags.insert(tag);
    std::map<unsigned, std::size_t> counts;
    for (std::size_t at = 0; at + 1 < rom.size(); ++at) {
        if (tags.contains(space.word_at(at))) ++counts[space.word_at(at)];
    }
    const double threshold = std::log(static_cast<double>(kWords) / kAccidents);
    constexpr double kMostByChance = 0.1;  // pointers that are expected behind a tag by chance
    for (const auto& [tag, references] : by_tag) {
        std::vector<std::uint32_t> families;
        for (const Reference* one : references) {
            if (space.starts().strong[one->target] != 0) families.push_back(space.starts().families[one->target]);
        }
        const std::size_t strong_behind = families.size();
        std::sort(families.begin(), families.end());
        families.erase(std::unique(families.begin(), families.end()), families.end());
        // What chance gives is measured on all pointers but those behind this tag.
        const auto places = static_cast<double>(counts[tag]);
        const auto by_chance = [&rom, places](std::size_t pointers, std::size_t behind) {
            return (static_cast<double>(pointers - behind) + 0.5) / static_cast<double>(rom.size()) * places;
        };
        const double expected = by_chance(strong, strong_behind);
        const double evidence = surprise(static_cast<double>(families.size()), expected);
        if (families.size() < kFewestTagged || expected > kMostByChance || evidence < threshold) continue;
        const bool only_strong = by_chance(longs.size(), references.size()) > kMostByChance;
        const auto group = static_cast<std::uint32_t>(found.groups.size());
        found.groups.push_back({static_cast<float>(evidence), 0, kTagged});
        for (const Reference* one : references) {
            const std::uint32_t at = one->position;
            if (claims.has(at) || claims.has(at + 2)) continue;
            if (only_strong && space.starts().strong[one->target] == 0) continue;
            for (std::uint32_t k = 0; k < 3; ++k) claims.take(at + k);
            const auto address = space.word_at(at) | std::uint32_t{rom[at + 2]} << 16;
            found.references.push_back({at, at + 1, at + 2, address, one->target, group});
        }
    }
}

FoundShapes find_shapes(std::span<const std::uint8_t> rom, std::span<const std::int64_t, kPages> pages,
                        const LikelyStarts& starts, std::span<const Reference> longs,
                        std::span<const std::uint8_t> in_table, const Work& work) {
    FoundShapes found;
    const Space space(rom, pages, starts);
    if (space.strong_count() < kFewest) return found;
    Claims claims(rom.size() + 4);
    for (std::size_t k = 0; k < longs.size(); ++k) {
        for (std::uint32_t byte = 0; in_table[k] != 0 && byte < 3; ++byte) claims.take(longs[k].position + byte);
    }
    find_word_tables(space, claims, found, work);
    find_in_code(space, claims, found, work);
    find_tagged(space, longs, claims, found);
    return found;
}

}  // namespace halscope::locate
