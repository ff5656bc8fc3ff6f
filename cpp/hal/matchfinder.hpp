// What an encoder may copy at each position, from output that is written by then.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cancel.hpp"
#include "hal/format.hpp"

namespace halscope::hal {

// One copy command whose reference has two bytes; any shorter length is possible too. All kinds of them cost the same,
// so the longest is enough.
struct Match {
    std::uint16_t length = 0;  // 0: none; at most kLongCount
    std::uint16_t source = 0;  // as the command names it: for kBackwardCopy the last byte of the source
    std::uint8_t kind = 0;     // kCopy, or what the format has for 5 and 6
};

// The copies of Copies::near that name a distance of one byte; as plain and inverted ones differ in price, both.
struct NearMatch {
    std::uint16_t length = 0;  // 0: none; at most kLongCount
    std::uint8_t distance = 0;
};
struct NearMatches {
    NearMatch plain;
    NearMatch inverted;
};

// Positions between two looks at a cancel token: half a millisecond of the slowest part.
inline constexpr std::size_t kStepsPerLook = 4096;

// The longest match at every position of `data` (at most 65,536 bytes), in linear time whatever the data. Throws
// Cancelled once `cancel` is raised, like the next.
void longest_matches(std::span<const std::uint8_t> data, Copies copies, std::span<Match> matches,
                     const CancelToken* cancel);

// The longest near matches at every position, in linear time too.
void longest_near_matches(std::span<const std::uint8_t> data, std::span<NearMatches> matches,
                          const CancelToken* cancel);

// Long matches, mostly the longest, found through a hash of four bytes. Keeps its tables (0.6 MiB) for the thread's
// next call.
void likely_matches(std::span<const std::uint8_t> data, Copies copies, std::span<Match> matches,
                    const CancelToken* cancel);

// Those of `matches` (of Copies::near) whose source is near enough to be named by its distance.
inline void take_near_matches(std::span<const Match> matches, std::span<NearMatches> near) noexcept {
    for (std::size_t i = 0; i < near.size(); ++i) {
        near[i] = {};
        if (matches[i].length == 0 || i - matches[i].source > kNearWindow) continue;
        NearMatch& match = matches[i].kind == kCopy ? near[i].plain : near[i].inverted;
        match = {matches[i].length, static_cast<std::uint8_t>(i - matches[i].source)};
    }
}

}  // namespace halscope::hal
