// Anchors; see fingerprint.hpp.
#include "locate/fingerprint.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/cpu.hpp"

namespace halscope::locate {
namespace {

constexpr unsigned kHashBits = 29;

HALSCOPE_INLINE std::uint32_t hash_of(const std::uint8_t* gram) noexcept {
    std::uint64_t bytes;
    std::memcpy(&bytes, gram, sizeof bytes);
    if constexpr (std::endian::native == std::endian::big) {  // index files may move between machines
        std::uint64_t swapped = 0;
        for (unsigned k = 0; k < 8; ++k) swapped = swapped << 8 | (bytes >> (8 * k) & 0xFF);
        bytes = swapped;
    }
    return static_cast<std::uint32_t>(bytes * 0x9E3779B97F4A7C15U >> (64 - kHashBits));
}

// The keys of all grams of a text, and the lowest key of each window, in blocks that fit the L1 cache. The loops have
// no branches, so that compilers vectorize them.
class Keys {
  public:
    static constexpr std::size_t kWindows = 1024;  // per block
    static constexpr std::size_t kGrams = kWindows + kGramsPerWindow - 1;

    // Processes the first windows of the text, at most kWindows; bytes past its end read as zeros.
    void take(std::span<const std::uint8_t> text, std::size_t windows) noexcept {
#if defined(HALSCOPE_X86)
        if (simd() == Simd::avx2) {
            take_avx2(text, windows);
            return;
        }
#endif
        take_anywhere(text, windows);
    }
    [[nodiscard]] std::int32_t key(std::size_t gram) const noexcept { return keys_[gram]; }
    [[nodiscard]] std::int32_t lowest(std::size_t window) const noexcept { return lowest_[window]; }

  private:
#if defined(HALSCOPE_X86)
    HALSCOPE_AVX2 void take_avx2(std::span<const std::uint8_t> text, std::size_t windows) noexcept {
        take_anywhere(text, windows);
    }
#endif

    HALSCOPE_INLINE void take_anywhere(std::span<const std::uint8_t> text, std::size_t windows) noexcept {
        // Most outputs are shorter than a block. A multiple of all vectors' widths needs no remainder loop.
        const std::size_t grams = std::min(kGrams, (windows + kGramsPerWindow + 62) / 64 * 64);
        const std::size_t there = std::min(text.size(), grams + kMargin);
        std::copy_n(text.begin(), there, bytes_.begin());
        std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(there), grams + kMargin - there, std::uint8_t{0});
        // Bitplanes alternate, so a flat area repeats with a period of one or two bytes: count the bytes of a gram that
        // differ from the next byte, and those that differ from the one after it.
        using Counts = std::array<std::uint8_t, kGrams + 8>;
        Counts by_one;
        Counts by_two;
        Counts pairs_by_one;
        Counts pairs_by_two;
        for (std::size_t k = 0; k < grams + 8; ++k) {
            by_one[k] = bytes_[k] != bytes_[k + 1] ? 1 : 0;
            by_two[k] = bytes_[k] != bytes_[k + 2] ? 1 : 0;
        }
        for (std::size_t k = 0; k < grams + 7; ++k) {
            pairs_by_one[k] = static_cast<std::uint8_t>(by_one[k] + by_one[k + 1]);
            pairs_by_two[k] = static_cast<std::uint8_t>(by_two[k] + by_two[k + 1]);
        }
        for (std::size_t k = 0; k < grams; ++k) {
            const auto ones =
                static_cast<std::uint8_t>(pairs_by_one[k] + pairs_by_one[k + 2] + pairs_by_one[k + 4] + by_one[k + 6]);
            const auto twos = static_cast<std::uint8_t>(pairs_by_two[k] + pairs_by_two[k + 2] + pairs_by_two[k + 4]);
            const std::uint8_t changes = ones < twos ? ones : twos;
            poverty_[k] = static_cast<std::uint8_t>((changes < 4 ? 1 : 0) + (changes < 2 ? 1 : 0));
        }
        for (std::size_t k = 0; k < grams; ++k) {
            keys_[k] = static_cast<std::int32_t>(std::uint32_t{poverty_[k]} << kHashBits | hash_of(&bytes_[k]));
        }
        // The lowest of 2, 4, 8 and 16 grams by doubling, then of two overlapping rows of 16.
        static_assert(kGramsPerWindow == 17);
        Row other;
        std::fill_n(keys_.begin() + static_cast<std::ptrdiff_t>(grams), kMargin, 0);
        lower<1>(keys_, lowest_, grams);
        lower<2>(lowest_, other, grams);
        lower<4>(other, lowest_, grams);
        lower<8>(lowest_, other, grams);
        lower<1>(other, lowest_, grams);
    }

    // The loops read past the grams, by at most this; the results there belong to no window that was asked for.
    static constexpr std::size_t kMargin = 16;

    using Row = std::array<std::int32_t, kGrams + kMargin>;

    // The lower of each key and the one `step` after it.
    template <std::size_t step>
    HALSCOPE_INLINE static void lower(const Row& from, Row& to, std::size_t grams) noexcept {
        for (std::size_t k = 0; k < grams; ++k) to[k] = from[k] < from[k + step] ? from[k] : from[k + step];
        std::fill_n(to.begin() + static_cast<std::ptrdiff_t>(grams), kMargin, 0);
    }

