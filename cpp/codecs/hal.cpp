// HAL Laboratory's format; it has its own decoder (hal/decode.cpp).
#include "codecs/family.hpp"

namespace halscope::codecs {
namespace {

// Counted in the streams of four packers (one optimal, three greedy) for drawn tiles and maps; rounded, with a floor
// for combinations that none of them writes.
constexpr locate::KindRates kKindAfter{{
    {0.55, 0.32, 0.08, 0.04, 0.001, 0.001, 0.001, 0.0001},
    {0.20, 0.18, 0.10, 0.02, 0.30, 0.10, 0.10, 0.0001},
    {0.001, 0.15, 0.10, 0.02, 0.55, 0.10, 0.08, 0.0001},
    {0.42, 0.12, 0.05, 0.01, 0.30, 0.055, 0.045, 0.0001},
}};

}  // namespace

extern constexpr NativeCodec kHal = Family<hal::kHalFormat, kKindAfter>::row("hal", "HAL", &hal::decode);

}  // namespace halscope::codecs
