// Encoding HAL streams: hal/pack.hpp instantiated for this format.
#include "hal/format.hpp"
#include "hal/hal.hpp"
#include "hal/pack.hpp"

namespace halscope::hal {

EncodeResult encode(std::span<const std::uint8_t> data, Effort effort, const CancelToken* cancel) {
    return pack<kHalFormat>(data, effort, cancel);
}

std::string describe(const EncodeResult& result) {
    switch (result.status) {
        case Status::ok:
            return {};
        case Status::data_too_long:
            return "more than 65,536 bytes do not fit in one stream; split the data";
        default:
            return "the packed stream would exceed 65,536 bytes, more than a game can address; split the data";
    }
}

}  // namespace halscope::hal
