// Ranking places, and following tiles that change; see ranking.hpp.
#include "locate/ranking.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <cstring>
#include <numeric>
#include <tuple>

#include "locate/fingerprint.hpp"

namespace halscope::locate {
bool valid(const Atlas& atlas) noexcept {
    const Starts& starts = atlas.starts;
    const std::size_t count = starts.family.size();
    return valid(atlas.text) && atlas.text.bounds.size() == count + 1 && starts.size.size() == count &&
           starts.offset.size() == count && starts.evidence.size() == count && starts.kind.size() == count &&
           !atlas.transforms.empty() && atlas.transforms.size() <= kMostTransforms &&
           std::all_of(atlas.transforms.begin(), atlas.transforms.end(), [](const auto& one) { return valid(one); }) &&
           atlas.transforms.front().parts == identity().parts && starts.plausible.size() == count &&
           starts.packed.size() == atlas.text.rom.size() && starts.expected.size() == count &&
           std::all_of(starts.expected.begin(), starts.expected.end(),
                       [&](auto row) { return row == kNotKnown || row < atlas.transforms.size(); }) &&
           std::all_of(starts.family.begin(), starts.family.end(), [count](auto family) { return family < count; }) &&
           std::none_of(starts.evidence.begin(), starts.evidence.end(), [](float one) { return std::isnan(one); });
}

Follower::Follower(const Atlas& atlas, bool neighbours) : atlas_(atlas), neighbours_(neighbours), families_(1) {
    for (const std::uint32_t family : atlas_.starts.family) families_ = std::max(families_, family + 2);
    sources_ = families_;
    for (const std::uint8_t row : atlas_.starts.expected) {
        if (row != kNotKnown && row != 0) named_ |= std::uint64_t{1} << row;
    }
}

bool Follower::update(std::span<const std::uint8_t> tiles, std::span<const std::uint32_t> asked) {
    std::vector<std::uint32_t> every;
    const bool first = !known_ || bytes_.size() != tiles.size();
    if (first) {
        forget(tiles.size());
        every.resize(tiles.size() / kTileBytes);
        std::iota(every.begin(), every.end(), 0U);
        asked = every;
    }
    known_ = false;
    const std::vector<std::uint32_t> changed = take(tiles, asked, first);
    if (!changed.empty()) {
        if (neighbours_) measure();
        rank(changed);
    }
    known_ = true;
    return first || !changed.empty();
}

void Follower::forget(std::size_t tiles) {
    known_ = false;
    bytes_.assign(tiles, 0);
    forms_.assign(tiles / kTileBytes, 0);
    unknown_.assign(tiles / kTileBytes, 0);
    hits_.clear();
    places_.clear();
    first_place_.assign(tiles / kTileBytes + 1, 0);
    explained_.assign(atlas_.starts.family.size() + 1, 0);
    transformed_.clear();
    sources_ = families_;
    touched_.assign(sources_, 0);
    answers_ = {std::vector<std::uint32_t>(tiles / kTileBytes + 1), {}, std::vector<std::uint8_t>(tiles / kTileBytes)};
}

// Takes the tiles that differ: updates their bytes and places, and touches the sources involved. Returns their numbers.
std::vector<std::uint32_t> Follower::take(std::span<const std::uint8_t> tiles, std::span<const std::uint32_t> asked,
                                          bool first) {
    std::vector<std::uint32_t> changed;
    std::vector<std::uint8_t> silent(answers_.informative.size(), 0);  // changed, and silent before or now
    for (const std::uint32_t tile : asked) {
        const std::uint8_t* const now = tiles.data() + std::size_t{tile} * kTileBytes;
        std::uint8_t* const before = bytes_.data() + std::size_t{tile} * kTileBytes;
        if (!first && std::memcmp(before, now, kTileBytes) == 0) continue;
        std::memcpy(before, now, kTileBytes);  // from here on only this copy is read
        const bool spoke = answers_.informative[tile] != 0;
        answers_.informative[tile] = informative(before) ? 1 : 0;
        silent[tile] = spoke && answers_.informative[tile] != 0 ? 0 : 1;
        changed.push_back(tile);
    }
    if (changed.empty()) return changed;
    std::vector<Hit> found = find_plain(changed);
    for (const std::uint32_t tile : changed) unknown_[tile] = answers_.informative[tile];
    for (const Hit& hit : found) unknown_[hit.tile] = 0;
    const std::vector<std::uint32_t> around = update_forms(changed);
    const std::vector<Hit> transformed = find_transformed(around);
    std::vector<std::uint32_t> affected = changed;
    if (!transformed.empty() || !transformed_.empty()) {
        auto hit = transformed.begin();
        for (const std::uint32_t tile : around) {
            const bool has = hit != transformed.end() && hit->tile == tile;
            while (hit != transformed.end() && hit->tile == tile) ++hit;
            if (has || has_transformed(tile)) affected.push_back(tile);
        }
        std::sort(affected.begin(), affected.end());
        affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
        const std::size_t plain = found.size();
        found.insert(found.end(), transformed.begin(), transformed.end());
        std::inplace_merge(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(plain), found.end(),
                           [](const Hit& a, const Hit& b) { return a.tile < b.tile; });
    }
    for (const std::uint32_t tile : affected) {
        count_explained(tile, ~0U);
        touch_places_of(tile);
    }
    merge(found, changed, affected);
    for (const std::uint32_t tile : affected) {
        count_explained(tile, 1);
        touch_places_of(tile);
    }
    touch_beside_silent(silent);
    return affected;
}

bool Follower::has_transformed(std::uint32_t tile) const noexcept {
    const std::uint32_t end = first_place_[tile + 1];  // ascending by source: those of transforms are last
    return first_place_[tile] < end && places_[end - 1].place.source >= families_;
}

// Replaces the hits of the changed tiles, and the transformed ones of all affected tiles, with what was found.
void Follower::merge(std::span<const Hit> found, std::span<const std::uint32_t> changed,
                     std::span<const std::uint32_t> affected) {
    std::vector<Hit> hits;
    std::vector<Known> places;
    std::vector<std::uint32_t> first_place(first_place_.size());
    hits.reserve(hits_.size() + found.size());
    places.reserve(places_.size() + found.size());
    auto next = changed.begin();
    auto next_affected = affected.begin();
    auto hit = found.begin();
    for (std::uint32_t tile = 0; tile + 1 < first_place_.size(); ++tile) {
        first_place[tile] = static_cast<std::uint32_t>(places.size());
        const bool is_changed = next != changed.end() && *next == tile;
        const bool is_affected = next_affected != affected.end() && *next_affected == tile;
        next += is_changed ? 1 : 0;
        next_affected += is_affected ? 1 : 0;
        for (std::uint32_t place = first_place_[tile]; !is_changed && place < first_place_[tile + 1]; ++place) {
            if (is_affected && places_[place].place.source >= families_) break;
            places.push_back(places_[place]);
            places.back().first = static_cast<std::uint32_t>(hits.size());
            hits.insert(hits.end(), hits_.begin() + places_[place].first, hits_.begin() + end_of_hits(place));
        }
        for (; is_affected && hit != found.end() && hit->tile == tile; ++hit) {
            const bool is_first = places.size() == first_place[tile];
            if (is_first || places.back().place.source != hit->source || places.back().place.at != hit->at) {
                places.push_back({{tile, hit->source, hit->at, hit->segment, hit->offset, hit->transform},
                                  static_cast<std::uint32_t>(hits.size()),
                                  {0, 0, 0, 0},
                                  false});
            }
            hits.push_back(*hit);
        }
    }
    first_place.back() = static_cast<std::uint32_t>(places.size());
    hits_ = std::move(hits);
    places_ = std::move(places);
    first_place_ = std::move(first_place);
}

std::uint32_t Follower::end_of_hits(std::uint32_t place) const noexcept {
    return static_cast<std::uint32_t>(place + 1 < places_.size() ? places_[place + 1].first : hits_.size());
}

// A segment counts once per tile, even where it holds the tile twice.
void Follower::count_explained(std::uint32_t tile, std::uint32_t step) {
    if (!neighbours_ || first_place_[tile] == first_place_[tile + 1]) return;
    const std::uint32_t begin = places_[first_place_[tile]].first;
    const std::uint32_t end = end_of_hits(first_place_[tile + 1] - 1);
    std::vector<std::uint32_t>& segments = segments_;
    segments.clear();
    for (std::uint32_t k = begin; k < end; ++k) segments.push_back(hits_[k].segment);
    std::sort(segments.begin(), segments.end());
    segments.erase(std::unique(segments.begin(), segments.end()), segments.end());
    for (const std::uint32_t segment : segments) explained_[segment] += step;
}

void Follower::touch_places_of(std::uint32_t tile) {
    for (std::uint32_t place = first_place_[tile]; place < first_place_[tile + 1]; ++place) {
        touched_[places_[place].place.source] = 1;
    }
}

// Runs extend over silent tiles: where one changes, or becomes or stops being silent, the tiles on both sides are
// affected.
void Follower::touch_beside_silent(std::span<const std::uint8_t> silent_then_or_now) {
    const auto tiles = static_cast<std::uint32_t>(silent_then_or_now.size());
    const auto walk = [&](auto tile_at) {
        std::uint32_t last = tiles;  // the last informative tile seen so far
        bool done = true;
        for (std::uint32_t k = 0; k < tiles; ++k) {
            const std::uint32_t tile = tile_at(k);
            if (silent_then_or_now[tile] != 0 && last < tiles && !done) {
                touch_places_of(last);
                done = true;
            }
            if (answers_.informative[tile] != 0) {
                last = tile;
                done = false;
            }
        }
    };
    walk([](std::uint32_t k) { return k; });
    walk([tiles](std::uint32_t k) { return tiles - 1 - k; });
}

Follower::Part Follower::part_of(std::span<const std::uint8_t> sources) const {
    std::vector<std::uint32_t> next(sources_ + 1, 0);
    for (const Known& known : places_) next[known.place.source + 1] += sources[known.place.source];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<std::uint32_t> nodes(next.back());
    std::vector<Place> places(next.back());
    for (std::uint32_t node = 0; node < places_.size(); ++node) {
        const Place& place = places_[node].place;
        if (sources[place.source] == 0) continue;
        const std::uint32_t at = next[place.source]++;
        nodes[at] = node;
        places[at] = place;
    }
    return {Neighbours(atlas_.text, atlas_.transforms, {bytes_, answers_.informative}, std::move(places)),
            std::move(nodes)};
}

// Measures the support of all places of the touched sources, and touches further sources that this affects.
void Follower::measure() {
    Part part = part_of(touched_);
    part.neighbours.measure_agreement();
    for (std::size_t k = 0; k < part.nodes.size(); ++k) {
        places_[part.nodes[k]].support = part.neighbours.support()[k];
    }
    std::vector<std::uint8_t> others(sources_, 0);
    bool any = false;
    for (std::uint32_t tile = 0; tile + 1 < first_place_.size(); ++tile) {
        const std::uint32_t first = first_place_[tile];
        const std::uint32_t count = first_place_[tile + 1] - first;
        const auto agreement = [&](std::uint32_t k) -> const Support& { return places_[first + k].support; };
        mark_likely(count, agreement, [&](std::uint32_t k, bool likely) {
            Known& known = places_[first + k];
            if (known.likely == likely) return;
            known.likely = likely;
            if (touched_[known.place.source] != 0) return;
            others[known.place.source] = 1;
            any = true;
        });
    }
    measure_gaps(part);
    if (!any) return;
    Part second = part_of(others);
    second.neighbours.measure_agreement();
    measure_gaps(second);
    for (std::size_t source = 0; source < sources_; ++source) touched_[source] |= others[source];
}

void Follower::measure_gaps(Part& part) {
    std::vector<std::uint8_t> likely(part.nodes.size());
    for (std::size_t k = 0; k < likely.size(); ++k) likely[k] = places_[part.nodes[k]].likely ? 1 : 0;
    part.neighbours.measure_gaps(likely);
    for (std::size_t k = 0; k < likely.size(); ++k) places_[part.nodes[k]].support = part.neighbours.support()[k];
}

// Ranks the changed tiles, and those with a place in a touched source.
void Follower::rank(std::span<const std::uint32_t> changed) {
    const std::size_t tiles = answers_.informative.size();
    std::vector<std::uint8_t> stale(tiles, 0);
    for (const std::uint32_t tile : changed) stale[tile] = 1;
    if (neighbours_) {
        for (const Known& known : places_) stale[known.place.tile] |= touched_[known.place.source];
    }
    std::vector<std::uint32_t> first(tiles + 1);
    std::vector<Answer> answers;
    answers.reserve(hits_.size());
    for (std::uint32_t tile = 0; tile < tiles; ++tile) {
        first[tile] = static_cast<std::uint32_t>(answers.size());
        if (stale[tile] != 0) {
            rank_tile(tile, answers);
        } else {
            answers.insert(answers.end(), answers_.answers.begin() + answers_.first[tile],
                           answers_.answers.begin() + answers_.first[tile + 1]);
        }
    }
    first.back() = static_cast<std::uint32_t>(answers.size());
    answers_.first = std::move(first);
    answers_.answers = std::move(answers);
    std::fill(touched_.begin(), touched_.end(), std::uint8_t{0});
}

// First the best start of each place, best place first; then the other starts in the same order of places.
void Follower::rank_tile(std::uint32_t tile, std::vector<Answer>& answers) {
    const std::uint32_t begin = first_place_[tile];
    const std::uint32_t end = first_place_[tile + 1];
    for (std::uint32_t place = begin; place < end; ++place) {
        const auto first = hits_.begin() + places_[place].first;
        const auto last = hits_.begin() + end_of_hits(place);
        if (last - first < 2) continue;
        // Mostly they are in order, from when the tile was ranked last.
        const auto better = [this](const Hit& a, const Hit& b) { return better_start(a, b); };
        if (!std::is_sorted(first, last, better)) std::sort(first, last, better);
    }
    std::vector<std::uint32_t>& order = order_;
    order.resize(end - begin);
    std::iota(order.begin(), order.end(), begin);
    if (order.size() > 1) {
        // The index breaks ties, so the result is stable; std::stable_sort would allocate on every call.
        std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
            const std::partial_ordering by_rank = compare(places_[a], places_[b]);
            return by_rank < 0 || (by_rank == 0 && a < b);
        });
    }
    std::erase_if(order, [this](std::uint32_t place) { return !credible(places_[place]); });
    // Where plain bytes are the best answer, a transform that stores fewer bytes is no better than chance.
    if (!order.empty() && places_[order.front()].place.transform == 0) {
        std::erase_if(order, [this](std::uint32_t place) { return places_[place].place.transform != 0; });
    }
    const auto answer = [](const Hit& hit) { return Answer{hit.segment, hit.offset, hit.transform}; };
    for (const std::uint32_t place : order) answers.push_back(answer(hits_[places_[place].first]));
    for (const std::uint32_t place : order) {
        const std::size_t first = places_[place].first;
        const std::size_t last = std::min<std::size_t>(end_of_hits(place), first + atlas_.most_twins);
        for (std::size_t k = first + 1; k < last; ++k) answers.push_back(answer(hits_[k]));
    }
}

