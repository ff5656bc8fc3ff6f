// Decodes anything, strict and compatible, at every SIMD level, into buffers of exact size. The careful step alone is
// the reference.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/cpu.hpp"
#include "hal/careful.hpp"
#include "hal/hal.hpp"

namespace {

using halscope::hal::DecodeResult;
using halscope::hal::Mode;
using halscope::hal::Status;

void require(bool holds) {
    if (!holds) std::abort();
}

struct Outcome {
    DecodeResult result;
    std::vector<std::uint8_t> output;
};

Outcome decode(std::span<const std::uint8_t> in, Mode mode, std::size_t room, std::uint8_t stale) {
    Outcome outcome{{}, std::vector<std::uint8_t>(room, stale)};
    outcome.result = halscope::hal::decode(in, 0, mode, outcome.output);
    require(outcome.result.size <= room);
    require((outcome.result.status == Status::ok) == halscope::hal::describe(outcome.result).empty());
    outcome.output.resize(outcome.result.size);
    return outcome;
}

Outcome check(std::span<const std::uint8_t> in, Mode mode) {
    const Outcome full = decode(in, mode, halscope::hal::kMaxOutput, 0xA5);
    const Outcome exact = decode(in, mode, full.result.size, 0x5A);
    require(exact.output == full.output);  // and no previous contents of the buffer leak
    if (full.result.status != Status::ok) {
        require(full.result.fault <= in.size() && full.result.consumed == 0);
        return full;
    }
    require(exact.result.status == Status::ok && exact.result.consumed == full.result.consumed);
    require(full.result.consumed <= in.size());
    // Bytes after the terminator have no effect.
    require(decode(in.first(full.result.consumed), mode, full.result.size, 0).output == full.output);
    require(decode(in.first(full.result.consumed - 1), mode, full.result.size, 0).result.status != Status::ok);
    if (full.result.size > 0)
        require(decode(in, mode, full.result.size - 1, 0).result.status == Status::output_too_long);
    return full;
}

// The careful step and the current `decode` give the same.
void compare(std::span<const std::uint8_t> in, Mode mode, const Outcome& found) {
    std::vector<std::uint8_t> output(halscope::hal::kMaxOutput, 0x3C);
    const DecodeResult careful = halscope::hal::decode_carefully(in, 0, mode, output);
    require(careful.status == found.result.status && careful.size == found.result.size);
    require(careful.consumed == found.result.consumed && careful.fault == found.result.fault);
    require(careful.reference == found.result.reference);
    require(std::equal(found.output.begin(), found.output.end(), output.begin()));
}

void check_level(std::span<const std::uint8_t> in) {
    const Outcome strict = check(in, Mode::strict);
    const Outcome compatible = check(in, Mode::compatible);
    if (strict.result.status == Status::ok)
        require(compatible.result.status == Status::ok && compatible.output == strict.output);
    compare(in, Mode::strict, strict);
    compare(in, Mode::compatible, compatible);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<halscope::Simd> levels = halscope::available_simd();
    for (const halscope::Simd level : levels) {
        halscope::limit_simd(level);
        check_level({data, size});
    }
    return 0;
}
