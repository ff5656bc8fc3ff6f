// Runs and patches of agreeing tiles; see support.hpp.
#include "locate/support.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>

#include "locate/fingerprint.hpp"

namespace halscope::locate {
namespace {

constexpr std::uint32_t kRow = 16;        // tiles in a row of the sprite page
constexpr std::uint32_t kWidest = 32;     // tiles in a row of the source
constexpr std::uint32_t kFar = 1U << 16;  // bytes; a larger distance in the source means nothing
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Disjoint sets of places: each element holds the number of another place of the same set.
std::uint32_t root_of(std::span<std::uint32_t> parents, std::uint32_t node) noexcept {
    while (parents[node] != node) node = parents[node] = parents[parents[node]];
    return node;
}

void join(std::span<std::uint32_t> parents, std::uint32_t a, std::uint32_t b) noexcept {
    parents[root_of(parents, b)] = root_of(parents, a);
}

}  // namespace

std::span<Place> Neighbours::restart(const Vram& vram, std::span<const std::uint32_t> counts) {
    vram_ = vram;
    count_ = static_cast<std::uint32_t>(vram.informative.size());
    groups_.clear();
    runs_.clear();
    patches_.clear();
    patch_roots_.clear();
    std::uint32_t end = 0;
    for (const std::uint32_t count : counts) {
        if (count > 0) groups_.push_back({{end, end + count}, {0, 0}, 0});
        end += count;
    }
    places_.resize(end);
    return places_;
}

void Neighbours::measure_agreement() {
    run_of_.assign(places_.size(), kNone);
    for (Group& group : groups_) {
        group.tile_bytes = static_cast<std::int32_t>(stride(places_[group.places.begin]));
        find_runs(group);
        if (group.runs.end - group.runs.begin < 2) continue;  // nothing to be joined
        link(group);
        widen(group);
    }
}

// Silent tiles have no places, so the place to the right of one is of the next tile that has any.
void Neighbours::find_runs(Group& group) {
    group.runs.begin = static_cast<std::uint32_t>(runs_.size());
    const std::span<const Place> places(places_.data(), group.places.end);
    const std::span<std::uint32_t> run_of = run_of_;
    const std::span<const std::uint8_t> informative = vram_.informative;
    const auto of_tile = [places](std::uint32_t begin) {
        std::uint32_t end = begin;
        while (end < places.size() && places[end].tile == places[begin].tile) ++end;
        return Range{begin, end};
    };
    for (Range now = of_tile(group.places.begin); now.begin < now.end;) {
        if (now.end - now.begin == 1 && run_of[now.begin] != kNone) {
            const std::uint32_t last = straight_on(group, now.begin);
            now = {last, last + 1};
        }
        const Range next = of_tile(now.end);
        const std::uint32_t tile = places[now.begin].tile;
        const std::uint32_t next_tile = next.begin < next.end ? places[next.begin].tile : kNone;
        for (std::uint32_t node = now.begin; node < now.end; ++node) {
            const Place& place = places[node];
            if (run_of[node] == kNone) {
                run_of[node] = static_cast<std::uint32_t>(runs_.size());
                std::uint32_t left = tile;
                while (left > 0 && informative[left - 1] == 0 && holds(place, left - 1)) --left;
                runs_.push_back({node, node, left, 0, 0, 0, 0});
            }
            std::uint32_t right = tile + 1;
            while (right < count_ && informative[right] == 0 && holds(place, right)) ++right;
            Run& run = runs_[run_of[node]];
            run.last = node;
            run.right = right;
            ++run.patch;
            if (right != next_tile) continue;
            const std::int64_t at = place.at + (std::int64_t{right} - tile) * group.tile_bytes;
            const std::uint32_t other = not_before(next, at);
            if (other < next.end && places[other].at == at) run_of[other] = run_of[node];
        }
        now = next;
    }
    group.runs.end = static_cast<std::uint32_t>(runs_.size());
}

// Follows the run of a tile's only place over tiles side by side that have one place too, as most tiles do; returns the
// last of them, and counts those before it.
std::uint32_t Neighbours::straight_on(const Group& group, std::uint32_t node) {
    const std::uint32_t first = node;
    const std::uint32_t run = run_of_[node];
    const Place* place = &places_[node];
    while (node + 1 < group.places.end) {
        const Place* const next = place + 1;
        if (next->tile != place->tile + 1 || next->at != place->at + group.tile_bytes) break;
        if (node + 2 < group.places.end && next[1].tile == next->tile) break;
        run_of_[++node] = run;
        place = next;
    }
    runs_[run].patch += node - first;
    return node;
}

// Finds the links between rows.
void Neighbours::link(const Group& group) {
    links_.clear();
    // Mostly a run is long, so that there are far fewer pairs of runs than places.
    const std::size_t runs = group.runs.end - group.runs.begin;
    if (runs * runs <= 4 * std::size_t{group.places.end - group.places.begin}) {
        link_runs(group);
    } else {
        link_places(group);
    }
}

// Runs are straight: two of them are equally far apart wherever one has a tile below a tile of the other.
void Neighbours::link_runs(const Group& group) {
    const std::span<const std::uint8_t> informative = vram_.informative;
    const auto of_group = std::span(runs_).subspan(group.runs.begin, group.runs.end - group.runs.begin);
    const std::int64_t tile_bytes = group.tile_bytes;
    ends_.clear();
    for (const Run& run : of_group) ends_.push_back({places_[run.first].tile, places_[run.last].tile});
    for (std::uint32_t upper = 0; upper < of_group.size(); ++upper) {
        const auto [above, above_last] = ends_[upper];
        const Place& from = places_[of_group[upper].first];
        for (std::uint32_t lower = 0; lower < of_group.size(); ++lower) {
            const auto [below, below_last] = ends_[lower];
            if (below > above_last + kRow) break;  // runs ascend by their first tile
            if (lower == upper) continue;
            const std::uint32_t begin = std::max(above + kRow, below);
            const std::uint32_t end = std::min(above_last + kRow, below_last) + 1;
            if (begin >= end) continue;
            // From the tile of the upper run to the one a row below it.
            const std::int64_t distance = std::int64_t{places_[of_group[lower].first].at} - from.at +
                                          (std::int64_t{above} + kRow - below) * tile_bytes;
            if (distance < tile_bytes || distance > kWidest * tile_bytes || distance % tile_bytes != 0) continue;
            // A run has a place at every informative tile from its first to its last.
            std::uint32_t tile = begin;
            while (tile < end && (informative[tile] == 0 || informative[tile - kRow] == 0)) ++tile;
            if (tile == end) continue;
            links_.push_back({static_cast<std::uint32_t>(distance / tile_bytes), upper, lower});
        }
    }
}

// The places of two runs mostly agree on the same links.
void Neighbours::link_places(const Group& group) {
    const std::int64_t tile_bytes = group.tile_bytes;
    Range below{group.places.begin, group.places.begin};
    for (std::uint32_t node = group.places.begin; node < group.places.end; ++node) {
        const Place& place = places_[node];
        while (below.begin < group.places.end && places_[below.begin].tile < place.tile + kRow) ++below.begin;
        if (below.begin == group.places.end) return;
        if (places_[below.begin].tile != place.tile + kRow) continue;
        below.end = std::max(below.end, below.begin);
        while (below.end < group.places.end && places_[below.end].tile == place.tile + kRow) ++below.end;
        for (std::uint32_t other = not_before(below, place.at + tile_bytes); other < below.end; ++other) {
            const std::int64_t distance = std::int64_t{places_[other].at} - place.at;
            if (distance > kWidest * tile_bytes) break;
            if (run_of_[node] == run_of_[other] || distance % tile_bytes != 0) continue;
            const Link one{static_cast<std::uint32_t>(distance / tile_bytes), run_of_[node] - group.runs.begin,
                           run_of_[other] - group.runs.begin};
            if (links_.empty() || links_.back() != one) links_.push_back(one);
        }
    }
}

// Tries each row width and keeps the largest patch. With all widths at once, the equal halves of two frames would join.
void Neighbours::widen(const Group& group) {
    std::sort(links_.begin(), links_.end());
    links_.erase(std::unique(links_.begin(), links_.end()), links_.end());
    const std::uint32_t runs = group.runs.end - group.runs.begin;
    for (std::size_t first = 0; first < links_.size();) {
        const Patches patches{group.runs, links_[first].width, patch_roots_.size()};
        patch_roots_.resize(patches.roots + runs);
        const auto roots = std::span(patch_roots_).subspan(patches.roots);
        std::iota(roots.begin(), roots.end(), 0U);
        for (; first < links_.size() && links_[first].width == patches.width; ++first) {
            join(roots, links_[first].upper, links_[first].lower);
        }
        for (std::uint32_t run = 0; run < runs; ++run) roots[run] = root_of(roots, run);
        if (count_patches(group, patches.width, roots)) {
            patches_.push_back(patches);
        } else {
            patch_roots_.resize(patches.roots);
        }
    }
}

// Counts the tiles of each set, and keeps the sets that are larger than all before; returns whether any is. A tile
// counts once even if several of its places are in one set: a run has all informative tiles from its first to its last,
// so a set has those of its runs' union.
bool Neighbours::count_patches(const Group& group, std::uint32_t width, std::span<const std::uint32_t> roots) {
    const auto of_group = std::span(runs_).subspan(group.runs.begin, roots.size());
    sums_.assign(roots.size(), 0);
    covered_.assign(roots.size(), 0);  // the tile behind the union so far
    for (std::size_t k = 0; k < roots.size(); ++k) {
        const std::uint32_t root = roots[k];
        const std::uint32_t begin = std::max(places_[of_group[k].first].tile, covered_[root]);
        const std::uint32_t end = places_[of_group[k].last].tile + 1;
        if (begin >= end) continue;
        const auto informative = vram_.informative.subspan(begin, end - begin);
        sums_[root] += static_cast<std::uint32_t>(std::count(informative.begin(), informative.end(), 1));
        covered_[root] = end;
    }
    bool any = false;
    for (std::size_t k = 0; k < roots.size(); ++k) {
        if (sums_[roots[k]] <= of_group[k].patch) continue;
        of_group[k].patch = sums_[roots[k]];
        of_group[k].width = width;
        any = true;
    }
    return any;
}

void Neighbours::measure_gaps(const Likely& likely) {
    std::vector<std::uint32_t>& gaps = gaps_;
    gaps.assign(runs_.size(), 0);
    for (const Group& group : groups_) {
        for (std::uint32_t k = group.runs.begin; k < group.runs.end; ++k) {
            Run& run = runs_[k];
            gaps[k] = std::min(gap_before(group, run, likely), gap_behind(group, run, likely));
            if (run.width == 0) run.gap = gaps[k];
        }
    }
    for (const Patches& patches : patches_) {
        const auto [begin, end] = patches.runs;
        const auto roots = std::span(patch_roots_).subspan(patches.roots, end - begin);
        sums_.assign(roots.size(), 0);
        for (std::size_t k = 0; k < roots.size(); ++k) sums_[roots[k]] += gaps[begin + k];
        for (std::size_t k = 0; k < roots.size(); ++k) {
            if (runs_[begin + k].width == patches.width) runs_[begin + k].gap = sums_[roots[k]];
        }
    }
}

// The distance in the source from the last place of a run to the nearest likely place of the tile behind it.
std::uint32_t Neighbours::gap_behind(const Group& group, const Run& run, const Likely& likely) const {
    std::int64_t nearest = kFar;
    // A silent tile has no places, so those of the tile are the next ones of another tile than the run's last.
    std::uint32_t other = run.last + 1;
    while (other < group.places.end && places_[other].tile < run.right) ++other;
    for (; other < group.places.end && places_[other].tile == run.right; ++other) {
        const std::int64_t distance = std::abs(std::int64_t{places_[other].at} - places_[run.last].at);
        if (distance < nearest && likely(other)) nearest = distance;
    }
    return static_cast<std::uint32_t>(nearest);
}

// The same for the first place and the tile before it.
std::uint32_t Neighbours::gap_before(const Group& group, const Run& run, const Likely& likely) const {
    std::int64_t nearest = kFar;
    std::uint32_t other = run.first;
    while (other > group.places.begin && places_[other - 1].tile >= run.left) --other;
    for (; other > group.places.begin && places_[other - 1].tile + 1 == run.left; --other) {
        const std::int64_t distance = std::abs(std::int64_t{places_[other - 1].at} - places_[run.first].at);
        if (distance < nearest && likely(other - 1)) nearest = distance;
    }
    return static_cast<std::uint32_t>(nearest);
}

std::uint32_t Neighbours::not_before(Range range, std::int64_t at) const noexcept {
    if (range.end - range.begin < 8) {
        while (range.begin < range.end && places_[range.begin].at < at) ++range.begin;
        return range.begin;
    }
    const auto first = std::partition_point(places_.begin() + range.begin, places_.begin() + range.end,
                                            [at](const Place& place) { return place.at < at; });
    return static_cast<std::uint32_t>(first - places_.begin());
}

// Whether the source of `place` continues with the bytes of another tile in the same row of VRAM.
bool Neighbours::holds(const Place& place, std::uint32_t tile) const noexcept {
    const std::span<const std::uint8_t> source = segment_of(text_, place.segment);
    const std::int64_t tile_bytes = stride(place);
    const std::int64_t offset = place.offset + (std::int64_t{tile} - place.tile) * tile_bytes;
    if (offset < 0 || offset + tile_bytes > static_cast<std::int64_t>(source.size())) return false;
    const std::uint8_t* const unit = vram_.tiles.data() + std::size_t{tile} * kTileBytes;
    if (place.transform == 0) return std::memcmp(source.data() + offset, unit, kTileBytes) == 0;
    const Transform& transform = transforms_[place.transform];
    std::array<std::uint8_t, kTileBytes> stored;
    return collapse(transform, unit, stored.data()) &&
           std::memcmp(source.data() + offset, stored.data(), transform.stored) == 0;
}

std::vector<Support> neighbour_support(const Text& text, std::span<const Transform> transforms,
                                       std::span<const Place> places, std::span<const std::uint8_t> tiles) {
    std::vector<std::uint8_t> says(tiles.size() / kTileBytes);
    for (std::size_t tile = 0; tile < says.size(); ++tile) {
        says[tile] = informative(tiles.data() + tile * kTileBytes) ? 1 : 0;
    }
    std::vector<std::uint32_t> order(places.size());  // by source
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return places[a].source < places[b].source; });
    Neighbours neighbours(text, transforms);
    std::vector<std::uint32_t> counts;  // of each source's places
    for (std::size_t k = 0; k < order.size(); ++k) {
        if (k == 0 || places[order[k]].source != places[order[k - 1]].source) counts.push_back(0);
        ++counts.back();
    }
    const std::span<Place> grouped = neighbours.restart({tiles, says}, counts);
    for (std::size_t k = 0; k < order.size(); ++k) grouped[k] = places[order[k]];
    neighbours.measure_agreement();
    std::vector<Support> result(places.size());
    for (std::uint32_t k = 0; k < order.size(); ++k) result[order[k]] = neighbours.support(k);
    std::vector<std::uint8_t> likely(places.size());
    for (std::uint32_t first = 0, end = 0; first < places.size(); first = end) {
        while (end < places.size() && places[end].tile == places[first].tile) ++end;
        mark_likely(
            end - first, [&](std::uint32_t k) { return result[first + k]; },
            [&](std::uint32_t k, bool is) { likely[first + k] = is ? 1 : 0; });
    }
    std::vector<std::uint8_t> grouped_likely;
    grouped_likely.reserve(order.size());
    for (const std::uint32_t node : order) grouped_likely.push_back(likely[node]);
    neighbours.measure_gaps([&](std::size_t k) { return grouped_likely[k] != 0; });
    for (std::uint32_t k = 0; k < order.size(); ++k) result[order[k]] = neighbours.support(k);
    return result;
}

}  // namespace halscope::locate
