// Shared memory as 64-bit words: every access that another process can race with is an atomic one.
#pragma once
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace halscope::tap {

static_assert(std::endian::native == std::endian::little, "the ring's bytes are little-endian");

using Word = std::uint64_t;

inline constexpr std::size_t kWordBytes = sizeof(Word);

[[nodiscard]] constexpr std::size_t words_for(std::size_t bytes) noexcept {
    return (bytes + kWordBytes - 1) / kWordBytes;
}

// A word of shared memory. std::atomic_ref would do, but Apple's libc++ has none before version 19.
#if defined(__GNUC__)
inline Word load_relaxed(const Word* word) noexcept {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}
inline Word load_acquire(const Word* word) noexcept {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
inline void store_relaxed(Word* word, Word value) noexcept {
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}
inline void store_release(Word* word, Word value) noexcept {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
inline bool exchange_if(Word* word, Word expected, Word value) noexcept {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
#else
inline Word load_relaxed(const Word* word) noexcept {
    return std::atomic_ref(*const_cast<Word*>(word)).load(std::memory_order_relaxed);
}
inline Word load_acquire(const Word* word) noexcept {
    return std::atomic_ref(*const_cast<Word*>(word)).load(std::memory_order_acquire);
}
inline void store_relaxed(Word* word, Word value) noexcept {
    std::atomic_ref(*word).store(value, std::memory_order_relaxed);
}
inline void store_release(Word* word, Word value) noexcept {
    std::atomic_ref(*word).store(value, std::memory_order_release);
}
inline bool exchange_if(Word* word, Word expected, Word value) noexcept {
    return std::atomic_ref(*word).compare_exchange_strong(expected, value, std::memory_order_acq_rel);
}
#endif

// Copies bytes into shared words. The last word is filled up with zeros.
inline void copy_in(Word* to, std::span<const std::uint8_t> bytes) noexcept {
    const std::size_t whole = bytes.size() / kWordBytes;
    Word word;
    for (std::size_t n = 0; n < whole; ++n) {
        std::memcpy(&word, bytes.data() + n * kWordBytes, kWordBytes);
        store_relaxed(to + n, word);
    }
    if (const std::size_t rest = bytes.size() % kWordBytes; rest != 0) {
        word = 0;
        std::memcpy(&word, bytes.data() + whole * kWordBytes, rest);
        store_relaxed(to + whole, word);
    }
}

// Copies shared words out. A concurrent writer makes the result a mixture, never undefined.
inline void copy_out(std::span<std::uint8_t> bytes, const Word* from) noexcept {
    const std::size_t whole = bytes.size() / kWordBytes;
    Word word;
    for (std::size_t n = 0; n < whole; ++n) {
        word = load_relaxed(from + n);
        std::memcpy(bytes.data() + n * kWordBytes, &word, kWordBytes);
    }
    if (const std::size_t rest = bytes.size() % kWordBytes; rest != 0) {
        word = load_relaxed(from + whole);
        std::memcpy(bytes.data() + whole * kWordBytes, &word, rest);
    }
}

}  // namespace halscope::tap
