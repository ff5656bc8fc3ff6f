// A set of numbers up to 65,536 that finds the nearest member in constant time.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace halscope::hal {

// One bit per number, one bit per non-zero word of those, and one level more: at most three look-ups, usually one.
class PositionSet {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    void insert(std::uint32_t number) noexcept {
        bits_[number >> 6] |= bit(number);
        words_[number >> 12] |= bit(number >> 6);
        groups_ |= bit(number >> 12);
    }
    void erase(std::uint32_t number) noexcept {
        bits_[number >> 6] &= ~bit(number);
        if (bits_[number >> 6] != 0) return;
        words_[number >> 12] &= ~bit(number >> 6);
        if (words_[number >> 12] == 0) groups_ &= ~bit(number >> 12);
    }
    // The greatest member below `number`, which is at most 65,536.
    [[nodiscard]] std::uint32_t before(std::uint32_t number) const noexcept {
        const std::uint64_t bits = bits_[number >> 6] & (bit(number) - 1);
        if (bits != 0) return (number & ~63U) + greatest(bits);
        const std::uint64_t words = words_[number >> 12] & (bit(number >> 6) - 1);
        if (words != 0) return greatest_in_word((number >> 12) << 6 | greatest(words));
        const std::uint64_t groups = groups_ & (bit(number >> 12) - 1);
        if (groups == 0) return kNone;
        const std::uint32_t group = greatest(groups);
        return greatest_in_word(group << 6 | greatest(words_[group]));
    }
    // The least member that is `number` or more; `number` is at most 65,536.
    [[nodiscard]] std::uint32_t from(std::uint32_t number) const noexcept {
        const std::uint64_t bits = bits_[number >> 6] & ~(bit(number) - 1);
        if (bits != 0) return (number & ~63U) + least(bits);
        const std::uint64_t words = words_[number >> 12] & ~((bit(number >> 6) << 1) - 1);
        if (words != 0) return least_in_word((number >> 12) << 6 | least(words));
        const std::uint64_t groups = groups_ & ~((bit(number >> 12) << 1) - 1);
        if (groups == 0) return kNone;
        const std::uint32_t group = least(groups);
        return least_in_word(group << 6 | least(words_[group]));
    }

  private:
    static constexpr std::uint64_t bit(std::uint32_t number) noexcept { return std::uint64_t{1} << (number & 63); }
    static std::uint32_t greatest(std::uint64_t bits) noexcept {
        return 63U - static_cast<std::uint32_t>(std::countl_zero(bits));
    }
    static std::uint32_t least(std::uint64_t bits) noexcept {
        return static_cast<std::uint32_t>(std::countr_zero(bits));
    }
    [[nodiscard]] std::uint32_t greatest_in_word(std::uint32_t word) const noexcept {
        return word << 6 | greatest(bits_[word]);
    }
    [[nodiscard]] std::uint32_t least_in_word(std::uint32_t word) const noexcept {
        return word << 6 | least(bits_[word]);
    }

    std::array<std::uint64_t, 1025> bits_{};  // 65,536 itself may be queried
    std::array<std::uint64_t, 17> words_{};
    std::uint64_t groups_ = 0;
};

}  // namespace halscope::hal
