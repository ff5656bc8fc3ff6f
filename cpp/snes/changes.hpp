// What differs between two states of a memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::snes {

// The numbers, ascending, of the pieces of `unit` bytes that differ. Both have the same size, a multiple of `unit`.
std::vector<std::int64_t> changed_pieces(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                                         std::size_t unit);

}  // namespace halscope::snes
