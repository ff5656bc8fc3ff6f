// Whether copies go on as the bytes around them do.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace halscope::locate {

// Whether the data goes on smoothly where copies begin and end. Bitplanes and tilemaps both repeat with a period of two
// bytes, so a byte differs from the one two before it in few bits; how few is learnt inside the stream's own raw
// commands and copies, and how many two unrelated bytes differ in from bytes far apart. A twin has its copies from the
// wrong place, and they meet their surroundings like strangers.
class Texture {
  public:
    explicit Texture(std::span<const std::uint8_t> output) noexcept : output_(output) {}

    void inside(std::size_t begin, std::size_t count) noexcept {
        const std::size_t end = std::min(begin + count, output_.size());
        for (std::size_t k = begin + kPeriod; k < end; ++k) ++inside_[bits(k, kPeriod)];
    }

    void joint(std::size_t at) noexcept {
        for (std::size_t k = std::max(at, kPeriod); k < std::min(at + kPeriod, output_.size()); ++k) {
            ++joints_[bits(k, kPeriod)];
        }
    }

    [[nodiscard]] float evidence() const noexcept {
        Histogram strangers{};
        double pairs = 0;
        for (std::size_t k = kFar + 1; k < output_.size(); k += 3) {
            ++strangers[bits(k, kFar + (k & 1U))];
            ++pairs;
        }
        double seen = 0;
        for (const std::uint32_t count : inside_) seen += count;
        double sum = 0;
        for (std::size_t bit = 0; bit < inside_.size(); ++bit) {
            const double strange = (strangers[bit] + kDoubt / kBins) / (pairs + kDoubt);
            const double smooth = (inside_[bit] + kDoubt * strange) / (seen + kDoubt);
            sum += joints_[bit] * std::log(smooth / strange);
        }
        return static_cast<float>(kMost * std::tanh(sum * kIndependence / kMost));
    }

  private:
    static constexpr std::size_t kPeriod = 2;
    static constexpr std::size_t kFar = 61;
    static constexpr double kBins = 9;
    static constexpr double kDoubt = 20;           // pairs that count as seen beforehand
    static constexpr double kIndependence = 0.25;  // neighbouring bytes are not independent
    static constexpr double kMost = 5;             // nats: a hint, which must not outweigh the joints
    using Histogram = std::array<std::uint32_t, 9>;
    static constexpr std::array<std::uint8_t, 256> kBitCounts = [] {
        std::array<std::uint8_t, 256> counts{};
        for (unsigned byte = 0; byte < counts.size(); ++byte) {
            counts[byte] = static_cast<std::uint8_t>(std::popcount(byte));
        }
        return counts;
    }();

    [[nodiscard]] std::size_t bits(std::size_t at, std::size_t back) const noexcept {
        return kBitCounts[output_[at] ^ output_[at - back]];
    }

    std::span<const std::uint8_t> output_;
    Histogram inside_{};
    Histogram joints_{};
};

}  // namespace halscope::locate
