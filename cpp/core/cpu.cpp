#include "core/cpu.hpp"

#include <atomic>

#if defined(HALSCOPE_X86) && defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace halscope {
namespace {

Simd detect() noexcept {
#if defined(HALSCOPE_NEON)
    return Simd::neon;
#elif defined(HALSCOPE_X86) && defined(_MSC_VER) && !defined(__clang__)
    int leaf[4];
    __cpuid(leaf, 0);
    const int last_leaf = leaf[0];
    __cpuid(leaf, 1);
    constexpr int kSsse3 = 1 << 9, kSavesRegisters = 1 << 27, kAvx = 1 << 28;  // in ecx
    const int features = leaf[2];
    if ((features & kSsse3) == 0) return Simd::scalar;
    // The operating system must save the wide registers too, or their upper halves are lost.
    constexpr unsigned kSavedAvx = 6;
    if ((features & kSavesRegisters) == 0 || (features & kAvx) == 0 || last_leaf < 7) return Simd::ssse3;
    if ((_xgetbv(0) & kSavedAvx) != kSavedAvx) return Simd::ssse3;
    __cpuidex(leaf, 7, 0);
    constexpr int kAvx2 = 1 << 5;  // in ebx
    return (leaf[1] & kAvx2) != 0 ? Simd::avx2 : Simd::ssse3;
#elif defined(HALSCOPE_X86)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) return Simd::avx2;
    return __builtin_cpu_supports("ssse3") ? Simd::ssse3 : Simd::scalar;
#else
    return Simd::scalar;
#endif
}

Simd detected() noexcept {
    static const Simd level = detect();
    return level;
}

std::atomic<Simd> most_allowed = Simd::neon;

bool available(Simd level) noexcept {
    if (level == Simd::neon || detected() == Simd::neon) return level == Simd::scalar || level == detected();
    return level <= detected();
}

}  // namespace

Simd simd() noexcept {
    const Simd best = detected();
    const Simd most = most_allowed.load(std::memory_order_relaxed);
    if (best <= most) return best;
    return available(most) ? most : Simd::scalar;
}

void limit_simd(Simd most) noexcept {
    most_allowed.store(most, std::memory_order_relaxed);
}

std::vector<Simd> available_simd() {
    std::vector<Simd> levels;
    for (const Simd level : {Simd::scalar, Simd::ssse3, Simd::avx2, Simd::neon}) {
        if (available(level)) levels.push_back(level);
    }
    return levels;
}

std::string_view name_of(Simd level) noexcept {
    switch (level) {
        case Simd::ssse3:
            return "ssse3";
        case Simd::avx2:
            return "avx2";
        case Simd::neon:
            return "neon";
        case Simd::scalar:
            break;
    }
    return "scalar";
}

}  // namespace halscope
