// Short commands with SSSE3: 32 bytes in two registers.
#include "core/cpu.hpp"

#if defined(HALSCOPE_X86)
#include <immintrin.h>

#define HALSCOPE_LEVEL HALSCOPE_SSSE3
#include "hal/short_commands_loop.hpp"

namespace halscope::hal {
namespace {

HALSCOPE_LEVEL HALSCOPE_INLINE __m128i table(const std::uint8_t* row) noexcept {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(row));
}

struct Chunk {
    __m128i first;
    __m128i second;

    HALSCOPE_LEVEL HALSCOPE_INLINE static Chunk load(const std::uint8_t* one, const std::uint8_t* other) noexcept {
        return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(one)),
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(other))};
    }

    HALSCOPE_LEVEL HALSCOPE_INLINE static __m128i translate(__m128i bytes, const KindRow& kind) noexcept {
        const __m128i nibble = _mm_set1_epi8(0x0F);
        const __m128i placed = _mm_shuffle_epi8(bytes, table(kind.shuffle.data()));
        const __m128i low = _mm_shuffle_epi8(table(kind.low_nibble.data()), _mm_and_si128(placed, nibble));
        const __m128i high =
            _mm_shuffle_epi8(table(kind.high_nibble.data()), _mm_and_si128(_mm_srli_epi16(placed, 4), nibble));
        return _mm_or_si128(low, high);
    }

    [[nodiscard]] HALSCOPE_LEVEL HALSCOPE_INLINE Chunk translate(const KindRow& kind) const noexcept {
        return {_mm_add_epi8(translate(first, kind), table(kind.addend.data())),
                _mm_add_epi8(translate(second, kind), table(kind.addend.data() + 16))};
    }

    HALSCOPE_LEVEL HALSCOPE_INLINE void store(std::uint8_t* to) const noexcept {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), first);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), second);
    }
};

}  // namespace

HALSCOPE_LEVEL void short_commands_ssse3(Cursor& cursor) noexcept {
    short_commands<Chunk>(cursor);
}

}  // namespace halscope::hal
#endif
