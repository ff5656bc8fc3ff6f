// Numbering the distinct values of an array.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::locate {

// The rank of each value among the distinct ones, in ascending order from 0. Takes a bit and half a bit of memory for
// each number up to the largest value.
[[nodiscard]] std::vector<std::uint32_t> numbered(std::span<const std::uint32_t> values);

}  // namespace halscope::locate