// Pointers first, then the start that explains most of the VRAM, then other evidence. Only for starts of one place.
bool Follower::better_start(const Hit& a, const Hit& b) const noexcept {
    if (is_raw(a) || is_raw(b)) return false;
    const auto key = [this](const Hit& hit) {
        const std::uint8_t kind = atlas_.starts.kind[hit.segment];
        const int pointer_first = std::min<int>(kind, kPointer + 1);
        return std::tuple(pointer_first, ~explained_[hit.segment], kind, -atlas_.starts.evidence[hit.segment],
                          atlas_.starts.offset[hit.segment], hit.segment);
    };
    return key(a) < key(b);
}

// Places that contradict what is known of their block last. Else neighbours first, then the transform that the block is
// known to have, then plain bytes before transformed ones, then the place's best start by itself.
std::partial_ordering Follower::compare(const Known& a, const Known& b) const noexcept {
    const auto agreement = [this](const Known& known) {
        const Support& one = known.support;
        const bool misfit = fit(hits_[known.first]) == 2;
        if (known.place.transform == 0) return std::tuple(misfit, ~one.patch, ~one.run, one.width, one.gap);
        // The tiles of one window agree by construction.
        const std::uint32_t window = atlas_.transforms[known.place.transform].window;
        return std::tuple(misfit, ~(one.patch / window), ~(one.run / window), one.width, one.gap);
    };
    if (const auto by_agreement = agreement(a) <=> agreement(b); by_agreement != 0) return by_agreement;
    const auto key = [this](const Hit& hit) {
        const bool raw = is_raw(hit);
        const std::size_t segment = hit.segment;
        return std::tuple(fit(hit), hit.transform != 0, standing(hit),
                          raw ? std::uint8_t{kContent} : atlas_.starts.kind[segment], ~explained_[segment],
                          raw ? 0.0F : -atlas_.starts.evidence[segment], raw ? 0U : atlas_.starts.offset[segment],
                          hit.offset, hit.transform);
    };
    return key(hits_[a.first]) <=> key(hits_[b.first]);
}

bool Follower::credible(const Known& known) const noexcept {
    const Hit& best = hits_[known.first];
    return !best.poor || fit(best) == 0 || known.support.patch > atlas_.transforms[known.place.transform].window;
}

int Follower::fit(const Hit& hit) const noexcept {
    const std::uint8_t row = is_raw(hit) ? kNotKnown : atlas_.starts.expected[hit.segment];
    return row == kNotKnown ? 1 : row == hit.transform ? 0 : 2;
}

// Plausible blocks rank before plain bytes, those before plain bytes inside a block's stream, doubtful blocks last.
int Follower::standing(const Hit& hit) const noexcept {
    if (is_raw(hit)) return atlas_.starts.packed[hit.offset] != 0 ? 2 : 1;
    return atlas_.starts.plausible[hit.segment] != 0 ? 0 : 3;
}

}  // namespace halscope::locate
