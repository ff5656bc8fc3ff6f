// How a Follower finds the places of tiles, plain and transformed; see ranking.hpp.
#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <tuple>

#include "locate/fingerprint.hpp"
#include "locate/ranking.hpp"

namespace halscope::locate {
namespace {

// How often a window of stored bytes must change from one byte to the next to be believed without neighbours.
// Transforms give a tile many more chances to match something, so more is asked of them than of plain tiles.
constexpr std::ptrdiff_t kChangesAlone = 10;

std::ptrdiff_t changes_in(std::span<const std::uint8_t> bytes) {
    return std::inner_product(bytes.begin() + 1, bytes.end(), bytes.begin(), std::ptrdiff_t{0}, std::plus<>(),
                              [](std::uint8_t a, std::uint8_t b) { return a != b ? 1 : 0; });
}

// Entries of a bucket that are followed for a window of stored bytes: a gram that is more common than that is one of
// nearly blank tiles, and following it would cost more than all else.
constexpr std::size_t kMostStoredProbes = 256;

constexpr std::size_t kTogether = 64;  // tiles; what is fetched for them fits the L1 cache

void prefetch([[maybe_unused]] const void* at) noexcept {
#if defined(__GNUC__)
    __builtin_prefetch(at);
#endif
}

// Sorts each tile's few hits; across tiles they are in order already.
template <typename Hits>
void sort_each_tile(Hits& found) {
    const auto before = [](const auto& a, const auto& b) {
        return std::tie(a.source, a.at, a.segment, a.offset) < std::tie(b.source, b.at, b.segment, b.offset);
    };
    for (auto begin = found.begin(); begin != found.end();) {
        const auto end = std::find_if(begin, found.end(), [&](const auto& hit) { return hit.tile != begin->tile; });
        std::sort(begin, end, before);
        begin = end;
    }
}

}  // namespace

Follower::Hit Follower::hit_of(std::uint32_t tile, std::uint32_t segment, std::uint32_t offset) const noexcept {
    const Starts& starts = atlas_.starts;
    const bool raw = segment == starts.family.size();
    const std::uint32_t end = raw ? 0 : starts.size[segment];
    const std::uint32_t source = raw ? families_ - 1 : starts.family[segment];
    return {tile, segment, offset, source, static_cast<std::int32_t>(offset - end), 0, false};
}

// An entry of the index, its position and the bytes there lie anywhere in megabytes: each step is taken for many tiles
// before the next one, so that the memory answers them together.
std::vector<Follower::Hit> Follower::find_plain(std::span<const std::uint32_t> changed) const {
    std::vector<Hit> found;
    if (!usable(atlas_.buckets)) return found;
    const Text& text = atlas_.text;
    std::array<std::uint32_t, kTogether> tiles;
    std::array<Probe, kTogether> probes;
    const auto pattern = [this](std::uint32_t tile) {
        return std::span(bytes_).subspan(std::size_t{tile} * kTileBytes, kTileBytes);
    };
    for (auto next = changed.begin(); next != changed.end();) {
        std::size_t count = 0;
        for (; next != changed.end() && count < kTogether; ++next) {
            if (answers_.informative[*next] == 0) continue;
            tiles[count] = *next;
            probes[count].anchor = anchor_of(pattern(*next));
            prefetch(&atlas_.buckets[bucket_of(atlas_.buckets, probes[count++].anchor)]);
        }
        for (Probe& probe : std::span(probes).first(count)) {
            probe = probe_of(atlas_.buckets, atlas_.positions, probe.anchor, kMaxProbes);
            if (probe.first < probe.last) prefetch(&atlas_.positions[probe.first]);
        }
        for (const Probe& probe : std::span(probes).first(count)) {
            if (probe.first >= probe.last) continue;
            const std::size_t position = atlas_.positions[probe.first];
            const std::size_t outputs = text.outputs.size();
            if (position < outputs) {
                prefetch(&text.outputs[position]);
            } else if (position - outputs < text.rom.size()) {
                prefetch(&text.rom[position - outputs]);
            }
        }
        for (std::size_t k = 0; k < count; ++k) {
            const std::uint32_t tile = tiles[k];
            follow(
                text, atlas_.positions, pattern(tile), probes[k], atlas_.most_places,
                [&](std::uint32_t segment, std::uint32_t offset) { found.push_back(hit_of(tile, segment, offset)); });
        }
    }
    sort_each_tile(found);
    return found;
}

// Finds under which transforms the changed tiles can be looked up. Returns the tiles of all windows that contain one of
// them or are beside it, and do so now or did before: those whose transformed hits may have changed.
std::vector<std::uint32_t> Follower::update_forms(std::span<const std::uint32_t> changed) {
    const auto tiles = static_cast<std::uint32_t>(answers_.informative.size());
    std::vector<std::uint32_t> result;
    std::array<std::uint8_t, kTileBytes> stored;
    for (const std::uint32_t tile : changed) {
        std::uint64_t forms = 0;
        std::uint32_t first = tile;
        std::uint32_t end = tile;
        const std::uint8_t* const unit = bytes_.data() + std::size_t{tile} * kTileBytes;
        for (std::uint32_t row = 1; row < atlas_.transforms.size(); ++row) {
            const Transform& transform = atlas_.transforms[row];
            if (tile >= transform.units) continue;
            const std::uint64_t bit = std::uint64_t{1} << row;
            if (!transform.excludes(unit) && collapse(transform, unit, stored.data())) forms |= bit;
            if (((forms | forms_[tile]) & bit) == 0) continue;
            // The windows that contain the tile or are beside it.
            const std::uint32_t left = tile - std::min(tile, 1U);
            const std::uint32_t before = transform.window - transform.step + left % transform.step;
            first = std::min(first, left - std::min(left, before));
            end = std::max(end, tile + 1 - (tile + 1) % transform.step + transform.window);
        }
        forms_[tile] = forms;
        for (first = std::max(first, result.empty() ? 0 : result.back() + 1); first < std::min(end, tiles); ++first) {
            result.push_back(first);
        }
    }
    return result;
}

std::uint32_t Follower::source_of(std::uint32_t transform, std::uint32_t family) {
    const auto [known, is_new] = transformed_.try_emplace(std::uint64_t{transform} << 32 | family, sources_);
    if (is_new) {
        ++sources_;
        touched_.push_back(0);
        places_of_source_.push_back(0);
        next_of_family_.push_back(next_of_family_[family]);
        next_of_family_[family] = known->second;
    }
    return known->second;
}

// The hits of tiles under every transform but the identity.
std::vector<Follower::Hit> Follower::find_transformed(std::span<const std::uint32_t> beside) {
    std::vector<Hit> found;
    for (std::uint32_t row = 1; row < atlas_.transforms.size(); ++row) find_windows(row, beside, found);
    if (found.empty()) return found;
    std::stable_sort(found.begin(), found.end(), [](const Hit& a, const Hit& b) { return a.tile < b.tile; });
    sort_each_tile(found);
    const auto same = [](const Hit& a, const Hit& b) {
        return a.tile == b.tile && a.source == b.source && a.segment == b.segment && a.offset == b.offset;
    };
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
    return found;
}

// Looks up each window that contains one of the tiles; a hit belongs to all tiles of its window, as far as asked for.
void Follower::find_windows(std::uint32_t row, std::span<const std::uint32_t> beside, std::vector<Hit>& found) {
    const Transform& transform = atlas_.transforms[row];
    const auto units = std::min(static_cast<std::uint32_t>(answers_.informative.size()), transform.units);
    const std::uint64_t bit = std::uint64_t{1} << row;
    const bool is_named = (named_ & bit) != 0;
    std::array<std::uint8_t, kMostStored> stored;
    const auto pattern = std::span<const std::uint8_t>(stored).first(transform.window * transform.stored);
    std::uint32_t next = 0;  // windows before this are done
    for (const std::uint32_t tile : beside) {
        if ((forms_[tile] & bit) == 0 || answers_.informative[tile] == 0) continue;
        const std::uint32_t earliest = tile - std::min(tile, transform.window - 1);
        std::uint32_t first = (earliest + transform.step - 1) / transform.step * transform.step;
        for (first = std::max(first, next); first <= tile && first + transform.window <= units;
             first += transform.step) {
            next = first + transform.step;
            const auto forms = std::span(forms_).subspan(first, transform.window);
            if (std::any_of(forms.begin(), forms.end(), [bit](auto one) { return (one & bit) == 0; })) continue;
            bool is_unknown = false;  // in the window or beside it
            const std::uint32_t end = std::min(units, first + transform.window + 1);
            for (std::uint32_t k = first - std::min(first, 1U); k < end; ++k) {
                is_unknown = is_unknown || (unknown_[k] != 0 && (forms_[k] & bit) != 0);
            }
            if (!is_unknown && !is_named) continue;
            for (std::uint32_t k = 0; k < transform.window; ++k) {
                static_cast<void>(collapse(transform, bytes_.data() + std::size_t{first + k} * kTileBytes,
                                           stored.data() + std::size_t{k} * transform.stored));
            }
            if (distinct_bytes(pattern, kDistinctBytes) < kDistinctBytes) continue;
            const bool poor = changes_in(pattern) < kChangesAlone;
            const auto visit = [&](std::uint32_t segment, std::uint32_t offset) {
                for (std::uint32_t k = 0; k < transform.window; ++k) {
                    const std::uint32_t one = first + k;
                    // A blank tile says nothing here either: runs extend over it.
                    if (answers_.informative[one] == 0) continue;
                    if (!std::binary_search(beside.begin(), beside.end(), one)) continue;
                    Hit hit = hit_of(one, segment, offset + k * transform.stored);
                    hit.source = source_of(row, hit.source);
                    hit.transform = row;
                    hit.poor = poor;
                    if (!is_unknown && fit(hit) != 0) continue;
                    found.push_back(hit);
                }
            };
            find_pattern(atlas_.text, atlas_.buckets, atlas_.positions, pattern, atlas_.most_places, kMostStoredProbes,
                         visit);
        }
    }
}

}  // namespace halscope::locate
