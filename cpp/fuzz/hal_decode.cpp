// Decoding anything, strictly and compatibly, into buffers with no byte to spare.
#include <algorithm>
#include <cstdlib>
#include <vector>

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
    require(exact.output == full.output);  // also: nothing of what lay in the buffer comes out
    if (full.result.status != Status::ok) {
        require(full.result.fault <= in.size() && full.result.consumed == 0);
        return full;
    }
    require(exact.result.status == Status::ok && exact.result.consumed == full.result.consumed);
    require(full.result.consumed <= in.size());
    // The terminator is the last byte that matters.
    require(decode(in.first(full.result.consumed), mode, full.result.size, 0).output == full.output);
    require(decode(in.first(full.result.consumed - 1), mode, full.result.size, 0).result.status != Status::ok);
    if (full.result.size > 0)
        require(decode(in, mode, full.result.size - 1, 0).result.status == Status::output_too_long);
    return full;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> in(data, size);
    const Outcome strict = check(in, Mode::strict);
    const Outcome compatible = check(in, Mode::compatible);
    if (strict.result.status == Status::ok)
        require(compatible.result.status == Status::ok && compatible.output == strict.output);
    return 0;
}
