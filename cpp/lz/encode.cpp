// Encoding: the instances of hal/pack.hpp for these formats.
#include "hal/pack.hpp"
#include "lz/lz.hpp"

namespace halscope::lz {

EncodeResult encode(std::span<const std::uint8_t> data, Format format, Effort effort, const CancelToken* cancel) {
    return format == Format::lz1 ? hal::pack<kLz1>(data, effort, cancel) : hal::pack<kLz2>(data, effort, cancel);
}

}  // namespace halscope::lz
