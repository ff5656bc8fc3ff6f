// Compares the scan with the decoder at every offset, strict and compatible, with and without edges, whole and in
// parts.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "hal/hal.hpp"

namespace {

using halscope::hal::Candidate;
using halscope::hal::Candidates;
using halscope::hal::Mode;
using halscope::hal::Status;

constexpr std::size_t kLongest = 1024;  // every offset is decoded, and each may yield 64 KiB

void check(std::span<const std::uint8_t> rom, std::size_t window, Mode mode) {
    static std::vector<std::uint8_t> output(halscope::hal::kMaxOutput);
    const Candidates found = halscope::hal::scan(rom, window, mode, 1);
    auto next = found.begin();
    for (std::size_t offset = 0; offset < rom.size(); ++offset) {
        const std::size_t edge = window == 0 ? rom.size() : std::min(rom.size(), (offset / window + 1) * window);
        const auto decoded = halscope::hal::decode(rom.first(edge), offset, mode, output);
        if (decoded.status != Status::ok || decoded.size == 0) continue;
        if (next == found.end() || next->offset != offset || next->packed_size != decoded.consumed ||
            next->size != decoded.size)
            std::abort();
        ++next;
    }
    if (next != found.end()) std::abort();
    // In parts, whose seams may be anywhere.
    const Candidates parts = halscope::hal::scan(rom, window, mode, 3);
    const auto same = [](const Candidate& left, const Candidate& right) {
        return left.offset == right.offset && left.packed_size == right.packed_size && left.size == right.size;
    };
    if (!std::equal(found.begin(), found.end(), parts.begin(), parts.end(), same)) std::abort();
}

}  // namespace

// The first byte is the window, the rest is the ROM.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > kLongest) return 0;
    const std::span<const std::uint8_t> rom(data + 1, size - 1);
    for (const Mode mode : {Mode::strict, Mode::compatible}) {
        check(rom, 0, mode);
        check(rom, data[0], mode);
    }
    return 0;
}
