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

Neighbours::Neighbours(const Text& text, std::span<const Transform> transforms, const Vram& vram,
                       std::vector<Place> places)
    : text_(text),
      transforms_(transforms),
      vram_(vram),
      count_(static_cast<std::uint32_t>(vram.informative.size())),
      places_(std::move(places)),
      support_(places_.size(), Support{1, 1, 0, 0}),
      runs_(places_.size()),
      left_of_(places_.size()),
      right_of_(places_.size()),
      goes_on_(places_.size(), 0),
      continued_(places_.size(), 0),
      of_tile_(count_, Group{0, 0}),
      sums_(places_.size()),
      last_tile_(places_.size()) {
    std::iota(runs_.begin(), runs_.end(), 0U);
    for (std::uint32_t node = 0; node < places_.size(); ++node) {
        if (node == 0 || places_[node].source != places_[node - 1].source) groups_.push_back({node, node});
        groups_.back().end = node + 1;
    }
}

void Neighbours::measure_agreement() {
    for (const Group group : groups_) {
        enter(group);
        link(group);
        leave(group);
        find_ends(group);
        for (std::uint32_t node = group.begin; node < group.end; ++node) runs_[node] = root_of(runs_, node);
        count_tiles(group, std::span(runs_).subspan(group.begin));
        for (std::uint32_t node = group.begin; node < group.end; ++node) {
            support_[node].patch = support_[node].run = sums_[runs_[node]];
        }
        widen(group);
        count_silent(group);
    }
}

void Neighbours::enter(Group group) {
    for (std::uint32_t node = group.begin; node < group.end; ++node) {
        Group& range = of_tile_[places_[node].tile];
        if (range.end == 0) range.begin = node;
        range.end = node + 1;
    }
}

void Neighbours::leave(Group group) {
    for (std::uint32_t node = group.begin; node < group.end; ++node) of_tile_[places_[node].tile] = {0, 0};
}

// Finds the runs and the links between rows.
void Neighbours::link(Group group) {
    links_.clear();
    for (std::uint32_t node = group.begin; node < group.end; ++node) {
        const Place& place = places_[node];
        const std::int64_t tile_bytes = stride(place);
        std::uint32_t right = place.tile + 1;
        while (right < count_ && vram_.informative[right] == 0 && holds(place, right)) ++right;
        right_of_[node] = right;
        const std::int64_t at = place.at + (std::int64_t{right} - place.tile) * tile_bytes;
        each(right, at, at, [&](std::uint32_t other) {
            join(runs_, node, other);
            goes_on_[node] = 1;
            continued_[other] = 1;
        });
        each(place.tile + kRow, place.at + tile_bytes, place.at + kWidest * tile_bytes, [&](std::uint32_t other) {
            const std::int64_t distance = std::int64_t{places_[other].at} - place.at;
            if (distance % tile_bytes == 0) {
                links_.push_back({static_cast<std::uint32_t>(distance / tile_bytes), node, other});
            }
        });
    }
}

// Finds where runs begin, silent tiles included.
void Neighbours::find_ends(Group group) {
    for (std::uint32_t node = group.begin; node < group.end; ++node) {
        const Place& place = places_[node];
        std::uint32_t left = place.tile;
        if (continued_[node] == 0) {
            while (left > 0 && vram_.informative[left - 1] == 0 && holds(place, left - 1)) --left;
        }
        left_of_[node] = left;
    }
}

// Tries each row width and keeps the largest patch. With all widths at once, the equal halves of two frames would join.
void Neighbours::widen(Group group) {
    std::sort(links_.begin(), links_.end(), [](const Link& a, const Link& b) { return a.width < b.width; });
    for (std::size_t first = 0; first < links_.size();) {
        const std::uint32_t width = links_[first].width;
        const Patches patches{group, width, patch_roots_.size()};
        patch_roots_.insert(patch_roots_.end(), runs_.begin() + group.begin, runs_.begin() + group.end);
        const auto roots = std::span(patch_roots_).subspan(patches.roots);
        for (std::uint32_t& root : roots) root -= group.begin;
        for (; first < links_.size() && links_[first].width == width; ++first) {
            join(roots, links_[first].upper - group.begin, links_[first].lower - group.begin);
        }
        for (std::uint32_t k = 0; k < roots.size(); ++k) roots[k] = root_of(roots, k);
        for (std::uint32_t& root : roots) root += group.begin;
        patches_.push_back(patches);
        count_tiles(group, roots);
        for (std::uint32_t node = group.begin; node < group.end; ++node) {
            const std::uint32_t size = sums_[roots[node - group.begin]];
            if (size > support_[node].patch) {
                support_[node].patch = size;
                support_[node].width = width;
            }
        }
    }
}

