// The index: from a tile's anchor to every place in the decoded blocks and in the ROM where that anchor occurs. It is
// three flat arrays (bucket starts, positions, the text), so a cache file can be mapped as it is. Positions count
// through the decoded outputs first, then the ROM. Entries hold no hash: lookup() compares every hit byte by byte, so
// every result is proven.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "locate/fingerprint.hpp"

namespace halscope::locate {

struct IndexArrays {
    std::vector<std::uint32_t> buckets;    // 2^n + 1 starts into `positions`
    std::vector<std::uint32_t> positions;  // ascending within a bucket
};

// The indexed text: `outputs` cut at `bounds` (ascending, first 0, last outputs.size()), then `rom`.
struct Text {
    std::span<const std::uint8_t> outputs;
    std::span<const std::uint32_t> bounds;
    std::span<const std::uint8_t> rom;
};

struct Match {
    std::uint32_t tile;     // index into the tiles that were asked for
    std::uint32_t segment;  // output number, or bounds.size() - 1 for the ROM
    std::uint32_t offset;   // of the tile in the segment
};

// Whether bounds are ascending and fit; a precondition of everything below.
[[nodiscard]] bool valid(const Text& text) noexcept;

// Output number `segment`; the ROM for one past the last; empty beyond that.
[[nodiscard]] std::span<const std::uint8_t> segment_of(const Text& text, std::size_t segment) noexcept;

// The result does not depend on the number of threads.
[[nodiscard]] IndexArrays build_index(const Text& text, const Work& work = {});

// At most this many entries of a bucket are followed: a ROM of one endless pattern must not make a lookup quadratic.
inline constexpr std::size_t kMaxProbes = std::size_t{1} << 16;

// Where a pattern is looked for: the entries of its anchor's bucket.
struct Probe {
    Anchor anchor;
    std::size_t first;  // in the positions
    std::size_t last;
};

// The bucket of an anchor; no index is smaller than one bucket.
[[nodiscard]] inline std::size_t bucket_of(std::span<const std::uint32_t> buckets, const Anchor& anchor) noexcept {
    return anchor.key & (buckets.size() - 2);
}

// Whether the buckets can be looked up at all: they may come from a damaged file.
[[nodiscard]] inline bool usable(std::span<const std::uint32_t> buckets) noexcept {
    return !buckets.empty() && std::has_single_bit(buckets.size() - 1);
}

// Of the anchor's bucket at most `probes` entries are followed.
[[nodiscard]] inline Probe probe_of(std::span<const std::uint32_t> buckets, std::span<const std::uint32_t> positions,
                                    const Anchor& anchor, std::size_t probes) noexcept {
    const std::size_t bucket = bucket_of(buckets, anchor);
    const std::size_t first = buckets[bucket];
    return {anchor, first, std::min<std::size_t>({buckets[bucket + 1], positions.size(), first + probes})};
}

// Calls visit(segment, offset) for each place of a pattern (at least kWindowBytes bytes, informative), ascending by
// position, at most `limit`. Positions may come from a damaged file: they are checked as they are used.
template <typename Visit>
void follow(const Text& text, std::span<const std::uint32_t> positions, std::span<const std::uint8_t> pattern,
            const Probe& probe, std::size_t limit, Visit visit) {
    const Anchor& anchor = probe.anchor;
    std::size_t found = 0;
    for (std::size_t k = probe.first; k < probe.last && found < limit; ++k) {
        std::size_t position = positions[k];
        auto number = static_cast<std::uint32_t>(text.bounds.size() - 1);  // the ROM
        if (position < text.outputs.size()) {
            // The outputs are one piece of memory: comparing costs less than finding out which one it is.
            if (position < anchor.offset || text.outputs.size() - (position - anchor.offset) < pattern.size()) continue;
            const std::uint8_t* const there = text.outputs.data() + position - anchor.offset;
            if (std::memcmp(there, pattern.data(), pattern.size()) != 0) continue;
            const auto above = std::upper_bound(text.bounds.begin(), text.bounds.end(), position);
            number = static_cast<std::uint32_t>(above - text.bounds.begin() - 1);
            position -= text.bounds[number];
        } else {
            position -= text.outputs.size();
        }
        const std::span<const std::uint8_t> segment = segment_of(text, number);
        if (position < anchor.offset) continue;
        const std::size_t offset = position - anchor.offset;
        if (offset > segment.size() || segment.size() - offset < pattern.size()) continue;
        if (std::memcmp(segment.data() + offset, pattern.data(), pattern.size()) != 0) continue;
        visit(number, static_cast<std::uint32_t>(offset));
        ++found;
    }
}

// The same for a pattern whose anchor is not known yet.
template <typename Visit>
void find_pattern(const Text& text, std::span<const std::uint32_t> buckets, std::span<const std::uint32_t> positions,
                  std::span<const std::uint8_t> pattern, std::size_t limit, std::size_t probes, Visit visit) {
    if (!usable(buckets)) return;
    follow(text, positions, pattern, probe_of(buckets, positions, indexed_anchor(pattern), probes), limit, visit);
}

// Every place of each informative tile of `tiles` (32 bytes each), ascending by tile and then by position, at most
// `limit` places per tile.
[[nodiscard]] std::vector<Match> lookup(const Text& text, std::span<const std::uint32_t> buckets,
                                        std::span<const std::uint32_t> positions, std::span<const std::uint8_t> tiles,
                                        std::size_t limit);

// A 64-bit checksum for the cache file, fast enough to verify on every load (four lanes of 8 bytes).
[[nodiscard]] std::uint64_t checksum(std::span<const std::uint8_t> bytes, std::uint64_t seed) noexcept;

}  // namespace halscope::locate
