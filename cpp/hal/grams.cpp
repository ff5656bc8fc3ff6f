#include "hal/grams.hpp"

#include <algorithm>
#include <bit>

namespace halscope::hal {

Grams& Grams::of_this_thread(std::span<const std::uint8_t> data, Change turned, const CancelToken* cancel) {
    thread_local Grams grams;
    grams.read(data, turned, cancel);
    return grams;
}

void Grams::read(std::span<const std::uint8_t> data, Change turned, const CancelToken* cancel) {
    size_ = data.size();
    inserted_ = 0;
    next_look_ = 0;
    const unsigned bits = std::clamp(static_cast<unsigned>(std::bit_width(size_)), kFewestHashBits, kMostHashBits);
    shift_ = 32 - bits;
    std::fill_n(std::copy(data.begin(), data.end(), bytes_.begin() + kPadding), kPadding, std::uint8_t{0});
    // Whole words, so into the padding as well.
    for (std::size_t i = 0; turned != Change::none && i < size_ + kPadding; i += sizeof(std::uint64_t)) {
        std::uint64_t word = load_word(this->data() + i);
        word = turned == Change::inverted ? ~word : reverse_bits_in_bytes(word);
        std::memcpy(turned_.data() + kPadding + i, &word, sizeof word);
    }

    const std::span<std::uint32_t> ranges = std::span(ranges_).first(std::size_t{1} << bits);
    std::fill(ranges.begin(), ranges.end(), 0U);
    const std::size_t last = size_ - std::min<std::size_t>(size_, 1);
    // Local, because the compiler must assume that a store to a range changes members.
    const std::uint8_t* const bytes = this->data();
    const std::size_t shift = shift_;
    for (std::size_t begin = 0; begin < last; begin += kStepsPerLook) {
        stop_if_cancelled(cancel);
        const std::size_t end = std::min(begin + kStepsPerLook, last);
        for (std::size_t i = begin; i < end; ++i) ++ranges[hash(load_in_order(bytes + i), shift)];
    }
    std::uint32_t begin = 0;
    for (std::uint32_t& range : ranges) {
        const std::uint32_t size = range;
        range = begin << 16 | begin;
        begin += size;
    }
}

}  // namespace halscope::hal
