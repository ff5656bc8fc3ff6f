// A set of ROM offsets as a bit array: inner loops query it millions of times.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::locate {

class OffsetSet {
  public:
    explicit OffsetSet(std::size_t size) : words_(size / 64 + 1) {}
    OffsetSet(std::size_t size, std::span<const std::uint32_t> offsets) : OffsetSet(size) {
        for (const std::uint32_t offset : offsets) {
            if (offset < size) insert(offset);
        }
    }
    void insert(std::size_t offset) noexcept { words_[offset / 64] |= std::uint64_t{1} << (offset % 64); }
    [[nodiscard]] bool contains(std::size_t offset) const noexcept {
        return (words_[offset / 64] >> (offset % 64) & 1U) != 0;
    }
    // The bits of 64 offsets, from 64 * word on.
    [[nodiscard]] std::uint64_t word(std::size_t word) const noexcept { return words_[word]; }
    void set_word(std::size_t word, std::uint64_t bits) noexcept { words_[word] = bits; }
    [[nodiscard]] std::size_t words() const noexcept { return words_.size(); }

  private:
    std::vector<std::uint64_t> words_;
};

}  // namespace halscope::locate
