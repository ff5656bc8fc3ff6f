// Where any of some 4-grams stand in a memory.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::locate {

// The offsets, ascending, at which four bytes, read as a little-endian number, are one of `grams`, in any order.
[[nodiscard]] std::vector<std::uint32_t> find_grams(std::span<const std::uint8_t> memory,
                                                    std::span<const std::uint32_t> grams);

}  // namespace halscope::locate
