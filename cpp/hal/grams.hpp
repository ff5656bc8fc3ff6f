// The positions of some data, grouped by a hash of their first four bytes (a gram): candidates for a copy's source.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cancel.hpp"
#include "hal/bits.hpp"
#include "hal/hal.hpp"

namespace halscope::hal {

inline constexpr std::size_t kGram = 4;

// How a copy transforms its source.
enum class Change : std::uint8_t { none, bits_reversed, inverted, backward };

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

    // The calling thread's, 0.6 MiB, kept between calls because fresh pages are slow to touch. `turned`: how the data
    // are changed for turned(). Throws Cancelled.
    static Grams& of_this_thread(std::span<const std::uint8_t> data, Change turned, const CancelToken* cancel);

    // A copy of the data with at least kPadding bytes that may be read before and after it; those after it are 0.
    static constexpr std::size_t kPadding = 64;
    [[nodiscard]] const std::uint8_t* data() const noexcept { return bytes_.data() + kPadding; }
    // The same, each byte changed.
    [[nodiscard]] const std::uint8_t* turned() const noexcept { return turned_.data() + kPadding; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    // Inserts all positions below `end`. Throws Cancelled.
    void insert_below(std::size_t end, const CancelToken* cancel) {
        if (end > next_look_) [[unlikely]] {
            stop_if_cancelled(cancel);
            next_look_ = (end / kStepsPerLook + 1) * kStepsPerLook;
        }
        // Local, because the compiler must assume that the stores below change members.
        const std::uint8_t* const bytes = data();
        std::uint16_t* const to = positions();
        std::uint32_t* const ranges = ranges_.data();
        const std::size_t shift = shift_;
        std::size_t at = inserted_;
        for (; at < end; ++at) {
            const std::uint64_t word = load_in_order(bytes + at);
            if (word == std::rotl(word, 8) && is_long_run(bytes + at, word)) [[unlikely]]
                continue;
            std::uint32_t& range = ranges[hash(word, shift)];
            to[range >> 16] = static_cast<std::uint16_t>(at);
            range += 0x10000;
        }
        inserted_ = at;
    }

    // Those inserted positions whose gram equals the first four bytes of `word`, and some that share its hash.
    [[nodiscard]] Group with(std::uint64_t word) const noexcept {
        const std::uint32_t range = ranges_[hash(word, shift_)];
        return {positions() + (range >> 16), (range >> 16) - (range & 0xFFFF)};
    }

  private:
    static constexpr std::size_t kStepsPerLook = 4096;
    static constexpr unsigned kFewestHashBits = 8;
    static constexpr unsigned kMostHashBits = 16;

    void read(std::span<const std::uint8_t> data, Change turned, const CancelToken* cancel);

    static std::size_t hash(std::uint64_t word, std::size_t shift) noexcept {
        return static_cast<std::uint32_t>(word) * 0x9E3779B1U >> shift;
    }
    // One byte fills the next 24: a run is cheaper than a copy of so many, and blank tiles would crowd their group.
    static bool is_long_run(const std::uint8_t* from, std::uint64_t word) noexcept {
        return ((load_in_order(from + 8) ^ word) | (load_in_order(from + 16) ^ word)) == 0;
    }
    [[nodiscard]] std::uint16_t* positions() noexcept { return positions_.data() + kSpare; }
    [[nodiscard]] const std::uint16_t* positions() const noexcept { return positions_.data() + kSpare; }

    std::size_t size_ = 0;
    std::size_t inserted_ = 0;
    std::size_t next_look_ = 0;
    std::size_t shift_ = 32 - kFewestHashBits;
    std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(kMaxOutput + 2 * kPadding);
    std::vector<std::uint8_t> turned_ = std::vector<std::uint8_t>(kMaxOutput + 2 * kPadding);
    std::vector<std::uint16_t> positions_ = std::vector<std::uint16_t>(kSpare + kMaxOutput);
    // By hash: where the group begins in the low half, where its inserted positions end in the high one. The last
    // position of all is never inserted and has no room, so the numbers fit.
    std::vector<std::uint32_t> ranges_ = std::vector<std::uint32_t>(std::size_t{1} << kMostHashBits);
};

}  // namespace halscope::hal
