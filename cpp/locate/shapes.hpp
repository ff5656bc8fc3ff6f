// Pointers of any shape: where the low, high and bank byte of an address stand, and what says that they are one. Tables
// of adjacent bytes are found by pointers.hpp, those behind a tag by tagged.hpp; here are words whose bank is
// elsewhere, bytes in tables of their own, and immediates in code. docs/explanation/references.md says how each is
// found and believed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "locate/pointers.hpp"

namespace halscope::locate {

inline constexpr std::uint32_t kNoPlace = 0xFFFFFFFF;

// The layouts of pointers, in the order of SHAPES in rom/references.py.
enum Shape : std::uint8_t { kLong, kWord, kWordAndBank, kParallel, kCode, kTagged };

// How likely a start is by itself, in the order of rom/pointers.py. Only strong ones are evidence for a shape, while a
// shape that is believed may lead to any. Sharp are the strong ones that are nearly the best of their family; fair ones
// are the best of a family that tells little.
enum Grade : std::uint8_t { kLikely, kFair, kStrong, kSharp };

// Where streams may begin.
struct LikelyStarts {
    std::span<const std::uint32_t> offsets;   // ascending
    std::span<const std::uint32_t> families;  // of each
    std::span<const std::uint8_t> grades;     // of each
};

// One pointer: the ROM offsets of its bytes (`bank` may be kNoPlace), what they hold, and where they lead.
struct ShapedReference {
    std::uint32_t low;
    std::uint32_t high;
    std::uint32_t bank;
    std::uint32_t address;
    std::uint32_t target;  // index of the start
    std::uint32_t group;   // the table, or the calls of one routine, that it is believed with
};

// Pointers that are believed together. `evidence` is in nats: their probability with this shape over that by chance.
struct ShapeGroup {
    float evidence;
    std::uint32_t stride;  // bytes from one entry of a table to the next; 0: not a table
    std::uint8_t shape;
};

struct FoundShapes {
    std::vector<ShapedReference> references;
    std::vector<ShapeGroup> groups;
};

// Finds the pointers of all shapes. Bytes that a stronger group claims belong to no other.
//
// `pages` is the ROM offset of each half bank, or -1. `longs` are the references of find_references to these starts,
// and `evidence` is that of the table or tag that each belongs to, or 0. Of weak ones, tables of words with more
// evidence may take bytes: three bytes across two entries of such a table lead to starts too.
[[nodiscard]] FoundShapes find_shapes(std::span<const std::uint8_t> rom, std::span<const std::int64_t, kPages> pages,
                                      const LikelyStarts& starts, std::span<const Reference> longs,
                                      std::span<const float> evidence, const Work& work = {});

}  // namespace halscope::locate
