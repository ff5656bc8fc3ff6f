// Scanning: the instances of hal/scan_pass.hpp for these formats.
#include "hal/scan_step.hpp"
#include "lz/lz.hpp"

namespace halscope::lz {

std::vector<Candidate> scan(std::span<const std::uint8_t> rom, Format format, std::size_t window, Mode mode,
                            std::size_t threads, const CancelToken* cancel) {
    return format == Format::lz1 ? hal::scan_format<kLz1>(rom, window, mode, threads, cancel)
                                 : hal::scan_format<kLz2>(rom, window, mode, threads, cancel);
}

}  // namespace halscope::lz
