// What an encoder may copy at each position: forward, bit-reversed or backward, from output that is written by then.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cancel.hpp"
#include "hal/format.hpp"

namespace halscope::hal {

// One copy command; any shorter length is possible too. All three kinds cost the same, so the longest is enough.
struct Match {
    std::uint16_t length = 0;  // 0: none; at most kLongCount
    std::uint16_t source = 0;  // as the command names it: for kBackwardCopy the last byte of the source
    std::uint8_t kind = 0;     // kCopy, kReversedCopy or kBackwardCopy
};

// Positions between two looks at a cancel token: half a millisecond of the slowest part.
inline constexpr std::size_t kStepsPerLook = 4096;

// The longest match at every position of `data` (at most 65,536 bytes), in linear time whatever the data. Throws
// Cancelled once `cancel` is raised, like the next.
void longest_matches(std::span<const std::uint8_t> data, Copies copies, std::span<Match> matches,
                     const CancelToken* cancel);

// Long matches, mostly the longest, found through a hash of four bytes. Keeps its tables (0.6 MiB) for the thread's
// next call.
void likely_matches(std::span<const std::uint8_t> data, Copies copies, std::span<Match> matches,
                    const CancelToken* cancel);

}  // namespace halscope::hal
