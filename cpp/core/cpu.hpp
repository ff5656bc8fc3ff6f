// The vector instructions of this processor, chosen at run time, so that one build serves every machine.
//
// A function for one level is marked HALSCOPE_SSSE3 or HALSCOPE_AVX2 and may only be called when simd() reports that
// level. GCC and Clang need the attribute; MSVC compiles the intrinsics anywhere; NEON is part of every AArch64.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#if defined(__x86_64__) || defined(_M_X64)
#define HALSCOPE_X86 1
#include <immintrin.h>
#elif defined(__aarch64__) || defined(_M_ARM64)
#define HALSCOPE_NEON 1
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#define HALSCOPE_SSSE3
#define HALSCOPE_AVX2
#else
#define HALSCOPE_SSSE3 __attribute__((target("ssse3")))
#define HALSCOPE_AVX2 __attribute__((target("avx2")))
#endif

// For the body of functions for several levels: without it, those for AVX2 would call a baseline copy.
#if defined(_MSC_VER) && !defined(__clang__)
#define HALSCOPE_INLINE __forceinline
#define HALSCOPE_NOINLINE __declspec(noinline)
#else
#define HALSCOPE_INLINE __attribute__((always_inline)) inline
#define HALSCOPE_NOINLINE __attribute__((noinline))
#endif

namespace halscope {

enum class Simd : std::uint8_t { scalar, ssse3, avx2, neon };  // each includes the lower levels of its own architecture

// The best level that this processor supports and no test has disabled.
[[nodiscard]] Simd simd() noexcept;

// For tests and benchmarks: from now on simd() returns `most` or, where the processor lacks it, the best level below.
// Process-wide; calls already running are not affected.
void limit_simd(Simd most) noexcept;

// The levels that this processor supports, scalar first; limit_simd does not change them.
[[nodiscard]] std::vector<Simd> available_simd();

// For the body of a spin loop: yields to the core's other hardware thread.
inline void pause_briefly() noexcept {
#if defined(HALSCOPE_X86)
    _mm_pause();
#elif defined(HALSCOPE_NEON) && !defined(_MSC_VER)
    __asm__ volatile("isb");
#endif
}

[[nodiscard]] std::string_view name_of(Simd level) noexcept;

}  // namespace halscope
