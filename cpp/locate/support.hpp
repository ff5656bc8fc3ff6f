// How far the tiles around a tile agree on where it comes from. A run is tiles side by side in VRAM that are
// consecutive in the source (32 bytes apart, or as many as its transform stores), including silent (uninformative)
// tiles whose bytes match. A patch is runs below each other: rows are 16 tiles apart in VRAM and one sprite width, 1 to
// 32 tiles, apart in the source. docs/explanation/origins.md says why this ranks places.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
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
//
// A place has one neighbour to its right at most, so runs are chains, and all places of a run have the same support.
// Everything after the chains is done with runs, of which there are few: most blocks are one.
class Neighbours {
  public:
    using Likely = std::function<bool(std::size_t place)>;

    Neighbours(const Text& text, std::span<const Transform> transforms) : text_(text), transforms_(transforms) {}

    // Starts with other places, in the memory of those before: allocating it anew would take a tenth of an update.
    // Returns the places for the caller to set before the first step: those of one source follow each other, as many as
    // `counts` has for it. They are of informative tiles, ascend by tile and at, without duplicates, and are all that
    // the source has.
    [[nodiscard]] std::span<Place> restart(const Vram& vram, std::span<const std::uint32_t> counts);

    // First step: patch, run and width of each place; the gaps are still 0.
    void measure_agreement();

    // Second step: the gaps. `likely`: whether no other place of a place's tile beats it in agreement.
    void measure_gaps(const Likely& likely);

    [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
    [[nodiscard]] Support support(std::size_t place) const noexcept {
        const Run& run = runs_[run_of_[place]];
        return {run.patch, run.right - run.left, run.width, run.gap};
    }
    [[nodiscard]] std::uint32_t gap(std::size_t place) const noexcept { return runs_[run_of_[place]].gap; }

  private:
    // Indices of the first element and the one past the last.
    struct Range {
        std::uint32_t begin;
        std::uint32_t end;
    };
    struct Run {
        std::uint32_t first;  // its places at both ends
        std::uint32_t last;
        std::uint32_t left;   // its first tile, silent ones included
        std::uint32_t right;  // the tile behind it
        std::uint32_t patch;
        std::uint32_t width;
        std::uint32_t gap;
    };
    struct Group {
        Range places;
        Range runs;
        std::int32_t tile_bytes;  // of its source
    };
    // The sets of a group's runs joined by a row width of `width` tiles: for each run its set, an index in the group,
    // stored in patch_roots_ from `roots` on. Widths that make no run's largest patch are left out.
    struct Patches {
        Range runs;
        std::uint32_t width;
        std::size_t roots;
    };
    struct Link {
        std::uint32_t width;
        std::uint32_t upper;
        std::uint32_t lower;
        auto operator<=>(const Link&) const = default;
    };

    void find_runs(Group& group);
    [[nodiscard]] std::uint32_t straight_on(const Group& group, std::uint32_t node);
    void link(const Group& group);
    void link_runs(const Group& group);
    void link_places(const Group& group);
    void widen(const Group& group);
    [[nodiscard]] bool count_patches(const Group& group, std::uint32_t width, std::span<const std::uint32_t> roots);
    [[nodiscard]] std::uint32_t gap_before(const Group& group, const Run& run, const Likely& likely) const;
    [[nodiscard]] std::uint32_t gap_behind(const Group& group, const Run& run, const Likely& likely) const;
    [[nodiscard]] bool holds(const Place& place, std::uint32_t tile) const noexcept;
    // Bytes of a place's source for each tile.
    [[nodiscard]] std::int64_t stride(const Place& place) const noexcept { return transforms_[place.transform].stored; }
    // The first place of a range, all of one tile, that is not before `at`.
    [[nodiscard]] std::uint32_t not_before(Range range, std::int64_t at) const noexcept;

    Text text_;
    std::span<const Transform> transforms_;
    Vram vram_;
    std::uint32_t count_ = 0;  // of tiles
    std::vector<Place> places_;
    std::vector<std::uint32_t> run_of_;  // of each place
    std::vector<Group> groups_;          // one a source
    std::vector<Run> runs_;              // by group and first tile
    std::vector<Patches> patches_;
    std::vector<std::uint32_t> patch_roots_;
    std::vector<Link> links_;  // between the runs of the current group
    // By run of the current group.
    std::vector<Range> ends_;  // the tiles of its first and last place
    std::vector<std::uint32_t> sums_;
    std::vector<std::uint32_t> covered_;
    std::vector<std::uint32_t> gaps_;  // by run
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
