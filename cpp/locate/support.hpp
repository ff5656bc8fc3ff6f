// How far the tiles around a tile agree on where it comes from. A run is tiles side by side in VRAM that are
// consecutive in the source (32 bytes apart, or as many as its transform stores), including silent (uninformative)
// tiles whose bytes match. A patch is runs below each other: rows are 16 tiles apart in VRAM and one sprite width, 1 to
// 32 tiles, apart in the source. docs/explanation/origins.md says why this ranks places.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "locate/index.hpp"
#include "locate/transform.hpp"

namespace halscope::locate {

// A place that holds a tile's bytes. Twins of one family count from their common end, so they are one place.
struct Place {
    std::uint32_t tile;     // index in VRAM, 32 bytes each
    std::uint32_t source;   // a family or the ROM itself, under one transform
    std::int32_t at;        // offset of the tile in the source, from any fixed point
    std::uint32_t segment;  // where its bytes are, as in Match
    std::uint32_t offset;
    std::uint32_t transform;  // of the source: a row of the table
};

struct Support {
    // Informative tiles in the largest agreeing patch, itself included.
    std::uint32_t patch;
    // Tiles in its straight run, silent ones included.
    std::uint32_t run;
    // Tiles from row to row in the source, the fewest that give the largest patch; 0: a single run.
    std::uint32_t width;
    // Bytes in the source between the patch's runs and the tiles beside them, summed over its rows.
    std::uint32_t gap;
};

// Tiles in VRAM order, and which of them are informative.
struct Vram {
    std::span<const std::uint8_t> tiles;
    std::span<const std::uint8_t> informative;  // one flag per tile
};

// The support of places, one source at a time: runs, patches and gaps all lie within one source. Only the question of
// which place of a tile is likeliest spans all sources; the caller answers it between the two steps.
class Neighbours {
  public:
    // `places` ascend by source, tile and at, without duplicates; a source that occurs must have all its places here.
    Neighbours(const Text& text, std::span<const Transform> transforms, const Vram& vram, std::vector<Place> places);

    // First step: patch, run and width of each place; the gaps are still 0.
    void measure_agreement();

    // Second step: the gaps. `likely` flags each place that no other place of its tile beats in agreement.
    void measure_gaps(std::span<const std::uint8_t> likely);

    [[nodiscard]] std::span<const Place> places() const noexcept { return places_; }
    [[nodiscard]] std::span<const Support> support() const noexcept { return support_; }

  private:
    // The places of one source: places_[begin, end).
    struct Group {
        std::uint32_t begin;
        std::uint32_t end;
    };
    // The sets of places joined by a row width of `width` tiles: for each place of `group` its set's number, stored in
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
    // Bytes of a place's source for each tile.
    [[nodiscard]] std::int64_t stride(const Place& place) const noexcept { return transforms_[place.transform].stored; }
    template <typename Visit>
    void each(std::uint32_t tile, std::int64_t lowest, std::int64_t highest, Visit visit) const;

    const Text& text_;
    std::span<const Transform> transforms_;
    Vram vram_;
    std::uint32_t count_;  // of tiles
    std::vector<Place> places_;
    std::vector<Support> support_;
    std::vector<Group> groups_;
    std::vector<Patches> patches_;
    std::vector<std::uint32_t> patch_roots_;
    std::vector<std::uint32_t> runs_;      // for each place another place of its run; the same one for all once linked
    std::vector<std::uint32_t> left_of_;   // first tile of the run's start, silent ones included
    std::vector<std::uint32_t> right_of_;  // first tile after a place and the silent ones that follow it
    std::vector<std::uint8_t> goes_on_;    // whether the run continues to the right of a place
    std::vector<std::uint8_t> continued_;  // and to the left
    std::vector<Group> of_tile_;           // the places of each tile in the current source
    std::vector<Link> links_;              // links between rows in the current source
    // By place, scratch for sums over sets; valid within one step only.
    std::vector<std::uint32_t> sums_;
    std::vector<std::uint32_t> last_tile_;
};

// Flags the likeliest of some places of one tile: those that no other exceeds in agreement. `agreement(k)` is the
// support of the k-th of `count`.
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

// The support of each place (ascending by tile, source, at; without duplicates), all at once.
[[nodiscard]] std::vector<Support> neighbour_support(const Text& text, std::span<const Transform> transforms,
                                                     std::span<const Place> places,
                                                     std::span<const std::uint8_t> tiles);

}  // namespace halscope::locate
