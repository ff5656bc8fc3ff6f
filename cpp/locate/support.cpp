// Patches of agreeing tiles: see support.hpp.
#include "locate/support.hpp"

#include <algorithm>
#include <compare>
#include <limits>
#include <numeric>

namespace halscope::locate {
namespace {

constexpr std::int32_t kTile = 32;
constexpr std::uint32_t kRow = 16;   // tiles in a row of the sprite page
constexpr std::uint32_t kReach = 8;  // tiles that say nothing are passed over, this many at most

// Disjoint sets of places.
class Patches {
  public:
    explicit Patches(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0U); }
    std::uint32_t find(std::uint32_t node) noexcept {
        while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
        return node;
    }
    void join(std::uint32_t a, std::uint32_t b) noexcept { parent_[find(b)] = find(a); }

    // For each place the number of different tiles in its set. A tile counts once, also where several of its places are
    // in one set; places come in the order of tiles.
    std::vector<std::uint32_t> tiles_of_each(std::span<const Place> places) {
        constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
        std::vector<std::uint32_t> size(places.size(), 0);
        std::vector<std::uint32_t> last_tile(places.size(), kNone);
        for (std::uint32_t node = 0; node < places.size(); ++node) {
            const std::uint32_t root = find(node);
            if (last_tile[root] != places[node].tile) ++size[root];
            last_tile[root] = places[node].tile;
        }
        std::vector<std::uint32_t> result(places.size());
        for (std::uint32_t node = 0; node < places.size(); ++node) result[node] = size[find(node)];
        return result;
    }

  private:
    std::vector<std::uint32_t> parent_;
};

}  // namespace

std::vector<Support> neighbour_support(std::span<const Place> places, std::span<const std::uint8_t> informative) {
    const auto tiles = static_cast<std::uint32_t>(informative.size());
    std::vector<std::uint32_t> first_of(tiles + 1, 0);  // places of tile t: first_of[t] to first_of[t + 1]
    for (const Place& place : places) {
        if (place.tile < tiles) ++first_of[place.tile + 1];
    }
    std::partial_sum(first_of.begin(), first_of.end(), first_of.begin());

    Patches patches(places.size());
    Patches runs(places.size());
    const auto join_range = [&](std::uint32_t node, std::uint32_t tile, std::int64_t lowest, std::int64_t highest) {
        const Place& place = places[node];
        const auto begin = places.begin() + first_of[tile];
        const auto end = places.begin() + first_of[tile + 1];
        auto other = std::partition_point(begin, end, [&](const Place& candidate) {
            return candidate.source < place.source || (candidate.source == place.source && candidate.at < lowest);
        });
        for (; other != end && other->source == place.source && other->at <= highest; ++other) {
            if ((other->at - place.at) % kTile == 0) {
                const auto joined = static_cast<std::uint32_t>(other - places.begin());
                patches.join(node, joined);
                if (lowest == highest) runs.join(node, joined);
            }
        }
    };
    for (std::uint32_t node = 0; node < places.size(); ++node) {
        const Place& place = places[node];
        if (place.tile >= tiles) continue;
        std::uint32_t right = place.tile + 1;
        while (right < tiles && right - place.tile < kReach && informative[right] == 0) ++right;
        if (right < tiles) {
            const std::int64_t at = place.at + static_cast<std::int64_t>(right - place.tile) * kTile;
            join_range(node, right, at, at);
        }
        if (place.tile + kRow < tiles) {
            join_range(node, place.tile + kRow, std::int64_t{place.at} + kTile,
                       std::int64_t{place.at} + std::int64_t{kRow} * kTile);
        }
    }

    const std::vector<std::uint32_t> patch_tiles = patches.tiles_of_each(places);
    const std::vector<std::uint32_t> run_tiles = runs.tiles_of_each(places);
    std::vector<Support> support(places.size());
    for (std::size_t node = 0; node < places.size(); ++node) support[node] = {patch_tiles[node], run_tiles[node]};
    return support;
}

}  // namespace halscope::locate
