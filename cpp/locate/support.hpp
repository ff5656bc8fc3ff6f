// How far the tiles around a tile agree on where it comes from.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "locate/index.hpp"

namespace halscope::locate {

// One place that holds a tile's bytes. Twins of one family count from their common end, so that all of them are one
// place.
struct Place {
    std::uint32_t tile;     // in VRAM, 32 bytes each
    std::uint32_t source;   // a family, or the ROM itself
    std::int32_t at;        // of the tile in it, from any fixed point
    std::uint32_t segment;  // where its bytes are, as in Match
    std::uint32_t offset;
};

struct Support {
    std::uint32_t patch;  // informative tiles in the largest patch that agrees, itself included
    std::uint32_t run;    // all tiles of the straight run that it lies in, those that say nothing too
    std::uint32_t width;  // tiles from row to row in the source, the fewest with which the patch is so large; 0: a run
    std::uint32_t gap;  // bytes of the source between the patch's runs and what lies beside them, the sum over its rows
};

// The support of each place (ascending by tile, source, at; no two alike).
//
// A run is tiles side by side in VRAM that stand one behind the other in the source; tiles that say nothing belong to
// it if their bytes are the source's. A patch is runs below each other: sprites are stored row by row, so the tile
// below (16 further on in VRAM) is as many tiles further in the source as the sprite is wide. The width is not known:
// each from 1 to 32 is tried by itself, since with all of them at once the equal halves of two frames would hold
// together. Equal frames are told apart by those beside them: what lies side by side in VRAM mostly does so in the
// source.
[[nodiscard]] std::vector<Support> neighbour_support(const Text& text, std::span<const Place> places,
                                                     std::span<const std::uint8_t> tiles);

}  // namespace halscope::locate
