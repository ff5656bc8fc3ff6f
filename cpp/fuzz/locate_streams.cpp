// Finds pointer tables in any bytes, within bounds.
#include <cstdlib>
#include <vector>

#include "hal/hal.hpp"
#include "locate/pointers.hpp"

namespace {

constexpr std::size_t kLongest = 1024;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > kLongest) return 0;
    using namespace halscope;
    const std::vector<std::uint8_t> copy(data, data + size);  // of exact size, so that an overrun is detected
    const std::span<const std::uint8_t> rom(copy);

    std::vector<std::uint32_t> offsets;
    std::vector<std::uint32_t> families;
    for (const hal::Candidate& stream : hal::scan(rom)) {
        offsets.push_back(stream.offset);
        families.push_back(stream.offset + stream.packed_size);
    }

    std::vector<std::int64_t> pages(locate::kPages, -1);
    for (std::size_t page = 0; page < locate::kPages; page += 2) pages[page] = 0;
    const std::vector<locate::Reference> references = locate::find_references(
        rom, std::span<const std::int64_t, locate::kPages>(pages.data(), locate::kPages), offsets);
    const std::vector<std::uint32_t> strides{3, 4, 5, 16};
    const std::vector<locate::TableEntry> entries =
        locate::find_tables(references, families, strides, 5.0F, -1.5F, 10.0F);
    if (entries.size() != references.size()) std::abort();
    // Entries of one table are a multiple of its stride apart.
    std::vector<std::uint32_t> first(entries.size(), UINT32_MAX);
    for (std::size_t k = 0; k < entries.size(); ++k) {
        if (entries[k].evidence <= 0) continue;
        if (entries[k].table >= entries.size()) std::abort();
        std::uint32_t& begin = first[entries[k].table];
        if (begin == UINT32_MAX) begin = references[k].position;
        if ((references[k].position - begin) % entries[k].stride != 0) std::abort();
    }
    return 0;
}
