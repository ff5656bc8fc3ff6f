// The index: from a tile's anchor to every place in the decoded blocks and in the ROM where that anchor stands.
//
// It is three flat arrays (bucket starts, positions, and the text itself), so that it is mapped from a cache file as it
// is. A position counts through the decoded outputs first and the ROM behind them; entries hold no hash, because each
// hit is compared byte by byte anyway: what lookup() returns is proven equal, nothing else is.
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

// The text that is indexed: `outputs` cut at `bounds` (ascending, first 0, last outputs.size()), then `rom`.
struct Text {
    std::span<const std::uint8_t> outputs;
    std::span<const std::uint32_t> bounds;
    std::span<const std::uint8_t> rom;
};

struct Match {
    std::uint32_t tile;     // which of the tiles asked for
    std::uint32_t segment;  // which output, or bounds.size() - 1 for the ROM
    std::uint32_t offset;   // of the tile in it
};

// Whether bounds are ascending and fit; everything below needs it.
[[nodiscard]] bool valid(const Text& text) noexcept;

// Output number `segment`, the ROM if that is one past the last, nothing beyond.
[[nodiscard]] std::span<const std::uint8_t> segment_of(const Text& text, std::size_t segment) noexcept;

// The same arrays whatever the number of threads.
[[nodiscard]] IndexArrays build_index(const Text& text, const Work& work = {});

// Every place of each informative tile of `tiles` (32 bytes each), ascending by tile and then as the text goes, at most
// `limit` places a tile. Buckets and positions may come from a damaged file: they are checked as they are used.
[[nodiscard]] std::vector<Match> lookup(const Text& text, std::span<const std::uint32_t> buckets,
                                        std::span<const std::uint32_t> positions, std::span<const std::uint8_t> tiles,
                                        std::size_t limit);

// A 64-bit checksum for the cache file, fast enough to be spent on every load (four lanes of 8 bytes).
[[nodiscard]] std::uint64_t checksum(std::span<const std::uint8_t> bytes, std::uint64_t seed) noexcept;

}  // namespace halscope::locate
