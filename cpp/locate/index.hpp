// The index: from a tile's anchor to every place in the decoded blocks and in the ROM where that anchor occurs. It is
// three flat arrays (bucket starts, positions, the text), so a cache file can be mapped as it is. Positions count
// through the decoded outputs first, then the ROM. Entries hold no hash: lookup() compares every hit byte by byte, so
// every result is proven.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"

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

// Every place of each informative tile of `tiles` (32 bytes each), ascending by tile and then by position, at most
// `limit` places per tile. Buckets and positions may come from a damaged file: they are checked as they are used.
[[nodiscard]] std::vector<Match> lookup(const Text& text, std::span<const std::uint32_t> buckets,
                                        std::span<const std::uint32_t> positions, std::span<const std::uint8_t> tiles,
                                        std::size_t limit);

// A 64-bit checksum for the cache file, fast enough to verify on every load (four lanes of 8 bytes).
[[nodiscard]] std::uint64_t checksum(std::span<const std::uint8_t> bytes, std::uint64_t seed) noexcept;

}  // namespace halscope::locate
