// Pointers in the ROM: three little-endian bytes that are the SNES address of a stream's start.
//
// In a 4 MiB ROM any start is hit about once in four by accident, and a block has dozens of twins, so one pointer alone
// proves nothing. A table does: several pointers at one stride that lead to starts of different families.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"

namespace halscope::locate {

struct Reference {
    std::uint32_t position;  // where the pointer stands in the ROM
    std::uint32_t target;    // number of the start it leads to
};

inline constexpr std::size_t kPages = 512;  // half banks of 32 KiB in the 24-bit address space

// Every position whose three bytes lead, by `pages` (the ROM offset that each half bank shows, or -1), to one of
// `targets` (ROM offsets, ascending).
[[nodiscard]] std::vector<Reference> find_references(std::span<const std::uint8_t> rom,
                                                     std::span<const std::int64_t, kPages> pages,
                                                     std::span<const std::uint32_t> targets, const Work& work = {});

// The table that a reference is an entry of.
struct TableEntry {
    float evidence;        // of the table, in nats; 0: no table
    std::uint32_t table;   // its number, from the strongest on
    std::uint32_t stride;  // bytes from one of its entries to the next
};

// For each reference (ascending by position) its table, or zeros. Tables do not overlap: the strongest keeps its bytes.
//
// `families[target]` is the family of a start: a table earns from each new family only, since twins that an arithmetic
// pattern happens to walk through are no table. `miss` and `hit` are what an entry that leads nowhere, or to a start,
// adds; a table is reported from `threshold` on.
[[nodiscard]] std::vector<TableEntry> find_tables(std::span<const Reference> references,
                                                  std::span<const std::uint32_t> families,
                                                  std::span<const std::uint32_t> strides, float hit, float miss,
                                                  float threshold, const Work& work = {});

}  // namespace halscope::locate
