// Ranking places, and following tiles that change; see ranking.hpp.
#include "locate/ranking.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <cstring>
#include <numeric>
#include <tuple>
#include <utility>

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

Follower::Follower(const Atlas& atlas, bool neighbours)
    : atlas_(atlas), neighbours_(neighbours), families_(1), part_(atlas.text, atlas.transforms) {
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
    touched_sources_.clear();
    places_of_source_.assign(sources_, 0);
    next_of_family_.resize(sources_);
    std::iota(next_of_family_.begin(), next_of_family_.end(), 0U);
    stale_.assign(tiles / kTileBytes, 0);
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
        count_places(tile, ~0U);
        touch_families_of(tile);
    }
    merge(found, changed, affected);
    for (const std::uint32_t tile : affected) {
        count_explained(tile, 1);
        count_places(tile, 1);
        touch_families_of(tile);
    }
    if (neighbours_) touch_beside_silent(changed, silent);
    return affected;
}

bool Follower::has_transformed(std::uint32_t tile) const noexcept {
    const std::uint32_t end = first_place_[tile + 1];  // ascending by source: those of transforms are last
    return first_place_[tile] < end && places_[end - 1].place.source >= families_;
}

// Replaces the hits of the changed tiles, and the transformed ones of all affected tiles, with what was found.
void Follower::merge(std::span<const Hit> found, std::span<const std::uint32_t> changed,
                     std::span<const std::uint32_t> affected) {
    next_hits_.clear();
    next_places_.clear();
    next_first_.resize(first_place_.size());
    next_hits_.reserve(hits_.size() + found.size());
    next_places_.reserve(places_.size() + found.size());
    const auto tiles = static_cast<std::uint32_t>(first_place_.size() - 1);
    auto next_changed = changed.begin();
    auto hit = found.begin();
    std::uint32_t tile = 0;
    // Appends the places from first_place_[tile] up to the one numbered `end`.
    const auto keep = [this](std::uint32_t begin, std::uint32_t end) {
        if (begin == end) return;
        const std::uint32_t moved = static_cast<std::uint32_t>(next_hits_.size()) - places_[begin].first;
        const std::size_t at = next_places_.size();
        next_places_.insert(next_places_.end(), places_.begin() + begin, places_.begin() + end);
        for (std::size_t place = at; place < next_places_.size(); ++place) next_places_[place].first += moved;
        next_hits_.insert(next_hits_.end(), hits_.begin() + places_[begin].first, hits_.begin() + end_of_hits(end - 1));
    };
    for (const std::uint32_t one : affected) {
        // All that is between two affected tiles stays, so it moves as a whole.
        const std::uint32_t ahead = static_cast<std::uint32_t>(next_places_.size()) - first_place_[tile];
        for (std::uint32_t k = tile; k <= one; ++k) next_first_[k] = first_place_[k] + ahead;
        keep(first_place_[tile], first_place_[one]);
        tile = one + 1;
        const bool is_changed = next_changed != changed.end() && *next_changed == one;
        if (is_changed) {
            ++next_changed;
        } else {
            std::uint32_t plain = first_place_[one];  // ascending by source: those of transforms are last
            while (plain < first_place_[tile] && places_[plain].place.source < families_) ++plain;
            keep(first_place_[one], plain);
        }
        for (; hit != found.end() && hit->tile == one; ++hit) {
            const bool is_first = next_places_.size() == next_first_[one];
            if (is_first || next_places_.back().place.source != hit->source ||
                next_places_.back().place.at != hit->at) {
                next_places_.push_back({{one, hit->source, hit->at, hit->segment, hit->offset, hit->transform},
                                        static_cast<std::uint32_t>(next_hits_.size()),
                                        {0, 0, 0, 0},
                                        false,
                                        standing_of(*hit),
                                        0});
            }
            next_hits_.push_back(*hit);
        }
        for (std::uint32_t place = next_first_[one], rank = 0; place < next_places_.size(); ++place, ++rank) {
            next_places_[place].ranked = rank;
        }
    }
    const std::uint32_t ahead = static_cast<std::uint32_t>(next_places_.size()) - first_place_[tile];
    for (std::uint32_t k = tile; k <= tiles; ++k) next_first_[k] = first_place_[k] + ahead;
    keep(first_place_[tile], first_place_[tiles]);
    std::swap(hits_, next_hits_);
    std::swap(places_, next_places_);
    std::swap(first_place_, next_first_);
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

void Follower::touch(std::uint32_t source) {
    if (touched_[source] != 0) return;
    touched_[source] = 1;
    touched_sources_.push_back(source);
}

void Follower::count_places(std::uint32_t tile, std::uint32_t step) {
    for (std::uint32_t place = first_place_[tile]; place < first_place_[tile + 1]; ++place) {
        places_of_source_[places_[place].place.source] += step;
    }
}

void Follower::touch_places_of(std::uint32_t tile) {
    for (std::uint32_t place = first_place_[tile]; place < first_place_[tile + 1]; ++place) {
        touch(places_[place].place.source);
    }
}

// What a segment explains has changed, and it counts for the places of its family under every transform.
void Follower::touch_families_of(std::uint32_t tile) {
    for (std::uint32_t place = first_place_[tile]; place < first_place_[tile + 1]; ++place) {
        const std::uint32_t source = places_[place].place.source;
        touch(source);
        for (std::uint32_t k = next_of_family_[source]; k != source; k = next_of_family_[k]) touch(k);
    }
}

// Runs extend over silent tiles: where one changes, or becomes or stops being silent, the tiles on both sides are
// affected. `silent` flags the changed tiles that were silent or are; a walk ends at the next of them.
void Follower::touch_beside_silent(std::span<const std::uint32_t> changed, std::span<const std::uint8_t> silent) {
    const auto tiles = static_cast<std::uint32_t>(silent.size());
    for (const std::uint32_t tile : changed) {
        if (silent[tile] == 0) continue;
        std::uint32_t left = tile;
        do {
            if (left-- == 0) break;
            if (answers_.informative[left] != 0) touch_places_of(left);
        } while (answers_.informative[left] == 0 && silent[left] == 0);
        std::uint32_t right = tile;
        do {
            if (++right == tiles) break;
            if (answers_.informative[right] != 0) touch_places_of(right);
        } while (answers_.informative[right] == 0 && silent[right] == 0);
    }
}

// Takes the places of these sources as those that are measured; marks their tiles stale.
void Follower::gather(std::span<const std::uint32_t> sources) {
    constexpr std::uint32_t kElsewhere = ~0U;
    next_of_source_.assign(sources_, kElsewhere);
    counts_.clear();
    std::uint32_t total = 0;
    for (const std::uint32_t source : sources) {
        next_of_source_[source] = total;
        counts_.push_back(places_of_source_[source]);
        total += counts_.back();
    }
    nodes_.resize(total);
    const std::span<Place> places = part_.restart({bytes_, answers_.informative}, counts_);
    for (std::uint32_t node = 0; node < places_.size(); ++node) {
        const Place& place = places_[node].place;
        std::uint32_t& next = next_of_source_[place.source];
        if (next == kElsewhere) continue;
        nodes_[next] = node;
        places[next++] = place;
        stale_[place.tile] = 1;
    }
}

// Measures the support of all places of the touched sources, and touches further sources that this affects.
void Follower::measure() {
    gather(touched_sources_);
    part_.measure_agreement();
    for (std::size_t k = 0; k < nodes_.size(); ++k) places_[nodes_[k]].support = part_.support(k);
    const std::size_t first_others = touched_sources_.size();
    for (std::uint32_t tile = 0; tile + 1 < first_place_.size(); ++tile) {
        if (stale_[tile] == 0) continue;
        const std::uint32_t first = first_place_[tile];
        const std::uint32_t count = first_place_[tile + 1] - first;
        const auto mark = [&](std::uint32_t k, bool likely) {
            Known& known = places_[first + k];
            if (known.likely == likely) return;
            known.likely = likely;
            touch(known.place.source);
        };
        if (count == 1) {
            mark(0, true);
        } else {
            mark_likely(count, [&](std::uint32_t k) -> const Support& { return places_[first + k].support; }, mark);
        }
    }
    measure_gaps();
    if (touched_sources_.size() == first_others) return;
    gather(std::span(touched_sources_).subspan(first_others));
    part_.measure_agreement();
    for (std::size_t k = 0; k < nodes_.size(); ++k) places_[nodes_[k]].support = part_.support(k);
    measure_gaps();
}

void Follower::measure_gaps() {
    part_.measure_gaps([this](std::size_t k) { return places_[nodes_[k]].likely; });
    for (std::size_t k = 0; k < nodes_.size(); ++k) places_[nodes_[k]].support.gap = part_.gap(k);
}

// Ranks the changed tiles, and those with a place in a touched source.
void Follower::rank(std::span<const std::uint32_t> changed) {
    const auto tiles = static_cast<std::uint32_t>(answers_.informative.size());
    std::vector<Answer>& answers = next_answers_;
    answers.clear();
    answers.reserve(hits_.size());
    next_first_.resize(tiles + 1);
    // Answers that stay are copied together with those before them.
    std::uint32_t copied = 0;
    const auto copy_up_to = [&](std::uint32_t tile) {
        answers.insert(answers.end(), answers_.answers.begin() + answers_.first[copied],
                       answers_.answers.begin() + answers_.first[tile]);
    };
    // One plain place with one start, as most tiles have, leaves nothing to be ranked.
    const auto is_single = [this](std::uint32_t tile) {
        const std::uint32_t place = first_place_[tile];
        return first_place_[tile + 1] - place == 1 && places_[place].place.transform == 0 &&
               end_of_hits(place) - places_[place].first == 1;
    };
    std::uint32_t ahead = 0;
    auto next = changed.begin();
    for (std::uint32_t tile = 0; tile < tiles; ++tile) {
        const bool is_changed = next != changed.end() && *next == tile;
        if (is_changed) ++next;
        if (is_changed || (stale_[tile] != 0 && !is_single(tile) && !keeps_answers(tile))) {
            copy_up_to(tile);
            next_first_[tile] = static_cast<std::uint32_t>(answers.size());
            rank_tile(tile, answers);
            copied = tile + 1;
            ahead = static_cast<std::uint32_t>(answers.size()) - answers_.first[copied];
        } else {
            next_first_[tile] = answers_.first[tile] + ahead;
        }
    }
    copy_up_to(tiles);
    next_first_.back() = static_cast<std::uint32_t>(answers.size());
    std::swap(answers_.first, next_first_);
    std::swap(answers_.answers, next_answers_);
    std::fill(stale_.begin(), stale_.end(), std::uint8_t{0});
    for (const std::uint32_t source : touched_sources_) touched_[source] = 0;
    touched_sources_.clear();
}

// Whether the answers of a tile that has not changed are in order, as far as that is simple to see: plain places, each
// with one start.
bool Follower::keeps_answers(std::uint32_t tile) const noexcept {
    const std::uint32_t begin = first_place_[tile];
    const std::uint32_t end = first_place_[tile + 1];
    if (begin == end) return true;
    if (places_[end - 1].place.transform != 0) return false;  // those of transforms are last
    if (end_of_hits(end - 1) - places_[begin].first != end - begin) return false;
    const Known* last = &places_[begin + places_[begin].ranked];
    Agreement agreement = agreement_of(*last);
    for (std::uint32_t place = begin + 1; place < end; ++place) {
        const Known* const next = &places_[begin + places_[place].ranked];
        const Agreement of_next = agreement_of(*next);
        if (of_next < agreement) return false;
        if (of_next == agreement) {
            const auto by_itself = compare_alone(*last, *next);
            if (!(by_itself < 0 || (by_itself == 0 && last < next))) return false;
        }
        last = next;
        agreement = of_next;
    }
    return true;
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
        places_[place].standing = standing_of(*first);
    }
    std::vector<std::uint32_t>& order = order_;
    order.clear();
    agreements_.clear();
    for (std::uint32_t place = begin; place < end; ++place) {
        order.push_back(begin + places_[place].ranked);
        agreements_.push_back(agreement_of(places_[place]));
    }
    // The index breaks ties, so the result does not depend on the order before. Mostly that is right already.
    const auto before = [&](std::uint32_t a, std::uint32_t b) {
        if (agreements_[a - begin] != agreements_[b - begin]) return agreements_[a - begin] < agreements_[b - begin];
        const auto by_itself = compare_alone(places_[a], places_[b]);
        return by_itself < 0 || (by_itself == 0 && a < b);
    };
    if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);
    for (std::uint32_t k = 0; k < order.size(); ++k) places_[begin + k].ranked = order[k] - begin;
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

