// The copies that an encoder may use at each position, from output that is written by then.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cancel.hpp"
#include "hal/format.hpp"

namespace halscope::hal {

// A copy command with a two-byte reference; it may be shortened to any length. Every kind costs the same, so the
// longest is enough.
struct Match {
    std::uint16_t length = 0;  // 0: none; at most kLongCount
    std::uint16_t source = 0;  // as in the command: for kBackwardCopy the source's last byte
    std::uint8_t kind = 0;     // kCopy, or the format's command 5 or 6
};

// Copies of Copies::near with a one-byte distance. Plain and inverted ones differ in price, so both are kept.
struct NearMatch {
    std::uint16_t length = 0;  // 0: none; at most kLongCount
    std::uint8_t distance = 0;
};
struct NearMatches {
    NearMatch plain;
    NearMatch inverted;
};

// Positions between two checks of a cancel token: half a millisecond of the slowest part.
inline constexpr std::size_t kStepsPerLook = 4096;

// The longest match at every position of `data` (at most 65,536 bytes), in linear time for any data. Throws Cancelled
// once `cancel` is raised, as does the function below.
void longest_matches(std::span<const std::uint8_t> data, Copies copies, std::span<Match> matches,
                     const CancelToken* cancel);

// The longest near matches at every position, also in linear time.
void longest_near_matches(std::span<const std::uint8_t> data, std::span<NearMatches> matches,
                          const CancelToken* cancel);

}  // namespace halscope::hal
