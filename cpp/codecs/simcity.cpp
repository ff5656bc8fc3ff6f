// SimCity's format (its decoder reads input at $00:926D): LC_LZ1 plus inverting copies and near copies.
#include "codecs/family.hpp"

namespace halscope::codecs {
namespace {

constexpr hal::Format kFormat{
    .copies = hal::Copies::near, .pair_count = hal::PairCount::bytes, .references = std::endian::little};

// Counted in the streams of two encoders at two efforts each, for drawn tiles and maps; rounded, with a floor.
constexpr locate::KindRates kKindAfter{{
    {0.50, 0.40, 0.07, 0.03, 0.001, 0.001, 0.001, 0.0001},
    {0.10, 0.16, 0.35, 0.02, 0.16, 0.01, 0.20, 0.0002},
    {0.001, 0.20, 0.25, 0.01, 0.26, 0.016, 0.26, 0.0002},
    {0.56, 0.07, 0.11, 0.006, 0.13, 0.01, 0.115, 0.0002},
}};

}  // namespace

extern constexpr NativeCodec kSimCity = Family<kFormat, kKindAfter>::row("simcity", "SimCity");

}  // namespace halscope::codecs
