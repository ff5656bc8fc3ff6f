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

// The difference between two states of one size, a multiple of `page`: a bit a page, the first one in the highest bit
// of the first byte, then each page whose bit is set, XORed with what it was. Empty where nothing differs.
std::vector<std::uint8_t> page_difference(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                                          std::size_t page);

// Whether a difference is one for a state of this size.
bool fits(std::span<const std::uint8_t> difference, std::size_t state_size, std::size_t page);

// Makes the state what it became; the difference must fit. Returns the numbers of the pages that changed, ascending.
std::vector<std::int64_t> apply_difference(std::span<std::uint8_t> state, std::span<const std::uint8_t> difference,
                                           std::size_t page);

}  // namespace halscope::snes
