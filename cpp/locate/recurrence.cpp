// Counting grams of some stretches in a whole ROM; see recurrence.hpp.
#include "locate/recurrence.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace halscope::locate {
namespace {

constexpr std::size_t kGram = 4;
constexpr std::size_t kPartBytes = std::size_t{1} << 18;
constexpr std::uint32_t kFactor = 0x9E3779B1U;

std::uint32_t gram_at(std::span<const std::uint8_t> rom, std::size_t at) noexcept {
    std::uint32_t gram;
    std::memcpy(&gram, rom.data() + at, sizeof gram);
    return gram;
}

bool is_uniform(std::uint32_t gram) noexcept {
    return gram == std::rotl(gram, 8);
}

// The grams of one stretch, ascending, without uniform ones.
std::vector<std::uint32_t> grams_of(std::span<const std::uint8_t> rom, Stretch stretch) {
    std::vector<std::uint32_t> grams;
    const std::size_t end =
        std::min<std::size_t>(rom.size(), std::size_t{stretch.offset} + std::min(stretch.size, kMostCounted));
    for (std::size_t at = stretch.offset; at + kGram <= end; ++at) {
        if (const std::uint32_t gram = gram_at(rom, at); !is_uniform(gram)) grams.push_back(gram);
    }
    std::sort(grams.begin(), grams.end());
    return grams;
}

// Two bits of one word for each of a few grams, so that nearly all others are passed over at once: a search for them
// would cost more than all else.
class Filter {
  public:
    explicit Filter(std::span<const std::uint32_t> grams) {
        for (const std::uint32_t gram : grams) words_[word_of(hash(gram))] |= bits_of(hash(gram));
    }
    [[nodiscard]] bool may_hold(std::uint32_t gram) const noexcept {
        const std::uint32_t hashed = hash(gram);
        return (~words_[word_of(hashed)] & bits_of(hashed)) == 0;
    }

  private:
    static constexpr unsigned kWordBits = 12;  // 32 KiB: stays in the L1 cache
    static std::uint32_t hash(std::uint32_t gram) noexcept { return gram * kFactor; }
    static std::size_t word_of(std::uint32_t hashed) noexcept { return hashed >> (32 - kWordBits); }
    static std::uint64_t bits_of(std::uint32_t hashed) noexcept {
        return std::uint64_t{1} << (hashed >> (26 - kWordBits) & 63U) | std::uint64_t{1}
                                                                            << (hashed >> (20 - kWordBits) & 63U);
    }

    std::vector<std::uint64_t> words_ = std::vector<std::uint64_t>(std::size_t{1} << kWordBits);
};

}  // namespace

std::vector<Recurrence> recurrence(std::span<const std::uint8_t> rom, std::span<const Stretch> stretches,
                                   const Work& work) {
    std::vector<std::vector<std::uint32_t>> each;
    std::vector<std::uint32_t> all;
    for (const Stretch& stretch : stretches) {
        each.push_back(grams_of(rom, stretch));
        all.insert(all.end(), each.back().begin(), each.back().end());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    const Filter filter(all);
    const std::size_t positions = rom.size() < kGram || all.empty() ? 0 : rom.size() - kGram + 1;
    const std::size_t parts = (positions + kPartBytes - 1) / kPartBytes;
    std::vector<std::vector<std::uint32_t>> found(parts);  // indices into `all`, one for each occurrence
    for_each_part(parts, work, [&](std::size_t part) {
        const std::size_t end = std::min(positions, (part + 1) * kPartBytes);
        for (std::size_t at = part * kPartBytes; at < end; ++at) {
            const std::uint32_t gram = gram_at(rom, at);
            if (!filter.may_hold(gram)) [[likely]]
                continue;
            const auto place = std::lower_bound(all.begin(), all.end(), gram);
            if (place != all.end() && *place == gram) {
                found[part].push_back(static_cast<std::uint32_t>(place - all.begin()));
            }
        }
    });
    std::vector<std::uint32_t> count(all.size());
    for (const auto& some : found) {
        for (const std::uint32_t number : some) ++count[number];
    }
    std::vector<Recurrence> result;
    for (const auto& grams : each) {
        Recurrence one{static_cast<std::uint32_t>(grams.size()), 0};
        for (auto first = grams.begin(); first != grams.end();) {
            const auto last = std::upper_bound(first, grams.end(), *first);
            const auto own = static_cast<std::uint32_t>(last - first);
            const auto place = std::lower_bound(all.begin(), all.end(), *first);
            if (count[static_cast<std::size_t>(place - all.begin())] > own) one.recurring += own;
            first = last;
        }
        result.push_back(one);
    }
    return result;
}

}  // namespace halscope::locate
