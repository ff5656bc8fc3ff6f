// How far the tiles around a tile agree on where it comes from.
//
// A run is tiles side by side in VRAM that stand one behind the other in the source; tiles that say nothing belong to
// it if their bytes are the source's. A patch is runs below each other: sprites are stored row by row, so the tile
// below (16 further on in VRAM) is as many tiles further in the source as the sprite is wide. The width is not known:
// each from 1 to 32 is tried by itself, since with all of them at once the equal halves of two frames would hold
// together. Equal frames are told apart by those beside them: what lies side by side in VRAM mostly does so in the
// source.
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

// Tiles as they lie in VRAM, and which of them say something.
struct Vram {
    std::span<const std::uint8_t> tiles;
    std::span<const std::uint8_t> informative;  // one flag a tile
};

// The support of places, one source at a time: what runs, patches and gaps are made of is all of one source. Only which
// places are the likeliest of their tile is a question to all sources, and the caller's to answer between the two
// steps.
class Neighbours {
  public:
    // `places` ascend by source, tile and at, no two alike; a source that has places here has all of them here.
    Neighbours(const Text& text, const Vram& vram, std::vector<Place> places);

    // The first step: patch, run and width of each place; the gaps are 0 yet.
    void measure_agreement();

    // The second step: the gaps. `likely` says of each place whether no other one of its tile agrees better.
    void measure_gaps(std::span<const std::uint8_t> likely);

    [[nodiscard]] std::span<const Place> places() const noexcept { return places_; }
    [[nodiscard]] std::span<const Support> support() const noexcept { return support_; }

  private:
    // The places of one source: places_[begin, end).
    struct Group {
        std::uint32_t begin;
        std::uint32_t end;
    };
    // Which places hold together if rows are `width` tiles apart: for each of `group` the number of its set, in
    // patch_roots_ from `roots` on. Widths that link nothing are left out.
    struct Patches {
        Group group;
        std::uint32_t width;
        std::size_t roots;
    };
    struct Link {
        std::uint32_t width;
        std::uint32_t upper;
        std::uint32_t lower;
    };

    void enter(Group group);
    void leave(Group group);
    void link(Group group);
    void find_ends(Group group);
    void widen(Group group);
    void count_tiles(Group group, std::span<const std::uint32_t> roots);
    void count_silent(Group group);
    [[nodiscard]] std::uint32_t distance_to(const Place& place, std::uint32_t tile,
                                            std::span<const std::uint8_t> likely) const noexcept;
    [[nodiscard]] bool holds(const Place& place, std::uint32_t tile) const noexcept;
    template <typename Visit>
    void each(std::uint32_t tile, std::int64_t lowest, std::int64_t highest, Visit visit) const;

    const Text& text_;
    Vram vram_;
    std::uint32_t count_;  // of tiles
    std::vector<Place> places_;
    std::vector<Support> support_;
    std::vector<Group> groups_;
    std::vector<Patches> patches_;
    std::vector<std::uint32_t> patch_roots_;
    std::vector<std::uint32_t> runs_;      // for each place a place of its run; the same one for all, once linked
    std::vector<std::uint32_t> left_of_;   // the first tile of a run's beginning, silent ones counted
    std::vector<std::uint32_t> right_of_;  // the first tile behind a place and the silent ones that follow it
    std::vector<std::uint8_t> goes_on_;    // whether a place has one of its run to the right
    std::vector<std::uint8_t> continued_;  // and to the left
    std::vector<Group> of_tile_;           // the places of each tile in the source that is looked at
    std::vector<Link> links_;              // and what joins its rows
    // By place, for sums over sets; what they hold is of one step alone.
    std::vector<std::uint32_t> sums_;
    std::vector<std::uint32_t> last_tile_;
};

// Which of some places of one tile are the likeliest: flags, in their order, of those that no other one's agreement
// exceeds. `agreement(k)` is the support of the k-th of `count`.
template <typename Agreement, typename Mark>
void mark_likely(std::uint32_t count, Agreement agreement, Mark mark) {
    const auto better = [](const Support& a, const Support& b) {
        return a.patch != b.patch ? a.patch > b.patch : a.run != b.run ? a.run > b.run : a.width < b.width;
    };
    std::uint32_t best = 0;
    for (std::uint32_t k = 1; k < count; ++k) {
        if (better(agreement(k), agreement(best))) best = k;
    }
    for (std::uint32_t k = 0; k < count; ++k) mark(k, !better(agreement(best), agreement(k)));
}

// The support of each place (ascending by tile, source, at; no two alike), all at once.
[[nodiscard]] std::vector<Support> neighbour_support(const Text& text, std::span<const Place> places,
                                                     std::span<const std::uint8_t> tiles);

}  // namespace halscope::locate