// Counts the different tiles of each set into sums_, by root. A tile counts once even if several of its places are in
// one set; places are ordered by tile.
void Neighbours::count_tiles(Group group, std::span<const std::uint32_t> roots) {
    std::fill(sums_.begin() + group.begin, sums_.begin() + group.end, 0U);
    std::fill(last_tile_.begin() + group.begin, last_tile_.begin() + group.end, kNone);
    for (std::uint32_t node = group.begin; node < group.end; ++node) {
        const std::uint32_t root = roots[node - group.begin];
        if (last_tile_[root] != places_[node].tile) ++sums_[root];
        last_tile_[root] = places_[node].tile;
    }
}

// Adds silent tiles to the runs.
void Neighbours::count_silent(Group group) {
    std::fill(sums_.begin() + group.begin, sums_.begin() + group.end, 0U);
    for (std::uint32_t node = group.begin; node < group.end; ++node) {
        const std::uint32_t tile = places_[node].tile;
        sums_[runs_[node]] += right_of_[node] - tile - 1 + tile - left_of_[node];
    }
    for (std::uint32_t node = group.begin; node < group.end; ++node) support_[node].run += sums_[runs_[node]];
}

void Neighbours::measure_gaps(std::span<const std::uint8_t> likely) {
    std::vector<std::uint32_t> gaps(places_.size(), kFar);  // by run
    for (const Group group : groups_) {
        enter(group);
        for (std::uint32_t node = group.begin; node < group.end; ++node) {
            std::uint32_t& gap = gaps[runs_[node]];
            if (goes_on_[node] == 0) gap = std::min(gap, distance_to(places_[node], right_of_[node], likely));
            if (continued_[node] == 0 && left_of_[node] > 0) {
                gap = std::min(gap, distance_to(places_[node], left_of_[node] - 1, likely));
            }
        }
        leave(group);
    }
    for (std::uint32_t node = 0; node < places_.size(); ++node) {
        if (support_[node].width == 0) support_[node].gap = gaps[runs_[node]];
    }
    for (const Patches& patches : patches_) {
        const auto [begin, end] = patches.group;
        const std::span<const std::uint32_t> roots(patch_roots_.data() + patches.roots, end - begin);
        std::fill(sums_.begin() + begin, sums_.begin() + end, 0U);
        for (std::uint32_t node = begin; node < end; ++node) {
            if (runs_[node] == node) sums_[roots[node - begin]] += gaps[node];
        }
        for (std::uint32_t node = begin; node < end; ++node) {
            if (support_[node].width == patches.width) support_[node].gap = sums_[roots[node - begin]];
        }
    }
}

// The distance in the source from a place to the nearest likely place of another tile.
std::uint32_t Neighbours::distance_to(const Place& place, std::uint32_t tile,
                                      std::span<const std::uint8_t> likely) const noexcept {
    std::int64_t nearest = kFar;
    each(tile, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max(),
         [&](std::uint32_t other) {
             if (likely[other] == 0) return;
             nearest = std::min(nearest, std::abs(std::int64_t{places_[other].at} - place.at));
         });
    return static_cast<std::uint32_t>(nearest);
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

// Calls `visit` for the places of `tile` in the current source, from `lowest` to `highest`.
template <typename Visit>
void Neighbours::each(std::uint32_t tile, std::int64_t lowest, std::int64_t highest, Visit visit) const {
    if (tile >= count_) return;
    std::uint32_t other = of_tile_[tile].begin;
    const std::uint32_t end = of_tile_[tile].end;
    if (end - other > 1) {
        const auto first = std::partition_point(places_.begin() + other, places_.begin() + end,
                                                [lowest](const Place& place) { return place.at < lowest; });
        other = static_cast<std::uint32_t>(first - places_.begin());
    }
    for (; other < end && places_[other].at <= highest; ++other) {
        if (places_[other].at >= lowest) visit(other);
    }
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
    std::vector<Place> grouped;
    grouped.reserve(order.size());
    for (const std::uint32_t node : order) grouped.push_back(places[node]);
    Neighbours neighbours(text, transforms, {tiles, says}, std::move(grouped));
    neighbours.measure_agreement();
    std::vector<Support> result(places.size());
    for (std::uint32_t k = 0; k < order.size(); ++k) result[order[k]] = neighbours.support()[k];
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
    neighbours.measure_gaps(grouped_likely);
    for (std::uint32_t k = 0; k < order.size(); ++k) result[order[k]] = neighbours.support()[k];
    return result;
}

}  // namespace halscope::locate
