// From the places where tiles stand to answers, best first, and following them while tiles change.
//
// A *place* is a family and a distance from its end (twins of one family that hold the tile there are one place,
// several starts), or an offset in the ROM for uncompressed bytes. Places are ranked by what the tiles around agree on,
// the starts within each by how they are known.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "locate/index.hpp"
#include "locate/support.hpp"

namespace halscope::locate {

// How the start of a stream is known, in the order of the contract: lower is stronger.
enum StartKind : std::uint8_t { kTraced, kPointer, kAdjacent, kContent };

// What is known of the starts, one entry for each output of the text.
struct Starts {
    std::span<const std::uint32_t> family;  // below the number of starts
    std::span<const std::uint32_t> size;    // of the output
    std::span<const std::uint32_t> offset;  // in the ROM
    std::span<const float> evidence;
    std::span<const std::uint8_t> kind;
    std::span<const std::uint8_t> plausible;  // whether a block most likely ends where it does
    std::span<const std::uint8_t> packed;     // for each byte of the ROM, whether it lies in a plausible stream
};

// The whole index as it is asked. Immutable, and only a view.
struct Atlas {
    Text text;
    std::span<const std::uint32_t> buckets;
    std::span<const std::uint32_t> positions;
    Starts starts;
    std::size_t most_places;  // of one tile that are looked at
    std::size_t most_twins;   // starts listed of one place; all places are listed
};

// Whether the arrays of an atlas have lengths that belong together, and evidence that can be compared.
[[nodiscard]] bool valid(const Atlas& atlas) noexcept;

struct Answer {
    std::uint32_t segment;  // as in Match
    std::uint32_t offset;
};

struct Answers {
    std::vector<std::uint32_t> first;  // answers of tile t: first[t] to first[t + 1]
    std::vector<Answer> answers;       // best first
    std::vector<std::uint8_t> informative;
};

// The answers for tiles that lie side by side in VRAM, 16 to a row of the sprite page, ranked with their neighbours.
//
// After a change, only what depends on it is worked out again: the sources that stand in changed tiles (or just beside
// silent ones, whose bytes runs go over) are measured, then those of tiles whose likeliest place has become another
// one, and the tiles that hold places of any of them are ranked. The answers are those of a whole ranking.
class Follower {
  public:
    // The atlas, which is only a view, must outlive this. Without neighbours each tile is ranked by itself.
    explicit Follower(const Atlas& atlas, bool neighbours = true);

    // Takes tiles (32 bytes each, as many as ever). Of those that `asked` names (ascending, below their number), the
    // ones that differ from the last update are looked up; the first update looks at all. False: none differed. Not for
    // two threads at once.
    bool update(std::span<const std::uint8_t> tiles, std::span<const std::uint32_t> asked);

    [[nodiscard]] const Answers& answers() const noexcept { return answers_; }

  private:
    struct Hit {
        std::uint32_t tile;
        std::uint32_t segment;
        std::uint32_t offset;
        std::uint32_t source;
        std::int32_t at;
    };
    // A place and what is known of it; its hits begin at hits_[first].
    struct Known {
        Place place;
        std::uint32_t first;
        Support support;
        bool likely;
    };
    // The places of some sources, to be measured, and where they stand in places_.
    struct Part {
        Neighbours neighbours;
        std::vector<std::uint32_t> nodes;
    };

    void forget(std::size_t tiles);
    std::vector<std::uint32_t> take(std::span<const std::uint8_t> tiles, std::span<const std::uint32_t> asked,
                                    bool first);
    [[nodiscard]] std::vector<Hit> find(std::span<const std::uint32_t> changed) const;
    void merge(std::span<const Hit> found, std::span<const std::uint32_t> changed);
    void count_explained(std::uint32_t tile, std::uint32_t step);
    void touch_places_of(std::uint32_t tile);
    void touch_beside_silent(std::span<const std::uint8_t> silent_then_or_now);
    [[nodiscard]] Part part_of(std::span<const std::uint8_t> sources) const;
    void measure();
    void measure_gaps(Part& part);
    void rank(std::span<const std::uint32_t> changed);
    void rank_tile(std::uint32_t tile, std::vector<Answer>& answers);
    [[nodiscard]] std::uint32_t end_of_hits(std::uint32_t place) const noexcept;
    [[nodiscard]] bool better_start(const Hit& a, const Hit& b) const noexcept;
    [[nodiscard]] bool better_place(const Known& a, const Known& b) const noexcept;
    [[nodiscard]] int standing(const Hit& hit) const noexcept;
    [[nodiscard]] bool is_raw(const Hit& hit) const noexcept { return hit.segment == atlas_.starts.family.size(); }

    Atlas atlas_;
    bool neighbours_;
    bool known_ = false;  // false before the first update, and after one that failed
    std::uint32_t sources_;
    std::vector<std::uint8_t> bytes_;
    std::vector<Hit> hits_;                   // by tile, source, at; within a place the best start first
    std::vector<Known> places_;               // likewise
    std::vector<std::uint32_t> first_place_;  // of tile t: first_place_[t] to first_place_[t + 1]
    std::vector<std::uint32_t> explained_;    // how many different tiles each segment holds
    std::vector<std::uint8_t> touched_;       // by source, whether anything of it has changed
    Answers answers_;
};

}  // namespace halscope::locate
