// Short commands with NEON: 32 bytes in two registers.
#include "core/cpu.hpp"

#if defined(HALSCOPE_NEON)
#include <arm_neon.h>

#define HALSCOPE_LEVEL
#include "hal/short_commands_loop.hpp"

namespace halscope::hal {
namespace {

struct Chunk {
    uint8x16_t first;
    uint8x16_t second;

    HALSCOPE_INLINE static Chunk load(const std::uint8_t* one, const std::uint8_t* other) noexcept {
        return {vld1q_u8(one), vld1q_u8(other)};
    }

    HALSCOPE_INLINE static uint8x16_t translate(uint8x16_t bytes, const KindRow& kind) noexcept {
        const uint8x16_t placed = vqtbl1q_u8(bytes, vld1q_u8(kind.shuffle.data()));
        const uint8x16_t low = vqtbl1q_u8(vld1q_u8(kind.low_nibble.data()), vandq_u8(placed, vdupq_n_u8(0x0F)));
        return vorrq_u8(low, vqtbl1q_u8(vld1q_u8(kind.high_nibble.data()), vshrq_n_u8(placed, 4)));
    }

    [[nodiscard]] HALSCOPE_INLINE Chunk translate(const KindRow& kind) const noexcept {
        return {vaddq_u8(translate(first, kind), vld1q_u8(kind.addend.data())),
                vaddq_u8(translate(second, kind), vld1q_u8(kind.addend.data() + 16))};
    }

    HALSCOPE_INLINE void store(std::uint8_t* to) const noexcept {
        vst1q_u8(to, first);
        vst1q_u8(to + 16, second);
    }
};

}  // namespace

void short_commands_neon(Cursor& cursor) noexcept {
    short_commands<Chunk>(cursor);
}

}  // namespace halscope::hal
#endif
