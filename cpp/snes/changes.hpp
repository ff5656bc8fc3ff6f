// Differences between two states of a memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::snes {

// The numbers, ascending, of the pieces of `unit` bytes that differ. Both states have the same size, a multiple of
// `unit`.
std::vector<std::int64_t> changed_pieces(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                                         std::size_t unit);

// The difference between two states of the same size, a multiple of `page`: one bit per page, the first in the highest
// bit of the first byte, then every page whose bit is set, XORed with its previous contents. Empty if nothing differs.
std::vector<std::uint8_t> page_difference(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                                          std::size_t page);

// Whether `difference` is well-formed for a state of this size.
bool fits(std::span<const std::uint8_t> difference, std::size_t state_size, std::size_t page);

// Applies a difference, which must fit, to the state. Returns the numbers of the pages that changed, ascending.
std::vector<std::int64_t> apply_difference(std::span<std::uint8_t> state, std::span<const std::uint8_t> difference,
                                           std::size_t page);

}  // namespace halscope::snes