// Places that contradict what is known of their block last. Else neighbours first, then what is known of each place by
// itself.
Follower::Agreement Follower::agreement_of(const Known& known) const noexcept {
    std::uint32_t patch = known.support.patch;
    std::uint32_t run = known.support.run;
    if (known.place.transform != 0) {  // the tiles of one window agree by construction
        patch /= atlas_.transforms[known.place.transform].window;
        run /= atlas_.transforms[known.place.transform].window;
    }
    constexpr std::uint64_t kMost = 0x7FFFFFFF;  // tiles: there are fewer
    const std::uint64_t misfit = known.standing >> 6 == 2 ? 1 : 0;
    return {misfit << 63 | (kMost - patch) << 32 | (kMost - run),
            std::uint64_t{known.support.width} << 32 | known.support.gap};
}

// First the transform that the block is known to have, then plain bytes before transformed ones, then the best start.
std::partial_ordering Follower::compare_alone(const Known& a, const Known& b) const noexcept {
    if (a.standing != b.standing) return a.standing <=> b.standing;
    const auto key = [this](const Hit& hit) {
        const bool raw = is_raw(hit);
        const std::size_t segment = hit.segment;
        return std::tuple(~explained_[segment], raw ? 0.0F : -atlas_.starts.evidence[segment],
                          raw ? 0U : atlas_.starts.offset[segment], hit.offset, hit.transform);
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

// What does not change of a hit's rank, most important first: two bits of fit, one of plain or not, two of where it is,
// and the kind of its start. Plausible blocks rank before plain bytes, those before plain bytes inside a block's
// stream, doubtful blocks last.
std::uint8_t Follower::standing_of(const Hit& hit) const noexcept {
    int where = 0;
    int kind = kContent;
    if (is_raw(hit)) {
        where = atlas_.starts.packed[hit.offset] != 0 ? 2 : 1;
    } else {
        where = atlas_.starts.plausible[hit.segment] != 0 ? 0 : 3;
        kind = atlas_.starts.kind[hit.segment] & 7;
    }
    return static_cast<std::uint8_t>(fit(hit) << 6 | (hit.transform != 0 ? 1 : 0) << 5 | where << 3 | kind);
}

}  // namespace halscope::locate
