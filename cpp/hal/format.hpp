// What sets apart the formats that share HAL's headers and its commands 0 to 4. Encoding (hal/pack.hpp) and the
// scan (hal/scan_step.hpp) are templates over it:
//
//     inline constexpr hal::Format kLz2{
//         .copies = hal::Copies::forward, .pair_count = hal::PairCount::bytes, .references = std::endian::big};
//     hal::EncodeResult result = hal::pack<kLz2>(data, hal::Effort::optimal, cancel);
//
// Everything else is the same in all of them: the short and the long header, their longest counts, FF at the end, and
// references of two bytes that name an absolute offset of the output.
#pragma once
#include <bit>
#include <cstdint>

namespace halscope::hal {

enum class Copies : std::uint8_t {
    forward,  // kCopy alone
    all,      // kReversedCopy and kBackwardCopy too
};

// What the count of kRle16 counts.
enum class PairCount : std::uint8_t {
    pairs,  // up to 2048 bytes, always an even number
    bytes,  // up to 1024; an odd number ends on the pair's first byte
};

struct Format {
    Copies copies;
    PairCount pair_count;
    std::endian references;  // order of their two bytes
};

inline constexpr Format kHalFormat{
    .copies = Copies::all, .pair_count = PairCount::pairs, .references = std::endian::big};

}  // namespace halscope::hal
