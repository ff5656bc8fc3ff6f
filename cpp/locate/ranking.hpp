// Turns the places of tiles into answers, best first, and keeps them current while tiles change. A *place* is a family
// and a distance from its end (twins that hold the tile there are one place with several starts), or a ROM offset for
// uncompressed bytes, under one transform. Places are ranked by what neighbouring tiles agree on, the starts within
// each by how they are known.
#pragma once
#include <compare>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "locate/index.hpp"
#include "locate/support.hpp"
#include "locate/transform.hpp"

namespace halscope::locate {

// How a stream's start is known, in the order of the contract: lower is stronger.
enum StartKind : std::uint8_t { kTraced, kPointer, kAdjacent, kContent };

// What is known of the starts, one entry per output of the text.
struct Starts {
    std::span<const std::uint32_t> family;  // below the number of starts
    std::span<const std::uint32_t> size;    // of the output, in bytes
    std::span<const std::uint32_t> offset;  // in the ROM
    std::span<const float> evidence;
    std::span<const std::uint8_t> kind;
    std::span<const std::uint8_t> plausible;  // whether a block most likely ends where this one does
    std::span<const std::uint8_t> packed;     // for each byte of the ROM, whether it lies in a plausible stream
    std::span<const std::uint8_t> expected;   // the transform of its tiles, a row of the table, or kNotKnown
};

// In Starts::expected: nothing is known of the block's tiles.
inline constexpr std::uint8_t kNotKnown = 0xFF;

// A read-only view of the whole index, as queries use it.
struct Atlas {
    Text text;
    std::span<const std::uint32_t> buckets;
    std::span<const std::uint32_t> positions;
    Starts starts;
    std::span<const Transform> transforms;  // the first is the identity
    std::size_t most_places;                // places considered per tile
    std::size_t most_twins;                 // starts listed per place; all places are listed
};

// Whether the arrays of an atlas have matching lengths and comparable evidence.
[[nodiscard]] bool valid(const Atlas& atlas) noexcept;

struct Answer {
    std::uint32_t segment;  // as in Match
    std::uint32_t offset;
    std::uint32_t transform;
};

struct Answers {
    std::vector<std::uint32_t> first;  // answers of tile t: first[t] to first[t + 1]
    std::vector<Answer> answers;       // best first
    std::vector<std::uint8_t> informative;
};

// The answers for tiles in VRAM order, 16 to a row of the sprite page, ranked with their neighbours.
//
// An update recomputes only what the change affects: the support of the sources in changed tiles (or right beside
// changed silent tiles, which runs extend over), then that of sources of tiles whose likeliest place has changed. Tiles
// with a place in any of these are ranked again, from the order that they had. The answers equal those of a full
// ranking.
//
// A transform whose stored tiles are too short to be looked up one by one is looked up in windows of consecutive tiles;
// a tile then depends on those of all windows that contain it. Only windows with an unknown tile in or beside them are
// looked up, in most games every tile stands in the ROM as it is, and those of transforms that a block is known to
// have.
class Follower {
  public:
    // The atlas is only a view and must outlive this. Without `neighbours` each tile is ranked by itself.
    explicit Follower(const Atlas& atlas, bool neighbours = true);

    // Updates to `tiles` (32 bytes each, the same number every time, in VRAM order). Of the tiles in `asked`
    // (ascending, in range), those that differ from the last update are looked up; the first update takes all tiles.
    // Returns false if none differed. Not thread-safe.
    bool update(std::span<const std::uint8_t> tiles, std::span<const std::uint32_t> asked);

    [[nodiscard]] const Answers& answers() const noexcept { return answers_; }

