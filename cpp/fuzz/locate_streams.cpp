// Weighing streams and finding pointer tables in any bytes: within bounds, finite, and the same when done again.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "hal/hal.hpp"
#include "locate/economy.hpp"
#include "locate/pointers.hpp"

namespace {

constexpr std::size_t kLongest = 1024;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > kLongest) return 0;
    using namespace halscope;
    const std::vector<std::uint8_t> copy(data, data + size);  // of exactly this size, so that an overrun is seen
    const std::span<const std::uint8_t> rom(copy);
    static std::vector<std::uint8_t> output(hal::kMaxOutput);

    std::vector<std::uint32_t> offsets;
    std::vector<std::uint32_t> families;
    for (const hal::Candidate& stream : hal::scan(rom)) {
        offsets.push_back(stream.offset);
        families.push_back(stream.offset + stream.packed_size);
        const hal::DecodeResult block = hal::decode(rom, stream.offset, hal::Mode::strict, output);
        const auto decoded = std::span<const std::uint8_t>(output).first(block.size);
        const locate::Evidence evidence = locate::stream_evidence(rom, stream.offset, decoded);
        if (!std::isfinite(evidence.commands + evidence.texture)) std::abort();
        for (const float joints : evidence.joints)
            if (!std::isfinite(joints)) std::abort();
        // An output that is not this stream's gives nonsense, but no more than that.
        (void)locate::stream_evidence(rom, stream.offset, rom);
    }
    const std::vector<float> first_look = locate::command_evidence(rom, offsets);
    if (!std::all_of(first_look.begin(), first_look.end(), [](float one) { return std::isfinite(one); })) std::abort();
    std::vector<std::uint32_t> everywhere;
    for (std::uint32_t offset = 0; offset < size + 4; ++offset) everywhere.push_back(offset);
    if (locate::command_evidence(rom, everywhere).size() != everywhere.size()) std::abort();

    std::vector<std::int64_t> pages(locate::kPages, -1);
    for (std::size_t page = 0; page < locate::kPages; page += 2) pages[page] = 0;
    const std::vector<locate::Reference> references = locate::find_references(
        rom, std::span<const std::int64_t, locate::kPages>(pages.data(), locate::kPages), offsets);
    const std::vector<std::uint32_t> strides{3, 4, 5, 16};
    const std::vector<float> tables = locate::table_evidence(references, families, strides, 5.0F, -1.5F, 10.0F);
    if (tables.size() != references.size()) std::abort();
    return 0;
}
