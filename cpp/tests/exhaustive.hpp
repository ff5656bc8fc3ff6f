// The size of a format's smallest stream, by trying everything. It knows the formats but nothing of the encoder: no
// suffix array, no longest match, no monotonicity. It tries every command of every length from every offset, except
// offsets whose first byte is already wrong.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hal/format.hpp"

namespace halscope::proof {

using Bytes = std::vector<std::uint8_t>;

inline std::uint8_t reversed(std::uint8_t byte) {
    unsigned result = 0;
    for (unsigned bit = 0; bit < 8; ++bit) result |= (byte >> bit & 1U) << (7 - bit);
    return static_cast<std::uint8_t>(result);
}

inline constexpr std::size_t kCount = 1024;  // the largest of any command
inline constexpr std::size_t kShort = 32;    // the largest with a one-byte header

inline std::uint32_t header(std::size_t count) {
    return count <= kShort ? 1 : 2;
}

class Exhaustive {
  public:
    explicit Exhaustive(const Bytes& data, const hal::Format& format = hal::kHalFormat)
        : data_(data), format_(format), size_(data.size()), least_(data.size() + 1, 1) {
        for (std::size_t i = 0; i < size_; ++i) {
            changed_.push_back(format.copies == hal::Copies::near ? static_cast<std::uint8_t>(~data[i])
                                                                  : reversed(data[i]));
            where_[data[i]].push_back(i);
        }
    }

    // The size of the smallest stream that decodes to the data, terminator included.
    std::size_t minimum() {
        for (std::size_t i = size_; i-- > 0;) {
            least_[i] = UINT32_MAX;
            raw(i);
            runs(i);
            for (const std::size_t source : where_[data_[i]]) {
                if (source >= i) break;
                const std::size_t length = common(i, [&](std::size_t k) { return data_[source + k]; }, kCount);
                every_count<1>(i, length, 2);
                if (format_.copies == hal::Copies::near && i - source <= 255) every_count<1>(i, length, 1);
                if (format_.copies == hal::Copies::mirrored)
                    every_count<1>(i, common(i, [&](std::size_t k) { return data_[source - k]; }, source + 1), 2);
            }
            if (format_.copies == hal::Copies::forward) continue;
            for (const std::size_t source : where_[changed_[i]]) {
                if (source >= i) break;
                const std::size_t length = common(i, [&](std::size_t k) { return changed_[source + k]; }, kCount);
                every_count<1>(i, length, 2);
                if (format_.copies == hal::Copies::near && i - source <= 255) long_seven(i, length);
            }
        }
        return least_[0];
    }

  private:
    // Commands at i of every count up to the longest: `step` bytes of output per count, `arguments` bytes after the
    // header.
    template <std::size_t step>
    void every_count(std::size_t i, std::size_t longest, std::uint32_t arguments) {
        std::uint32_t best = least_[i];
        for (std::size_t count = 1; count <= std::min(longest, kShort); ++count)
            best = std::min(best, 1 + arguments + least_[i + step * count]);
        for (std::size_t count = kShort + 1; count <= longest; ++count)
            best = std::min(best, 2 + arguments + least_[i + step * count]);
        least_[i] = best;
    }

    void raw(std::size_t i) {
        for (std::size_t count = 1; count <= kCount && i + count <= size_; ++count)
            least_[i] = std::min(least_[i], header(count) + static_cast<std::uint32_t>(count) + least_[i + count]);
    }

    void runs(std::size_t i) {
        std::size_t count = 0;
        while (count < kCount && i + count < size_ && data_[i + count] == data_[i]) ++count;
        every_count<1>(i, count, 1);

        if (format_.pair_count == hal::PairCount::bytes) {
            count = 0;
            while (count < kCount && i + count < size_ && data_[i + count] == data_[std::min(i + count % 2, size_ - 1)])
                ++count;
            every_count<1>(i, count, 2);
        } else {
            whole_pairs(i);
        }

        count = 0;
        while (count < kCount && i + count < size_ && data_[i + count] == static_cast<std::uint8_t>(data_[i] + count))
            ++count;
        every_count<1>(i, count, 1);
    }

    void whole_pairs(std::size_t i) {
        std::size_t count = 0;
        while (count < kCount && i + 2 * count + 1 < size_ && data_[i + 2 * count] == data_[i] &&
               data_[i + 2 * count + 1] == data_[i + 1])
            ++count;
        every_count<2>(i, count, 2);
    }

    // byte(k) is the k-th byte that a copy writes; it is correct as long as that equals the data.
    template <typename Byte>
    std::size_t common(std::size_t i, Byte byte, std::size_t longest) const {
        const std::size_t limit = std::min({kCount, longest, size_ - i});
        std::size_t count = 0;
        while (count < limit && byte(count) == data_[i + count]) ++count;
        return count;
    }

    // Command 7: always a two-byte header, whose count ends where FF would begin, and a one-byte argument.
    void long_seven(std::size_t i, std::size_t longest) {
        for (std::size_t count = 1; count <= std::min<std::size_t>(longest, 768); ++count)
            least_[i] = std::min(least_[i], 3 + least_[i + count]);
    }

    const Bytes& data_;
    hal::Format format_;
    Bytes changed_;  // each byte as command 5 writes it
    std::size_t size_;
    std::vector<std::uint32_t> least_;  // [i]: for the data from i on; at the end only the terminator is left
    std::array<std::vector<std::size_t>, 256> where_;
};

}  // namespace halscope::proof
