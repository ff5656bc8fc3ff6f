// How far the tiles around a tile agree on where it comes from.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::locate {

// One place that holds a tile's bytes. Twins of one family count from their common end, so that all of them are one
// place.
struct Place {
    std::uint32_t tile;    // in VRAM, 32 bytes each
    std::uint32_t source;  // a family, or the ROM itself
    std::int32_t at;       // of the tile in it, from any fixed point
};

struct Support {
    std::uint32_t patch;  // tiles in the largest patch that agrees, itself included
    std::uint32_t run;    // tiles in the straight run that it lies in: tells equal frames of one block apart
};

// The support of each place (ascending by tile, source, at; no two alike).
//
// Tiles agree when they lie side by side in VRAM and one behind the other in the source (over tiles that say nothing,
// if need be), or one row of 16 below in VRAM and up to 16 tiles further in the source: sprites are stored row by row.
// `informative[tile]` is zero for the tiles that say nothing.
[[nodiscard]] std::vector<Support> neighbour_support(std::span<const Place> places,
                                                     std::span<const std::uint8_t> informative);

}  // namespace halscope::locate
