// Addresses that 65816 code loads as immediates before it calls a decoder; see shape_space.hpp.
#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <tuple>

#include "locate/shape_space.hpp"

namespace halscope::locate {
namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 17;
constexpr std::size_t kMostInstructions = 14;  // from the first immediate to the call
constexpr std::size_t kMostBefore = 24;        // bytes from the bank's instruction to the word's
constexpr std::size_t kFewest = 2;             // different families of a routine's calls

// Instructions that load a constant: LDA, LDX, LDY and PEA.
constexpr std::array<std::uint8_t, 4> kLoadOpcodes{0xA9, 0xA2, 0xA0, 0xF4};
constexpr std::size_t kKinds = 32;  // of pairs of them: two of the four, in either order
constexpr std::array<std::uint8_t, 256> kLoadOf = [] {
    std::array<std::uint8_t, 256> numbers{};
    for (std::uint8_t k = 0; k < kLoadOpcodes.size(); ++k) numbers[kLoadOpcodes[k]] = k;
    return numbers;
}();
constexpr std::array<bool, 256> kLoads = [] {
    std::array<bool, 256> loads{};
    for (const std::uint8_t opcode : kLoadOpcodes) loads[opcode] = true;
    return loads;
}();

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

// For each opcode the index of its row, or kNoRow.
constexpr std::uint8_t kNoRow = 0xFF;
constexpr std::array<std::uint8_t, 256> kCallOf = [] {
    std::array<std::uint8_t, 256> rows{};
    rows.fill(kNoRow);
    for (std::size_t k = 0; k < kCalls.size(); ++k) rows[kCalls[k].opcode] = static_cast<std::uint8_t>(k);
    return rows;
}();

// The widths of registers: a bit for each that has 8 bits, not 16. No bit: both have 16.
enum Mode : unsigned { kShortAccumulator = 1, kShortIndex = 2, kModes = 4 };

// Bytes of an instruction (WDC's 65C816 data sheet, table 5-4).
constexpr std::size_t length_of(std::uint8_t opcode, unsigned mode) {
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
            return (mode & kShortIndex) != 0 ? 2 : 3;
        default:
            break;
    }
    switch (opcode & 0x0F) {
        case 0x08:
        case 0x0A:
        case 0x0B:
            return 1;
        case 0x09:
            return (opcode & 0x10) == 0 && (mode & kShortAccumulator) != 0 ? 2 : 3;
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

// Opcodes after which code does not go on: returns, jumps, STP, and what no program contains.
constexpr std::array<std::uint8_t, 12> kEnds{0x40, 0x42, 0x4C, 0x5C, 0x60, 0x6B, 0x6C, 0x7C, 0x80, 0x82, 0xDB, 0xDC};

constexpr std::uint8_t kRep = 0xC2;
constexpr std::uint8_t kSep = 0xE2;

// What an instruction does to the registers that a constant may be in: a bit for each that it stores, pushes or copies,
// and one that it loads anew (WDC's 65C816 data sheet, table 5-4).
constexpr std::size_t kRegisters = 3;  // A, X, Y
constexpr std::uint8_t kKeepsA = 1, kKeepsX = 2, kKeepsY = 4, kLoadsA = 8, kLoadsX = 16, kLoadsY = 32;
constexpr std::array<std::uint8_t, 256> effects_by_opcode() {
    std::array<std::uint8_t, 256> result{};
    const auto mark = [&result](std::uint8_t effect, std::initializer_list<std::uint8_t> opcodes) {
        for (const std::uint8_t opcode : opcodes) result[opcode] = static_cast<std::uint8_t>(result[opcode] | effect);
    };
    mark(kKeepsA, {0x81, 0x83, 0x85, 0x87, 0x8D, 0x8F, 0x91, 0x92, 0x93, 0x95, 0x97, 0x99, 0x9D, 0x9F,  // STA
                   0x48, 0xAA, 0xA8, 0x1B, 0x5B, 0xEB});        // PHA, TAX, TAY, TCS, TCD, XBA
    mark(kKeepsX, {0x86, 0x8E, 0x96, 0xDA, 0x8A, 0x9A, 0x9B});  // STX, PHX, TXA, TXS, TXY
    mark(kKeepsY, {0x84, 0x8C, 0x94, 0x5A, 0x98, 0xBB});        // STY, PHY, TYA, TYX
    mark(kLoadsA, {0xA1, 0xA3, 0xA5, 0xA7, 0xA9, 0xAD, 0xAF, 0xB1, 0xB2, 0xB3, 0xB5, 0xB7, 0xB9, 0xBD, 0xBF,  // LDA
                   0x68, 0x8A, 0x98, 0x3B, 0x7B});                          // PLA, TXA, TYA, TSC, TDC
    mark(kLoadsX, {0xA2, 0xA6, 0xAE, 0xB6, 0xBE, 0xFA, 0xAA, 0xBA, 0xBB});  // LDX, PLX, TAX, TSX, TYX
    mark(kLoadsY, {0xA0, 0xA4, 0xAC, 0xB4, 0xBC, 0x7A, 0xA8, 0x9B});        // LDY, PLY, TAY, TXY
    return result;
}
constexpr auto kEffects = effects_by_opcode();

// What a walk needs to know of an opcode in a mode, in one look-up.
struct Step {
    std::uint8_t length;
    std::uint8_t asks;     // bits of the mode that the length depends on
    std::uint8_t effects;  // see kEffects
    bool is_plain = true;  // neither a constant nor a call, an end or a change of the mode
};
constexpr std::array<std::array<Step, 256>, kModes> kSteps = [] {
    std::array<std::array<Step, 256>, kModes> steps{};
    for (unsigned mode = 0; mode < kModes; ++mode) {
        for (unsigned number = 0; number < 256; ++number) {
            const auto opcode = static_cast<std::uint8_t>(number);
            Step& step = steps[mode][opcode];
            step.length = static_cast<std::uint8_t>(length_of(opcode, mode));
            step.effects = kEffects[opcode];
            for (const unsigned bit : {kShortAccumulator, kShortIndex}) {
                if (length_of(opcode, mode ^ bit) != step.length) step.asks |= static_cast<std::uint8_t>(bit);
            }
            const bool ends = std::find(kEnds.begin(), kEnds.end(), opcode) != kEnds.end();
            const bool changes = opcode == kRep || opcode == kSep;
            step.is_plain = !kLoads[opcode] && kCallOf[opcode] == kNoRow && !ends && !changes;
        }
    }
    return steps;
}();

struct Immediate {
    std::uint32_t at;  // of its low byte
    std::uint16_t value;
    bool is_word;
    bool is_lost;  // its register is loaded anew before it was kept anywhere: no call gets it
};

// The constants that straight code loads up to the first call.
struct Walk {
    std::array<Immediate, kMostInstructions> loads;
    std::size_t count = 0;
    std::uint32_t call = kNoPlace;  // place of the call, or none
    std::uint32_t routine = 0;      // what is called
    unsigned asked = 0;             // bits of the mode that it began with on which all this depends
};

Walk walk(std::span<const std::uint8_t> rom, std::size_t at, unsigned mode) {
    Walk result;
    std::array<std::size_t, kRegisters> held{};  // number of the load whose constant is only in the register, plus one
    unsigned unchanged = kShortAccumulator | kShortIndex;  // bits of the mode that are as they were in the beginning
    for (std::size_t n = 0; n < kMostInstructions; ++n) {
        if (at + 4 > rom.size()) return result;
        const std::uint8_t opcode = rom[at];
        const Step step = kSteps[mode][opcode];
        result.asked |= step.asks & unchanged;
        for (std::size_t k = 0; step.effects != 0 && k < kRegisters; ++k) {
            if ((step.effects >> k & kKeepsA) != 0) held[k] = 0;
            if ((step.effects >> k & kLoadsA) == 0) continue;
            if (held[k] != 0) result.loads[held[k] - 1].is_lost = true;
            held[k] = kLoads[opcode] ? result.count + 1 : 0;
        }
        if (!step.is_plain) {
            if (kLoads[opcode]) {
                const bool is_word = step.length == 3;
                const auto value = static_cast<std::uint16_t>(is_word ? rom[at + 1] | rom[at + 2] << 8 : rom[at + 1]);
                result.loads[result.count++] = {static_cast<std::uint32_t>(at + 1), value, is_word, false};
            } else if (opcode == kRep || opcode == kSep) {
                const unsigned bits = ((rom[at + 1] & 0x20) != 0 ? kShortAccumulator : 0U) |
                                      ((rom[at + 1] & 0x10) != 0 ? kShortIndex : 0U);
                mode = opcode == kSep ? mode | bits : mode & ~bits;
                unchanged &= ~bits;
            } else {
                if (kCallOf[opcode] == kNoRow) return result;  // code ends here
                result.call = static_cast<std::uint32_t>(at);
                result.routine = opcode;
                for (std::size_t k = kCalls[kCallOf[opcode]].operands; k > 0; --k)
                    result.routine = result.routine << 8 | rom[at + k];
                return result;
            }
        }
        at += step.length;
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
    std::uint8_t kind;        // which instructions load both, and in which order
    std::uint32_t usual = 0;  // how many of the routine's strong starts are loaded in this way
};

class Reader {
  public:
    explicit Reader(const Space& space) : space_(space) {}

    // Adds the sites whose first constant, word or bank, is loaded by the instruction at `at`, one of kLoads: one for
    // each mode that leads there. No instruction before decides about its width, so all are tried.
    void read(std::size_t at, std::vector<Site>& sites) const {
        const std::span<const std::uint8_t> rom = space_.rom();
        if (at + 4 > rom.size()) return;
        const unsigned width = kSteps[0][rom[at]].asks;
        std::array<Walk, kModes> paths;
        std::array<unsigned, kModes> path_of{};
        for (unsigned mode = 0; mode < kModes; ++mode) {
            const bool is_word = (mode & width) == 0;
            // Neither a bank nor a word that leads to ROM.
            if (is_word && rom[at + 2] != 0 && !may_lead(rom[at + 2])) continue;
            // A path is that of another mode where it does not depend on what differs.
            path_of[mode] = mode;
            for (const unsigned bit : {kShortAccumulator, kShortIndex}) {
                const unsigned other = mode & ~bit;
                if (other == mode || (bit & width) != 0 || (paths[path_of[other]].asked & bit) != 0) continue;
                path_of[mode] = path_of[other];
            }
            if (path_of[mode] == mode) paths[mode] = walk(rom, at, mode);
            add(paths[path_of[mode]], sites);
        }
    }

  private:
    [[nodiscard]] bool may_lead(unsigned high) const noexcept { return high >= 0x80 || space_.has_lower_half(); }

    // Pairs the path's first constant with the others: as the word with banks after it, and as the bank of words.
    void add(const Walk& path, std::vector<Site>& sites) const {
        if (path.call == kNoPlace) return;
        const Immediate& first = path.loads[0];
        for (const Immediate& other : std::span(path.loads).subspan(1, path.count - 1)) {
            if (first.is_word) pair(path, first, other, sites);
            if (other.is_word && other.at - first.at <= kMostBefore) pair(path, other, first, sites);
        }
    }

    [[nodiscard]] std::uint8_t kind_of(const Immediate& word, const Immediate& bank) const noexcept {
        const auto load = [this](const Immediate& one) { return kLoadOf[space_.rom()[one.at - 1]]; };
        return static_cast<std::uint8_t>(load(word) << 3 | load(bank) << 1 | (word.at < bank.at ? 1 : 0));
    }

    void pair(const Walk& path, const Immediate& word, const Immediate& bank, std::vector<Site>& sites) const {
        if (bank.is_lost || word.is_lost) return;
        if (bank.value >= kBanks || !may_lead(word.value >> 8) || !space_.is_rom(word.value, bank.value)) return;
        const bool likely = space_.is_likely(word.value, bank.value);
        sites.push_back({path.call, path.routine, word.at, bank.at, std::uint32_t{bank.value} << 16 | word.value,
                         likely ? space_.start_of(word.value, bank.value) : kNoPlace,
                         space_.is_strong(word.value, bank.value), kind_of(word, bank)});
    }

    const Space& space_;
};

// Leaves out pairs of a kind that is rare among the calls of their routine, and says of the others how usual theirs is.
// The callers of one routine load its address alike, while other constants of theirs lead to some start by chance.
void keep_usual(std::vector<Site>& sites) {
    constexpr std::size_t kRare = 8;  // one of so many
    std::stable_sort(sites.begin(), sites.end(), [](const Site& a, const Site& b) { return a.routine < b.routine; });
    for (auto begin = sites.begin(); begin != sites.end();) {
        const auto end =
            std::find_if(begin, sites.end(), [&](const Site& one) { return one.routine != begin->routine; });
        std::array<std::uint32_t, kKinds> of_kind{};
        for (auto one = begin; one != end; ++one) of_kind[one->kind] += one->strong ? 1 : 0;
        const std::uint32_t most = *std::max_element(of_kind.begin(), of_kind.end());
        for (auto one = begin; one != end; ++one) {
            one->usual = of_kind[one->kind] * kRare < most ? kNoPlace : of_kind[one->kind];
        }
        begin = end;
    }
    std::erase_if(sites, [](const Site& one) { return one.usual == kNoPlace; });
}

}  // namespace

void find_in_code(const Space& space, Claims& claims, FoundShapes& found, const Work& work) {
    const std::span<const std::uint8_t> rom = space.rom();
    const Reader reader(space);
    std::vector<std::vector<Site>> parts((rom.size() + kPartBytes - 1) / kPartBytes);
    for_each_part(parts.size(), work, [&](std::size_t part) {
        const std::size_t end = std::min(rom.size(), (part + 1) * kPartBytes);
        for (std::size_t at = part * kPartBytes; at < end; ++at) {
            if (kLoads[rom[at]]) reader.read(at, parts[part]);
        }
    });
    std::vector<Site> sites;
    for (const auto& some : parts) sites.insert(sites.end(), some.begin(), some.end());
    keep_usual(sites);
    // One call unpacks one block: of its pairs the best counts.
    const auto apart = [](const Site& one) { return std::max(one.word, one.bank) - std::min(one.word, one.bank); };
    const auto rank = [&](const Site& one) {
        return std::tuple(one.routine, one.call, one.target == kNoPlace, ~one.usual, !one.strong, apart(one), one.word,
                          one.bank < one.word);
    };
    std::sort(sites.begin(), sites.end(), [&](const Site& a, const Site& b) { return rank(a) < rank(b); });
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

FoundShapes find_shapes(std::span<const std::uint8_t> rom, std::span<const std::int64_t, kPages> pages,
                        const LikelyStarts& starts, std::span<const Reference> longs, std::span<const float> evidence,
                        const Work& work) {
    FoundShapes found;
    const Space space(rom, pages, starts);
    if (space.strong_count() < kFewest) return found;
    constexpr float kBeyondDoubt = 500;
    Claims claims(rom.size() + 4);
    std::vector<WeakPointer> weak;
    for (std::size_t k = 0; k < longs.size(); ++k) {
        if (evidence[k] <= 0) continue;
        if (evidence[k] < kBeyondDoubt) {
            weak.push_back({longs[k].position, evidence[k]});
        } else {
            for (std::uint32_t byte = 0; byte < 3; ++byte) claims.take(longs[k].position + byte);
        }
    }
    find_word_tables(space, weak, claims, found, work);
    find_in_code(space, claims, found, work);
    return found;
}

}  // namespace halscope::locate
