// How much of a stream's packed bytes occurs elsewhere in the ROM. Packed bytes hardly repeat; code, tables and text
// do.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"

namespace halscope::locate {

struct Recurrence {
    std::uint32_t grams;      // of four bytes, not all equal, in the stream
    std::uint32_t recurring;  // of these, that occur outside of it too
};

struct Stretch {
    std::uint32_t offset;
    std::uint32_t size;
};

// The recurrence of stretches of a ROM, at most kMostCounted bytes of each. Stretches past the ROM's end are cut.
inline constexpr std::uint32_t kMostCounted = 256;
[[nodiscard]] std::vector<Recurrence> recurrence(std::span<const std::uint8_t> rom, std::span<const Stretch> stretches,
                                                 const Work& work = {});

}  // namespace halscope::locate
