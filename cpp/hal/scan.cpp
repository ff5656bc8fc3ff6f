// Scanning for HAL streams: hal/scan_pass.hpp instantiated for this format.
#include "hal/format.hpp"
#include "hal/hal.hpp"
#include "hal/scan_pass.hpp"
#include "hal/scan_step.hpp"

namespace halscope::hal {

Candidates scan(std::span<const std::uint8_t> rom, std::size_t window, Mode mode, std::size_t threads,
                            const CancelToken* cancel) {
    return scan_format<kHalFormat>(rom, window, mode, threads, cancel);
}

}  // namespace halscope::hal