  private:
    struct Hit {
        std::uint32_t tile;
        std::uint32_t segment;
        std::uint32_t offset;
        std::uint32_t source;
        std::int32_t at;
        std::uint32_t transform;
        bool poor;  // so uniform that only its neighbours make it credible
    };
    // A place and what is known of it; its hits begin at hits_[first].
    struct Known {
        Place place;
        std::uint32_t first;
        Support support;
        bool likely;
        std::uint8_t standing;  // of its first hit, see standing_of
        std::uint32_t ranked;   // the place that had this rank among the tile's, counted from its first
    };
    // What is compared first of two places of a tile, as two numbers; lower is better.
    struct Agreement {
        std::uint64_t tiles;
        std::uint64_t distances;
        auto operator<=>(const Agreement&) const = default;
    };
    void forget(std::size_t tiles);
    std::vector<std::uint32_t> take(std::span<const std::uint8_t> tiles, std::span<const std::uint32_t> asked,
                                    bool first);
    [[nodiscard]] std::vector<Hit> find_plain(std::span<const std::uint32_t> changed) const;
    [[nodiscard]] std::vector<std::uint32_t> update_forms(std::span<const std::uint32_t> changed);
    [[nodiscard]] std::vector<Hit> find_transformed(std::span<const std::uint32_t> beside);
    void find_windows(std::uint32_t row, std::span<const std::uint32_t> beside, std::vector<Hit>& found);
    [[nodiscard]] bool has_transformed(std::uint32_t tile) const noexcept;
    [[nodiscard]] std::uint32_t source_of(std::uint32_t transform, std::uint32_t family);
    [[nodiscard]] Hit hit_of(std::uint32_t tile, std::uint32_t segment, std::uint32_t offset) const noexcept;
    void merge(std::span<const Hit> found, std::span<const std::uint32_t> changed,
               std::span<const std::uint32_t> affected);
    void count_explained(std::uint32_t tile, std::uint32_t step);
    void touch(std::uint32_t source);
    void touch_places_of(std::uint32_t tile);
    void touch_families_of(std::uint32_t tile);
    void count_places(std::uint32_t tile, std::uint32_t step);
    void touch_beside_silent(std::span<const std::uint32_t> changed, std::span<const std::uint8_t> silent);
    void gather(std::span<const std::uint32_t> sources);
    void measure();
    void measure_gaps();
    void rank(std::span<const std::uint32_t> changed);
    [[nodiscard]] bool keeps_answers(std::uint32_t tile) const noexcept;
    void rank_tile(std::uint32_t tile, std::vector<Answer>& answers);
    [[nodiscard]] std::uint32_t end_of_hits(std::uint32_t place) const noexcept;
    [[nodiscard]] bool better_start(const Hit& a, const Hit& b) const noexcept;
    [[nodiscard]] Agreement agreement_of(const Known& known) const noexcept;
    [[nodiscard]] std::partial_ordering compare_alone(const Known& a, const Known& b) const noexcept;
    [[nodiscard]] bool credible(const Known& known) const noexcept;
    [[nodiscard]] std::uint8_t standing_of(const Hit& hit) const noexcept;
    // Whether a hit's transform is the one that its block is known to have (0), nothing is known (1), or it is another
    // one (2).
    [[nodiscard]] int fit(const Hit& hit) const noexcept;
    [[nodiscard]] bool is_raw(const Hit& hit) const noexcept { return hit.segment == atlas_.starts.family.size(); }

    Atlas atlas_;
    bool neighbours_;
    bool known_ = false;       // false before the first update, and after one that threw
    std::uint32_t families_;   // sources of plain bytes: the families, then the ROM
    std::uint32_t sources_;    // with those of transforms, numbered as they occur
    std::uint64_t named_ = 0;  // a bit for each transform that a block is known to have
    std::unordered_map<std::uint64_t, std::uint32_t> transformed_;  // transform and family to source
    std::vector<std::uint8_t> bytes_;
    std::vector<std::uint64_t> forms_;        // for each tile, a bit for each transform that can have made it
    std::vector<std::uint8_t> unknown_;       // for each tile, whether it is informative and in no place as it is
    std::vector<Hit> hits_;                   // by tile, source, at; within a place the best start first
    std::vector<Known> places_;               // likewise
    std::vector<std::uint32_t> first_place_;  // of tile t: first_place_[t] to first_place_[t + 1]
    std::vector<std::uint32_t> explained_;    // how many different tiles each segment holds
    std::vector<std::uint8_t> touched_;       // by source, whether any of its places has changed
    std::vector<std::uint32_t> touched_sources_;
    std::vector<std::uint32_t> places_of_source_;  // how many there are
    std::vector<std::uint32_t> next_of_family_;    // by source, another one of its family: they form a ring
    std::vector<std::uint8_t> stale_;              // by tile, whether it is to be ranked again
    // The places of some sources that are measured at a time, and their indices in places_.
    Neighbours part_;
    std::vector<std::uint32_t> nodes_;
    Answers answers_;
    // Working memory, kept because an allocation a tile would take a tenth of an update.
    std::vector<Hit> next_hits_;
    std::vector<Known> next_places_;
    std::vector<std::uint32_t> next_first_;
    std::vector<Answer> next_answers_;
    std::vector<std::uint32_t> next_of_source_;
    std::vector<std::uint32_t> counts_;
    std::vector<std::uint32_t> order_;
    std::vector<Agreement> agreements_;
    std::vector<std::uint32_t> segments_;
};

}  // namespace halscope::locate
