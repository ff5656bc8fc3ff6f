// Differences between two states of a memory.
#include "snes/changes.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace halscope::snes {
namespace {

std::size_t bitmap_bytes(std::size_t size, std::size_t page) {
    return (size / page + 7) / 8;
}

}  // namespace

std::vector<std::int64_t> changed_pieces(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                                         std::size_t unit) {
    // Most of a memory is unchanged from frame to frame: long stretches are compared at once, at cache speed, and only
    // one that differs is examined piece by piece.
    constexpr std::size_t kPiecesAtOnce = 32;
    std::vector<std::int64_t> changed;
    for (std::size_t begin = 0; begin < after.size(); begin += kPiecesAtOnce * unit) {
        const std::size_t end = std::min(after.size(), begin + kPiecesAtOnce * unit);
        if (std::memcmp(&before[begin], &after[begin], end - begin) == 0) continue;
        for (std::size_t at = begin; at < end; at += unit) {
            if (std::memcmp(&before[at], &after[at], unit) != 0)
                changed.push_back(static_cast<std::int64_t>(at / unit));
        }
    }
    return changed;
}

std::vector<std::uint8_t> page_difference(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                                          std::size_t page) {
    const auto changed = changed_pieces(before, after, page);
    if (changed.empty()) return {};
    const std::size_t bitmap = bitmap_bytes(after.size(), page);
    std::vector<std::uint8_t> difference(bitmap + changed.size() * page);
    std::uint8_t* out = &difference[bitmap];
    for (const std::int64_t number : changed) {
        const auto at = static_cast<std::size_t>(number);
        difference[at / 8] = static_cast<std::uint8_t>(difference[at / 8] | 0x80u >> at % 8);
        for (std::size_t n = at * page; n < (at + 1) * page; ++n) *out++ = before[n] ^ after[n];
    }
    return difference;
}

bool fits(std::span<const std::uint8_t> difference, std::size_t state_size, std::size_t page) {
    const std::size_t pages = state_size / page;
    const std::size_t bitmap = bitmap_bytes(state_size, page);
    if (difference.size() < bitmap) return false;
    std::size_t changed = 0;
    for (const std::uint8_t byte : difference.first(bitmap)) changed += static_cast<unsigned>(std::popcount(byte));
    const bool beyond = pages % 8 != 0 && (difference[bitmap - 1] & (0xFFu >> pages % 8)) != 0;
    return !beyond && difference.size() == bitmap + changed * page;
}

std::vector<std::int64_t> apply_difference(std::span<std::uint8_t> state, std::span<const std::uint8_t> difference,
                                           std::size_t page) {
    std::vector<std::int64_t> changed;
    const std::uint8_t* in = difference.data() + bitmap_bytes(state.size(), page);
    for (std::size_t at = 0; at < state.size() / page; ++at) {
        if ((difference[at / 8] & 0x80u >> at % 8) == 0) continue;
        changed.push_back(static_cast<std::int64_t>(at));
        for (std::size_t n = at * page; n < (at + 1) * page; ++n) state[n] ^= *in++;
    }
    return changed;
}

}  // namespace halscope::snes
