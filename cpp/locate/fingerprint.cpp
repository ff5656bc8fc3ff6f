// Anchors: see fingerprint.hpp.
#include "locate/fingerprint.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace halscope::locate {
namespace {

constexpr std::uint64_t kLowBits = 0x0101010101010101U;
constexpr unsigned kRankShift = 62;

std::uint64_t load_gram(const std::uint8_t* bytes) noexcept {
    std::uint64_t gram;
    std::memcpy(&gram, bytes, sizeof gram);
    if constexpr (std::endian::native == std::endian::big) {  // an index may travel between machines
        std::uint64_t swapped = 0;
        for (unsigned k = 0; k < 8; ++k) swapped = swapped << 8 | (gram >> (8 * k) & 0xFF);
        gram = swapped;
    }
    return gram;
}

int nonzero_bytes(std::uint64_t x) noexcept {
    x |= x >> 4;
    x |= x >> 2;
    x |= x >> 1;
    return static_cast<int>((x & kLowBits) * kLowBits >> 56);  // a popcount that needs no instruction of its own
}

// 0 for rich grams, 2 for poor ones. Bitplanes alternate, so a flat area repeats with a period of one or two bytes:
// count the bytes that differ from their neighbour and from the one after it.
std::uint64_t poverty(std::uint64_t gram) noexcept {
    constexpr std::uint64_t kSeven = 0x00FFFFFFFFFFFFFFU;
    constexpr std::uint64_t kSix = 0x0000FFFFFFFFFFFFU;
    const int by_one = nonzero_bytes((gram ^ gram >> 8) & kSeven);
    const int by_two = nonzero_bytes((gram ^ gram >> 16) & kSix);
    const int changes = by_one < by_two ? by_one : by_two;
    return changes >= 4 ? 0 : changes >= 2 ? 1 : 2;
}

std::uint64_t key_of(std::uint64_t gram) noexcept {
    std::uint64_t hash = gram * 0x9E3779B97F4A7C15U;  // odd multiplier and xor-shift: a bijection, so no two grams meet
    hash ^= hash >> 32;
    hash *= 0xD6E8FEB86659FD93U;
    hash ^= hash >> 29;
    return poverty(gram) << kRankShift | hash >> 2;
}

}  // namespace

bool informative(const std::uint8_t* tile) noexcept {
    std::array<std::uint64_t, 4> seen{};
    unsigned distinct = 0;
    for (std::size_t k = 0; k < kTileBytes; ++k) {
        std::uint64_t& word = seen[tile[k] >> 6];
        const std::uint64_t bit = std::uint64_t{1} << (tile[k] & 63);
        if ((word & bit) != 0) continue;
        if (++distinct == kDistinctBytes) return true;
        word |= bit;
    }
    return false;
}

Anchor anchor_of(const std::uint8_t* tile) noexcept {
    Anchor best{key_of(load_gram(tile)), 0};
    for (std::size_t k = 1; k < kGramsPerTile; ++k) {
        const std::uint64_t key = key_of(load_gram(tile + k));
        if (key < best.key) best = {key, k};
    }
    return best;
}

void collect_anchors(std::span<const std::uint8_t> text, std::uint32_t first, std::vector<Entry>& entries) {
    if (text.size() < kTileBytes) return;
    constexpr std::size_t kRing = 32;  // at least kGramsPerTile, a power of two
    std::array<std::uint64_t, kRing> keys{};
    std::size_t best = 0;  // the leftmost gram of the lowest key in the window
    std::size_t emitted = text.size();
    const std::size_t grams = text.size() - kGramBytes + 1;
    for (std::size_t gram = 0; gram < grams; ++gram) {
        const std::uint64_t key = key_of(load_gram(text.data() + gram));
        keys[gram % kRing] = key;
        if (gram == 0 || key < keys[best % kRing]) {
            best = gram;
        } else if (gram - best >= kGramsPerTile) {
            best = gram - kGramsPerTile + 1;
            for (std::size_t k = best + 1; k <= gram; ++k) {
                if (keys[k % kRing] < keys[best % kRing]) best = k;
            }
        }
        if (gram + 1 < kGramsPerTile || best == emitted) continue;
        // A rich gram alone makes its window informative or nearly so; only doubtful windows are looked at again.
        const std::uint64_t chosen = keys[best % kRing];
        if (chosen >> kRankShift != 0 && !informative(text.data() + gram + 1 - kGramsPerTile)) continue;
        entries.push_back({static_cast<std::uint32_t>(chosen), first + static_cast<std::uint32_t>(best)});
        emitted = best;
    }
}

}  // namespace halscope::locate
