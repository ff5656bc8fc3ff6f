// Encodes anything with both efforts: the stream decodes strictly to the data, and `optimal` is never larger.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "hal/hal.hpp"

namespace {

using halscope::hal::Effort;
using halscope::hal::Mode;
using halscope::hal::Status;

void require(bool holds) {
    if (!holds) std::abort();
}

// Packed size, or 0 where the encoder refuses.
std::size_t check(const std::vector<std::uint8_t>& data, Effort effort) {
    const auto encoded = halscope::hal::encode(data, effort);
    if (encoded.status != Status::ok) {
        require(encoded.status == Status::packed_too_long && encoded.fault < data.size());
        return 0;
    }
    std::vector<std::uint8_t> output(data.size());
    const auto decoded = halscope::hal::decode(encoded.packed, 0, Mode::strict, output);
    require(decoded.status == Status::ok && decoded.size == data.size());
    require(decoded.consumed == encoded.packed.size() && output == data);
    return encoded.packed.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    // The input's decoded form, if it decodes: a few bytes then give long runs, mirrored data and 64 KiB of it.
    std::vector<std::uint8_t> data(halscope::hal::kMaxOutput);
    const auto unpacked = halscope::hal::decode({input, size}, 0, Mode::compatible, data);
    data.resize(unpacked.size);
    if (unpacked.status != Status::ok) data.assign(input, input + size);
    const std::size_t optimal = check(data, Effort::optimal);
    const std::size_t fast = check(data, Effort::fast);
    require(fast == 0 || (optimal != 0 && optimal <= fast));
    return 0;
}
