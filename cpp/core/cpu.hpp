// Which vector instructions this processor has: chosen when the program runs, so that one build serves every machine.
//
// A function for one level carries HALSCOPE_SSSE3 or HALSCOPE_AVX2 and may be called only when simd() has said so. GCC
// and Clang want the attribute; MSVC compiles the intrinsics anywhere; NEON is part of every AArch64.
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

namespace halscope {

enum class Simd : std::uint8_t { scalar, ssse3, avx2, neon };  // each includes those before it on its own processors

// The best level that this processor has and that no test has ruled out.
[[nodiscard]] Simd simd() noexcept;

// For tests and benchmarks: from now on simd() gives `most` or, where the processor lacks that, the best level below.
// For the whole process; calls that run meanwhile end as they began.
void limit_simd(Simd most) noexcept;

// What this processor has, the scalar level first; limit_simd does not change it.
[[nodiscard]] std::vector<Simd> available_simd();

// For the body of a loop that waits: the processor's other thread goes first.
inline void pause_briefly() noexcept {
#if defined(HALSCOPE_X86)
    _mm_pause();
#elif defined(HALSCOPE_NEON) && !defined(_MSC_VER)
    __asm__ volatile("isb");
#endif
}

[[nodiscard]] std::string_view name_of(Simd level) noexcept;

}  // namespace halscope
