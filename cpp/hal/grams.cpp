#include "hal/grams.hpp"

#include <algorithm>
#include <bit>

namespace halscope::hal {

Grams& Grams::of_this_thread(std::span<const std::uint8_t> data, const CancelToken* cancel) {
    thread_local Grams grams;
    grams.read(data, cancel);
    return grams;
}

void Grams::read(std::span<const std::uint8_t> data, const CancelToken* cancel) {
    size_ = data.size();
    inserted_ = 0;
    hash_bits_ = std::clamp(static_cast<unsigned>(std::bit_width(size_)), kFewestHashBits, kMostHashBits);
    std::fill_n(std::copy(data.begin(), data.end(), bytes_.begin() + kPadding), kPadding, std::uint8_t{0});

    const std::span<std::uint32_t> ranges = std::span(ranges_).first(std::size_t{1} << hash_bits_);
    std::fill(ranges.begin(), ranges.end(), 0U);
    for (std::size_t begin = 0; begin < size_; begin += kStepsPerLook) {
        stop_if_cancelled(cancel);
        const std::size_t end = std::min(begin + kStepsPerLook, size_);
        for (std::size_t i = begin; i < end; ++i) ++ranges[hash(load_in_order(this->data() + i))];
    }
    std::uint32_t begin = 0;
    for (std::uint32_t& range : ranges) {
        const std::uint32_t size = range;
        range = begin & 0xFFFF;  // 65,536 only if the group is empty
        begin += size;
    }
}

}  // namespace halscope::hal
