// Word-at-a-time operations (eight bytes) for the decoder and the match finders.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace halscope::hal {

[[nodiscard]] constexpr std::uint64_t reverse_bits_in_bytes(std::uint64_t x) noexcept {
    x = (x >> 1 & 0x5555555555555555U) | (x & 0x5555555555555555U) << 1;
    x = (x >> 2 & 0x3333333333333333U) | (x & 0x3333333333333333U) << 2;
    return (x >> 4 & 0x0F0F0F0F0F0F0F0FU) | (x & 0x0F0F0F0F0F0F0F0FU) << 4;
}

// Compiles to a single instruction.
[[nodiscard]] constexpr std::uint64_t reverse_bytes(std::uint64_t x) noexcept {
    x = (x >> 8 & 0x00FF00FF00FF00FFU) | (x & 0x00FF00FF00FF00FFU) << 8;
    x = (x >> 16 & 0x0000FFFF0000FFFFU) | (x & 0x0000FFFF0000FFFFU) << 16;
    return x >> 32 | x << 32;
}

[[nodiscard]] constexpr std::uint8_t reverse_bits(std::uint8_t x) noexcept {
    return static_cast<std::uint8_t>(reverse_bits_in_bytes(x));
}

[[nodiscard]] inline std::uint64_t load_word(const std::uint8_t* from) noexcept {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

// Eight bytes; the first is in the lowest bits.
[[nodiscard]] inline std::uint64_t load_in_order(const std::uint8_t* from) noexcept {
    const std::uint64_t word = load_word(from);
    return std::endian::native == std::endian::little ? word : reverse_bytes(word);
}

// The number of equal bytes before the first difference; `difference` is the XOR of two words loaded in order, not 0.
[[nodiscard]] constexpr std::size_t first_difference(std::uint64_t difference) noexcept {
    return static_cast<std::size_t>(std::countr_zero(difference)) / 8;
}

// The number of equal bytes, in memory order, before the first difference; `difference` is the XOR of two words and not
// 0.
[[nodiscard]] constexpr std::size_t equal_bytes(std::uint64_t difference) noexcept {
    const int bits =
        std::endian::native == std::endian::little ? std::countr_zero(difference) : std::countl_zero(difference);
    return static_cast<std::size_t>(bits) / 8;
}

}  // namespace halscope::hal
