// Pointers in the ROM: three little-endian bytes that hold the SNES address of a stream's start. In a 4 MiB ROM chance
// hits any given start about once in four, and a block has dozens of twins, so one pointer proves nothing. A table
// does: several pointers at one stride to starts of different families.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"

namespace halscope::locate {

struct Reference {
    std::uint32_t position;  // ROM offset of the pointer
    std::uint32_t target;    // index of the start that it points at
};

inline constexpr std::size_t kPages = 512;  // half banks of 32 KiB in the 24-bit address space

// Every position whose three bytes point, through `pages` (the ROM offset of each half bank, or -1), at one of
// `targets` (ROM offsets, ascending).
[[nodiscard]] std::vector<Reference> find_references(std::span<const std::uint8_t> rom,
                                                     std::span<const std::int64_t, kPages> pages,
                                                     std::span<const std::uint32_t> targets, const Work& work = {});

// The table that a reference belongs to.
struct TableEntry {
    float evidence;        // of the table, in nats; 0: no table
    std::uint32_t table;   // its number, strongest first
    std::uint32_t stride;  // bytes between consecutive entries; 0: pointers behind one tag
};

// Pointers that belong together although they are at no stride.
struct PointerGroup {
    float evidence;                      // in nats, as that of a table
    std::vector<std::uint32_t> members;  // indices of references, ascending
};

// For each reference (ascending by position) its table, or zeros. Tables do not overlap: the strongest keeps its bytes.
// So do `groups`, strongest first.
//
// `families[target]` is the family of a start. A table scores only for each new family, because an arithmetic pattern
// that happens to walk through twins is not a table. `hit` and `miss` are the scores of an entry that points at a start
// and of one that does not; tables are reported from `threshold` on.
[[nodiscard]] std::vector<TableEntry> find_tables(std::span<const Reference> references,
                                                  std::span<const std::uint32_t> families,
                                                  std::span<const std::uint32_t> strides, float hit, float miss,
                                                  float threshold, std::span<const PointerGroup> groups = {},
                                                  const Work& work = {});

}  // namespace halscope::locate
