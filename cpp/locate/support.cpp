// Runs and patches of agreeing tiles: see support.hpp.
#include "locate/support.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <tuple>

#include "locate/fingerprint.hpp"

namespace halscope::locate {
namespace {

constexpr std::int64_t kTile = kTileBytes;
constexpr std::uint32_t kRow = 16;        // tiles in a row of the sprite page
constexpr std::uint32_t kWidest = 32;     // tiles in a row of the source
constexpr std::uint32_t kFar = 1U << 16;  // bytes; farther apart in the source means nothing
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Disjoint sets of places.
class Sets {
  public:
    explicit Sets(std::size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0U); }
    std::uint32_t find(std::uint32_t node) noexcept {
        while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
        return node;
    }
    void join(std::uint32_t a, std::uint32_t b) noexcept { parent_[find(b)] = find(a); }

    // For each place the number of different tiles in its set. A tile counts once, also where several of its places are
    // in one set; places come in the order of tiles.
    std::vector<std::uint32_t> tiles_of_each(std::span<const Place> places) {
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

struct Link {
    std::uint32_t upper;
    std::uint32_t lower;
};

class Neighbours {
  public:
    Neighbours(const Text& text, std::span<const Place> places, std::span<const std::uint8_t> tiles)
        : text_(text),
          places_(places),
          tiles_(tiles),
          count_(static_cast<std::uint32_t>(tiles.size() / kTileBytes)),
          runs_(places.size()),
          left_of_(places.size()),
          right_of_(places.size()),
          goes_on_(places.size(), 0),
          continued_(places.size(), 0) {
        informative_.resize(count_);
        for (std::uint32_t tile = 0; tile < count_; ++tile) informative_[tile] = informative(bytes_of(tile)) ? 1 : 0;
        first_of_.assign(count_ + 1, 0);
        for (const Place& place : places) ++first_of_[place.tile + 1];
        std::partial_sum(first_of_.begin(), first_of_.end(), first_of_.begin());
    }

    std::vector<Support> support() {
        link();
        const std::vector<std::uint32_t> run = runs_.tiles_of_each(places_);
        std::vector<Support> result(places_.size());
        for (std::size_t node = 0; node < run.size(); ++node) result[node] = {run[node], run[node], 0, 0};
        std::vector<Sets> patches(kWidest + 1, Sets(0));  // by width; the runs themselves as width 0
        patches[0] = runs_;
        for (std::uint32_t width = 1; width <= kWidest; ++width) {
            if (below_[width].empty()) continue;
            patches[width] = runs_;
            for (const Link& one : below_[width]) patches[width].join(one.upper, one.lower);
            const std::vector<std::uint32_t> sizes = patches[width].tiles_of_each(places_);
            for (std::size_t node = 0; node < sizes.size(); ++node) {
                if (sizes[node] > result[node].patch) {
                    result[node].patch = sizes[node];
                    result[node].width = width;
                }
            }
        }
        count_silent(result);
        measure_gaps(patches, result);
        return result;
    }

  private:
    // Finds the runs, the links between rows, and where runs end.
    void link() {
        for (std::uint32_t node = 0; node < places_.size(); ++node) {
            const Place& place = places_[node];
            std::uint32_t right = place.tile + 1;
            while (right < count_ && informative_[right] == 0 && holds(place, right)) ++right;
            right_of_[node] = right;
            const std::int64_t at = place.at + (right - place.tile) * kTile;
            each(place.source, right, at, at, [&](std::uint32_t other) {
                runs_.join(node, other);
                goes_on_[node] = 1;
                continued_[other] = 1;
            });
            each(place.source, place.tile + kRow, place.at + kTile, place.at + kWidest * kTile,
                 [&](std::uint32_t other) {
                     const std::int64_t distance = std::int64_t{places_[other].at} - place.at;
                     if (distance % kTile == 0) {
                         below_[static_cast<std::size_t>(distance / kTile)].push_back({node, other});
                     }
                 });
        }
        for (std::uint32_t node = 0; node < places_.size(); ++node) {
            const Place& place = places_[node];
            std::uint32_t left = place.tile;
            if (continued_[node] == 0) {
                while (left > 0 && informative_[left - 1] == 0 && holds(place, left - 1)) --left;
            }
            left_of_[node] = left;
        }
    }

    // Adds the tiles that say nothing to the runs.
    void count_silent(std::vector<Support>& result) {
        std::vector<std::uint32_t> silent(places_.size(), 0);
        for (std::uint32_t node = 0; node < places_.size(); ++node) {
            const std::uint32_t tile = places_[node].tile;
            silent[runs_.find(node)] += right_of_[node] - tile - 1 + tile - left_of_[node];
        }
        for (std::uint32_t node = 0; node < places_.size(); ++node) result[node].run += silent[runs_.find(node)];
    }

    // How far, in the source, the runs of each patch are from what lies beside them; of that the likeliest places
    // count.
    void measure_gaps(std::vector<Sets>& patches, std::vector<Support>& result) {
        std::vector<std::uint8_t> likely(places_.size(), 0);
        for (std::uint32_t tile = 0; tile < count_; ++tile) {
            const auto key = [&](std::uint32_t node) {
                const Support& one = result[node];
                return std::tuple(one.patch, one.run, ~one.width);
            };
            std::uint32_t best = first_of_[tile];
            for (std::uint32_t node = best; node < first_of_[tile + 1]; ++node) {
                if (key(node) > key(best)) best = node;
            }
            for (std::uint32_t node = first_of_[tile]; node < first_of_[tile + 1]; ++node) {
                likely[node] = key(node) == key(best) ? 1 : 0;
            }
        }
        const auto distance_to = [&](const Place& place, std::uint32_t tile) {
            std::int64_t nearest = kFar;
            each(place.source, tile, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max(),
                 [&](std::uint32_t other) {
                     if (likely[other] == 0) return;
                     nearest = std::min(nearest, std::abs(std::int64_t{places_[other].at} - place.at));
                 });
            return static_cast<std::uint32_t>(nearest);
        };
        std::vector<std::uint32_t> gap(places_.size(), kFar);
        for (std::uint32_t node = 0; node < places_.size(); ++node) {
            const std::uint32_t root = runs_.find(node);
            if (goes_on_[node] == 0) gap[root] = std::min(gap[root], distance_to(places_[node], right_of_[node]));
            if (continued_[node] == 0 && left_of_[node] > 0) {
                gap[root] = std::min(gap[root], distance_to(places_[node], left_of_[node] - 1));
            }
        }
        std::vector<std::uint32_t> sum(places_.size());
        for (std::uint32_t width = 0; width <= kWidest; ++width) {
            if (width > 0 && below_[width].empty()) continue;
            std::fill(sum.begin(), sum.end(), 0U);
            for (std::uint32_t node = 0; node < places_.size(); ++node) {
                if (runs_.find(node) == node) sum[patches[width].find(node)] += gap[node];
            }
            for (std::uint32_t node = 0; node < places_.size(); ++node) {
                if (result[node].width == width) result[node].gap = sum[patches[width].find(node)];
            }
        }
    }

    [[nodiscard]] const std::uint8_t* bytes_of(std::uint32_t tile) const noexcept {
        return tiles_.data() + std::size_t{tile} * kTileBytes;
    }

    // Whether the source of `place` goes on with the bytes of another tile of the same row of VRAM.
    [[nodiscard]] bool holds(const Place& place, std::uint32_t tile) const noexcept {
        const std::span<const std::uint8_t> source = segment_of(text_, place.segment);
        const std::int64_t offset = place.offset + (std::int64_t{tile} - place.tile) * kTile;
        if (offset < 0 || offset + kTile > static_cast<std::int64_t>(source.size())) return false;
        return std::memcmp(source.data() + offset, bytes_of(tile), kTileBytes) == 0;
    }

    // Calls `visit` for the places of `tile` in `source` from `lowest` to `highest`.
    template <typename Visit>
    void each(std::uint32_t source, std::uint32_t tile, std::int64_t lowest, std::int64_t highest, Visit visit) const {
        if (tile >= count_) return;
        const auto end = places_.begin() + first_of_[tile + 1];
        auto other = std::partition_point(places_.begin() + first_of_[tile], end, [&](const Place& place) {
            return place.source < source || (place.source == source && place.at < lowest);
        });
        for (; other != end && other->source == source && other->at <= highest; ++other) {
            visit(static_cast<std::uint32_t>(other - places_.begin()));
        }
    }

    const Text& text_;
    std::span<const Place> places_;
    std::span<const std::uint8_t> tiles_;
    std::uint32_t count_;
    std::vector<std::uint8_t> informative_;
    std::vector<std::uint32_t> first_of_;  // places of tile t: first_of_[t] to first_of_[t + 1]
    Sets runs_;
    std::vector<std::uint32_t> left_of_;   // the first tile of a run's beginning, silent ones counted
    std::vector<std::uint32_t> right_of_;  // the first tile behind a place and the silent ones that follow it
    std::vector<std::uint8_t> goes_on_;    // whether a place has one of its run to the right
    std::vector<std::uint8_t> continued_;  // and to the left
    std::array<std::vector<Link>, kWidest + 1> below_;
};

}  // namespace

std::vector<Support> neighbour_support(const Text& text, std::span<const Place> places,
                                       std::span<const std::uint8_t> tiles) {
    return Neighbours(text, places, tiles).support();
}

}  // namespace halscope::locate
