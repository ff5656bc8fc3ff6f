// The positions of some data, grouped by a hash of their first four bytes (a gram): candidates for a copy's source.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cancel.hpp"
#include "hal/bits.hpp"
#include "hal/hal.hpp"

namespace halscope::hal {

inline constexpr std::size_t kGram = 4;

// Positions whose grams share a hash, the newest first. The kSpare numbers past the last one may be read as well; they
// are positions of other grams, or of data packed earlier, all below kMaxOutput.
class Group {
  public:
    Group(const std::uint16_t* end, std::size_t size) : end_(end), size_(size) {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t operator[](std::size_t age) const noexcept {
        return *(end_ - 1 - static_cast<std::ptrdiff_t>(age));
    }

  private:
    const std::uint16_t* end_;
    std::size_t size_;
};

// A counting sort that is filled as far as the parser has come: each group is one piece of memory, however large it is,
// and holds exactly the positions that were inserted.
class Grams {
  public:
    static constexpr std::size_t kSpare = 4;

    // The calling thread's, 0.5 MiB, kept between calls because fresh pages are slow to touch. Throws Cancelled.
    static Grams& of_this_thread(std::span<const std::uint8_t> data, const CancelToken* cancel);

    // A copy of the data with at least kPadding bytes that may be read before and after it; those after it are 0.
    static constexpr std::size_t kPadding = 64;
    [[nodiscard]] const std::uint8_t* data() const noexcept { return bytes_.data() + kPadding; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    // Inserts all positions below `end`. Throws Cancelled.
    void insert_below(std::size_t end, const CancelToken* cancel) {
        for (; inserted_ < end; ++inserted_) {
            if (inserted_ % kStepsPerLook == 0) stop_if_cancelled(cancel);
            const std::uint64_t word = load_in_order(data() + inserted_);
            if (word == (word << 8 | (word & 0xFF)) && in_long_run(word)) [[unlikely]]
                continue;
            std::uint32_t& range = ranges_[hash(word)];
            positions()[(range & 0xFFFF) + (range >> 16)] = static_cast<std::uint16_t>(inserted_);
            range += 0x10000;
        }
    }

    // Those inserted positions whose gram equals the first four bytes of `word`, and some that share its hash.
    [[nodiscard]] Group with(std::uint64_t word) const noexcept {
        const std::uint32_t range = ranges_[hash(word)];
        return {positions() + (range & 0xFFFF) + (range >> 16), range >> 16};
    }

  private:
    static constexpr std::size_t kStepsPerLook = 4096;
    static constexpr unsigned kFewestHashBits = 8;
    static constexpr unsigned kMostHashBits = 16;

    void read(std::span<const std::uint8_t> data, const CancelToken* cancel);

    [[nodiscard]] std::size_t hash(std::uint64_t word) const noexcept {
        return static_cast<std::uint32_t>(word) * 0x9E3779B1U >> (32 - hash_bits_);
    }
    // One byte fills the next 24: a run is cheaper than a copy of so many, and blank tiles would crowd their group.
    [[nodiscard]] bool in_long_run(std::uint64_t word) const noexcept {
        return ((load_in_order(data() + inserted_ + 8) ^ word) | (load_in_order(data() + inserted_ + 16) ^ word)) == 0;
    }
    [[nodiscard]] std::uint16_t* positions() noexcept { return positions_.data() + kSpare; }
    [[nodiscard]] const std::uint16_t* positions() const noexcept { return positions_.data() + kSpare; }

    std::size_t size_ = 0;
    std::size_t inserted_ = 0;
    unsigned hash_bits_ = kFewestHashBits;
    std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(kMaxOutput + 2 * kPadding);
    std::vector<std::uint16_t> positions_ = std::vector<std::uint16_t>(kSpare + kMaxOutput);
    // By hash: where the group begins in the low half, how many positions are inserted in the high one. Position 65,535
    // is never inserted, so the count fits.
    std::vector<std::uint32_t> ranges_ = std::vector<std::uint32_t>(std::size_t{1} << kMostHashBits);
};

}  // namespace halscope::hal
