// Finds pointers of all shapes in any bytes: within bounds, and each leads where its bytes say.
#include <cstdlib>
#include <vector>

#include "locate/pointers.hpp"
#include "locate/shapes.hpp"
#include "locate/tagged.hpp"

namespace {

using namespace halscope::locate;

constexpr std::size_t kLongest = 1536;
constexpr float kLeastEvidence = 4;

void demand(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

// The first byte chooses the mapping, the second how far apart starts are; the rest is the ROM.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 8 || size > kLongest) return 0;
    const std::vector<std::uint8_t> rom(data + 2, data + size);  // of exact size, so that an overrun is detected
    const bool whole_banks = (data[0] & 1) != 0;
    std::vector<std::int64_t> pages(kPages, -1);
    for (std::size_t page = 0; page < kPages; page += 2) {
        if ((data[0] >> (page >> 6) & 1) != 0) continue;
        pages[page + 1] = 0;
        if (whole_banks) pages[page] = page % 8 == 0 ? 0 : 0x8000;
    }
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint32_t> families;
    std::vector<std::uint8_t> grades;
    for (std::size_t at = data[1] % 16; at < rom.size(); at += 1 + data[1] / 8) {
        offsets.push_back(static_cast<std::uint32_t>(at));
        families.push_back(static_cast<std::uint32_t>(at / 3));
        grades.push_back(rom[at] % 4);
    }
    const std::span<const std::int64_t, kPages> map(pages.data(), kPages);
    const std::vector<Reference> longs = find_references(rom, map, offsets);
    const LikelyStarts starts{offsets, families, grades};
    for (const PointerGroup& group : find_tagged(rom, longs, starts, kLeastEvidence)) {
        demand(group.evidence >= kLeastEvidence && !group.members.empty());
        for (std::size_t k = 0; k < group.members.size(); ++k) {
            demand(group.members[k] < longs.size());
            demand(k == 0 || longs[group.members[k]].position >= longs[group.members[k - 1]].position + 3);
        }
    }
    std::vector<float> evidence(longs.size());
    for (std::size_t k = 0; k < longs.size(); ++k) {
        if (longs[k].position % 5 == 0) evidence[k] = longs[k].position % 2 == 0 ? 30.0F : 90.0F;
    }
    const FoundShapes found = find_shapes(rom, map, starts, longs, evidence);
    for (const ShapedReference& one : found.references) {
        demand(one.low < rom.size() && one.high < rom.size() && (one.bank == kNoPlace || one.bank < rom.size()));
        demand(one.group < found.groups.size() && one.target < offsets.size());
        demand((one.address & 0xFF) == rom[one.low] && (one.address >> 8 & 0xFF) == rom[one.high]);
        demand(one.bank == kNoPlace || one.address >> 16 == rom[one.bank]);
        const std::int64_t page = pages[one.address >> 15];
        demand(page >= 0 && static_cast<std::uint32_t>(page) + (one.address & 0x7FFF) == offsets[one.target]);
    }
    return 0;
}
