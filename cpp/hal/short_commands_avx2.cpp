// Short commands with AVX2: 32 bytes in one register.
#include "core/cpu.hpp"

#if defined(HALSCOPE_X86)
#include <immintrin.h>

#define HALSCOPE_LEVEL HALSCOPE_AVX2
#include "hal/short_commands_loop.hpp"

namespace halscope::hal {
namespace {

struct Chunk {
    __m256i bytes;

    HALSCOPE_LEVEL HALSCOPE_INLINE static Chunk load(const std::uint8_t* first, const std::uint8_t* second) noexcept {
        const __m128i lower = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first));
        const __m128i upper = _mm_loadu_si128(reinterpret_cast<const __m128i*>(second));
        return {_mm256_inserti128_si256(_mm256_castsi128_si256(lower), upper, 1)};
    }

    HALSCOPE_LEVEL HALSCOPE_INLINE static __m256i twice(const std::array<std::uint8_t, 16>& table) noexcept {
        return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
    }

    [[nodiscard]] HALSCOPE_LEVEL HALSCOPE_INLINE Chunk translate(const KindRow& kind) const noexcept {
        const __m256i nibble = _mm256_set1_epi8(0x0F);
        const __m256i placed = _mm256_shuffle_epi8(bytes, twice(kind.shuffle));
        const __m256i low = _mm256_shuffle_epi8(twice(kind.low_nibble), _mm256_and_si256(placed, nibble));
        const __m256i high =
            _mm256_shuffle_epi8(twice(kind.high_nibble), _mm256_and_si256(_mm256_srli_epi16(placed, 4), nibble));
        const __m256i addend = _mm256_load_si256(reinterpret_cast<const __m256i*>(kind.addend.data()));
        return {_mm256_add_epi8(_mm256_or_si256(low, high), addend)};
    }

    HALSCOPE_LEVEL HALSCOPE_INLINE void store(std::uint8_t* to) const noexcept {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
    }
};

}  // namespace

HALSCOPE_LEVEL void short_commands_avx2(Cursor& cursor) noexcept {
    short_commands<Chunk>(cursor);
}

}  // namespace halscope::hal
#endif
