// What differs between two states of a memory.
#include "snes/changes.hpp"

#include <algorithm>
#include <cstring>

namespace halscope::snes {

std::vector<std::int64_t> changed_pieces(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                                         std::size_t unit) {
    // Most of a memory stays as it is from frame to frame: long stretches are compared at once, at the speed of the
    // caches, and only one that differs is looked at piece by piece.
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

}  // namespace halscope::snes