    std::array<std::uint8_t, kGrams + kMargin> bytes_;
    std::array<std::uint8_t, kGrams> poverty_;
    Row keys_;
    Row lowest_;
};

// Whether 8 × `count` bytes hold at least three different values.
template <std::size_t count>
bool three_values(const std::uint8_t* bytes) noexcept {
    static_assert(kDistinctBytes == 3);
    std::array<std::uint64_t, count> words;
    std::memcpy(words.data(), bytes, sizeof words);
    constexpr std::uint64_t kEach = 0x0101010101010101U;
    std::uint64_t differs = 0;  // bits that differ from the first byte
    for (const std::uint64_t word : words) differs |= word ^ bytes[0] * kEach;
    if (differs == 0) return false;
    const std::uint8_t other = *std::find_if(bytes, bytes + sizeof words, [bytes](auto b) { return b != bytes[0]; });
    // The highest bit of each byte that is not zero.
    const auto nonzero = [](std::uint64_t x) { return ((x & 0x7F * kEach) + 0x7F * kEach) | x; };
    std::uint64_t third = 0;
    for (const std::uint64_t word : words) {
        third |= nonzero(word ^ bytes[0] * kEach) & nonzero(word ^ other * kEach);
    }
    return (third & 0x80 * kEach) != 0;
}

}  // namespace

bool informative(const std::uint8_t* tile) noexcept {
    return three_values<kTileBytes / 8>(tile);
}

unsigned distinct_bytes(std::span<const std::uint8_t> bytes, unsigned most) noexcept {
    std::array<std::uint64_t, 4> seen{};
    unsigned count = 0;
    for (const std::uint8_t byte : bytes) {
        const std::uint64_t bit = std::uint64_t{1} << (byte & 63U);
        count += (seen[byte >> 6] & bit) == 0 ? 1 : 0;
        seen[byte >> 6] |= bit;
        if (count >= most) break;
    }
    return count;
}

Anchor anchor_of(std::span<const std::uint8_t> pattern) noexcept {
    // For the bytes before each, how many differ from the next one, and from the one after it; as Keys counts them.
    std::array<std::uint8_t, kMostPattern + 1> ones;
    std::array<std::uint8_t, kMostPattern + 1> twos;
    ones[0] = twos[0] = 0;
    for (std::size_t k = 0; k + 1 < pattern.size(); ++k) {
        ones[k + 1] = static_cast<std::uint8_t>(ones[k] + (pattern[k] != pattern[k + 1] ? 1 : 0));
    }
    for (std::size_t k = 0; k + 2 < pattern.size(); ++k) {
        twos[k + 1] = static_cast<std::uint8_t>(twos[k] + (pattern[k] != pattern[k + 2] ? 1 : 0));
    }
    Anchor best{~0U, 0};
    for (std::size_t k = 0; k + kGramBytes <= pattern.size(); ++k) {
        const int changes = std::min(ones[k + 7] - ones[k], twos[k + 6] - twos[k]);
        const std::uint32_t poverty = (changes < 4 ? 1U : 0U) + (changes < 2 ? 1U : 0U);
        const std::uint32_t key = poverty << kHashBits | hash_of(&pattern[k]);
        if (key < best.key) best = {key, k};
    }
    return best;
}

Anchor indexed_anchor(std::span<const std::uint8_t> pattern) noexcept {
    if (pattern.size() <= kTileBytes) return anchor_of(pattern);
    // The middle usually holds most; a rich gram is always indexed.
    const std::size_t middle = (pattern.size() - kTileBytes) / 2;
    const Anchor likely = anchor_of(pattern.subspan(middle, kTileBytes));
    if (likely.key >> kHashBits == 0) return {likely.key, middle + likely.offset};
    Anchor best{~0U, 0};
    for (std::size_t at = 0; at + kTileBytes <= pattern.size(); at += kGramBytes) {
        if (!informative(pattern.data() + at)) continue;
        const Anchor anchor = anchor_of(pattern.subspan(at, kTileBytes));
        if (anchor.key < best.key) best = {anchor.key, at + anchor.offset};
    }
    return best.key == ~0U ? anchor_of(pattern) : best;
}

void collect_anchors(std::span<const std::uint8_t> text, std::size_t begin, std::size_t end, std::uint32_t first,
                     std::vector<Entry>& entries) {
    if (text.size() < kWindowBytes) return;
    end = std::min(end, text.size() - kWindowBytes + 1);
    const auto says_nothing = [text](std::size_t window) {
        // A tile of 32 bytes contains the window and reaches at most so far to both sides of it.
        constexpr std::size_t kReach = kTileBytes - kWindowBytes;
        if (window >= kReach && text.size() - window >= kTileBytes) {
            return !three_values<(kReach + kTileBytes) / 8>(text.data() + window - kReach);
        }
        const std::size_t from = window - std::min(window, kReach);
        const std::size_t to = std::min(window + kTileBytes, text.size());
        return distinct_bytes(text.subspan(from, to - from), kDistinctBytes) < kDistinctBytes;
    };
    Keys keys;
    std::size_t best = 0;  // the leftmost gram with the lowest key in the window
    std::int32_t best_key = -1;
    std::size_t emitted = text.size();
    for (std::size_t block = begin; block < end; block += Keys::kWindows) {
        const std::size_t block_end = std::min(block + Keys::kWindows, end);
        keys.take(text.subspan(block), block_end - block);
        for (std::size_t window = block; window < block_end; ++window) {
            const std::int32_t lowest = keys.lowest(window - block);
            if (best < window || best_key < 0) {
                best = window;
                best_key = lowest;
                while (keys.key(best - block) != lowest) ++best;
            } else if (lowest != best_key) {  // all grams but the last were in the window before
                best = window + kGramsPerWindow - 1;
                best_key = lowest;
            } else if (best == emitted) {
                continue;
            }
            // A rich gram makes its window informative, or nearly so; only doubtful windows are checked again.
            if (lowest >> kHashBits != 0 && says_nothing(window)) continue;
            entries.push_back({static_cast<std::uint32_t>(lowest), first + static_cast<std::uint32_t>(best)});
            emitted = best;
        }
    }
}

}  // namespace halscope::locate
