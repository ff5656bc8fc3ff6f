// Whether copies continue as the bytes around them do.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace halscope::locate {

// A histogram of set bits per byte, 0 to 8. Counters in memory would stall on each other, so nine 7-bit counters share
// a register and are emptied before one can overflow.
class BitCounts {
  public:
    // Counts byte_at(k) for each k in [first, last), `step` apart.
    template <typename ByteAt>
    void count(std::size_t first, std::size_t last, std::size_t step, ByteAt byte_at) noexcept {
        while (first < last) {
            const std::size_t some = std::min((last - first + step - 1) / step, kMostPending - pending_);
            std::uint64_t packed = packed_;
            for (const std::size_t stop = first + some * step; first < stop; first += step) {
                packed += kOneOf[byte_at(first)];
            }
            packed_ = packed;
            pending_ += some;
            if (pending_ == kMostPending) unpack();
        }
    }
    [[nodiscard]] const std::array<std::uint32_t, 9>& all() noexcept {
        unpack();
        return counts_;
    }

  private:
    static constexpr unsigned kFieldBits = 7;
    static constexpr std::size_t kMostPending = (1U << kFieldBits) - 1;
    static constexpr std::array<std::uint64_t, 256> kOneOf = [] {
        std::array<std::uint64_t, 256> ones{};
        for (unsigned byte = 0; byte < ones.size(); ++byte) {
            ones[byte] = std::uint64_t{1} << kFieldBits * static_cast<unsigned>(std::popcount(byte));
        }
        return ones;
    }();

    void unpack() noexcept {
        for (std::size_t bits = 0; bits < counts_.size(); ++bits) {
            counts_[bits] += static_cast<std::uint32_t>(packed_ >> kFieldBits * bits & kMostPending);
        }
        packed_ = 0;
        pending_ = 0;
    }

    std::uint64_t packed_ = 0;
    std::size_t pending_ = 0;
    std::array<std::uint32_t, 9> counts_{};
};

// Whether the data continues smoothly where copies begin and end. Bitplanes and tilemaps both repeat with a period of
// two bytes, so a byte differs from the one two before it in few bits. How few is learned inside the stream's own raw
// commands and copies; how many bits unrelated bytes differ in is learned from bytes far apart. A twin copies from the
// wrong place, so its copies meet their surroundings like unrelated bytes.
class Texture {
  public:
    explicit Texture(std::span<const std::uint8_t> output) noexcept : output_(output) {}

    void inside(std::size_t begin, std::size_t count) noexcept {
        const std::size_t end = std::min(begin + count, output_.size());
        inside_.count(begin + kPeriod, end, 1, [this](std::size_t k) { return differ(k, kPeriod); });
    }

    void joint(std::size_t at) noexcept {
        joints_.count(std::max(at, kPeriod), std::min(at + kPeriod, output_.size()), 1,
                      [this](std::size_t k) { return differ(k, kPeriod); });
    }

    [[nodiscard]] float evidence() noexcept {
        BitCounts strangers;
        strangers.count(kFar + 1, output_.size(), 3, [this](std::size_t k) { return differ(k, kFar + (k & 1U)); });
        const auto& strange_bits = strangers.all();
        const auto& inside_bits = inside_.all();
        const auto& joint_bits = joints_.all();
        double pairs = 0;
        for (const std::uint32_t count : strange_bits) pairs += count;
        double seen = 0;
        for (const std::uint32_t count : inside_bits) seen += count;
        double sum = 0;
        for (std::size_t bit = 0; bit < inside_bits.size(); ++bit) {
            if (joint_bits[bit] == 0) continue;  // most streams have few joints
            const double strange = (strange_bits[bit] + kDoubt / kBins) / (pairs + kDoubt);
            const double smooth = (inside_bits[bit] + kDoubt * strange) / (seen + kDoubt);
            sum += joint_bits[bit] * std::log(smooth / strange);
        }
        return static_cast<float>(kMost * std::tanh(sum * kIndependence / kMost));
    }

  private:
    static constexpr std::size_t kPeriod = 2;
    static constexpr std::size_t kFar = 61;
    static constexpr double kBins = 9;
    static constexpr double kDoubt = 20;           // prior weight, in pairs
    static constexpr double kIndependence = 0.25;  // neighbouring bytes are not independent
    static constexpr double kMost = 5;             // nats: a hint, which must not outweigh the joints
    // The bits in which a byte differs from the byte `back` before it.
    [[nodiscard]] std::size_t differ(std::size_t at, std::size_t back) const noexcept {
        return static_cast<std::size_t>(output_[at] ^ output_[at - back]);
    }

    std::span<const std::uint8_t> output_;
    BitCounts inside_;
    BitCounts joints_;
};

}  // namespace halscope::locate
