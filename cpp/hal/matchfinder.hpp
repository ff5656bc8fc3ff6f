// What the encoder may copy at each position: forward, bit-reversed or backward, from output that is written by then.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::hal {

// One copy command; any shorter length is possible too. All three kinds cost the same, so the longest is enough.
struct Match {
    std::uint16_t length = 0;  // 0: none; at most kLongCount
    std::uint16_t source = 0;  // as the command names it: for kBackwardCopy the last byte of the source
    std::uint8_t kind = 0;     // kCopy, kReversedCopy or kBackwardCopy
};

// The longest match at every position of `data` (at most 65,536 bytes), in linear time whatever the data.
[[nodiscard]] std::vector<Match> longest_matches(std::span<const std::uint8_t> data);

// Long matches, mostly the longest, found through a hash of four bytes.
[[nodiscard]] std::vector<Match> likely_matches(std::span<const std::uint8_t> data);

}  // namespace halscope::hal
