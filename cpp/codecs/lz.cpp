// Nintendo's LC_LZ1 (Zelda 3's decoder at $00:E7DE) and LC_LZ2 (Super Mario World's at $00:B87E, Zelda 3's second at
// $02:FC1F): close relatives of HAL's format with forward copies only. They differ in the byte order of references.
#include "codecs/family.hpp"

namespace halscope::codecs {
namespace {

constexpr hal::Format kLz1Format{
    .copies = hal::Copies::forward, .pair_count = hal::PairCount::bytes, .references = std::endian::little};
constexpr hal::Format kLz2Format{
    .copies = hal::Copies::forward, .pair_count = hal::PairCount::bytes, .references = std::endian::big};

// Counted in the streams of two encoders at two efforts each, for drawn tiles and maps; rounded, with a floor.
constexpr locate::KindRates kKindAfter{{
    {0.52, 0.36, 0.09, 0.03, 0.001, 0.0001, 0.0001, 0.0001},
    {0.20, 0.18, 0.22, 0.02, 0.38, 0.0001, 0.0001, 0.0001},
    {0.001, 0.18, 0.28, 0.02, 0.52, 0.0001, 0.0001, 0.0001},
    {0.50, 0.10, 0.12, 0.01, 0.27, 0.0001, 0.0001, 0.0001},
}};

}  // namespace

extern constexpr NativeCodec kLz1 = Family<kLz1Format, kKindAfter>::row("lz1", "LZ1");
extern constexpr NativeCodec kLz2 = Family<kLz2Format, kKindAfter>::row("lz2", "LZ2");

}  // namespace halscope::codecs
