// The suffix array of a short byte string in linear time, and the insertion rank of other strings in it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cancel.hpp"

namespace halscope::hal {

// The most that one stream can hold, so that a position fits 16 bits.
inline constexpr std::size_t kMaxText = 0x10000;

// The starts of all suffixes of `text` (at most kMaxText bytes), in lexicographic order; a prefix sorts before the
// longer suffix. Throws Cancelled once `cancel` is raised, as does insertion_ranks.
[[nodiscard]] std::vector<std::uint16_t> suffix_array(std::span<const std::uint8_t> text, const CancelToken* cancel);

// For each suffix of `pattern`, how many suffixes of `text` are less than it; `order` is the suffix array of `text`.
[[nodiscard]] std::vector<std::uint32_t> insertion_ranks(std::span<const std::uint8_t> text,
                                                         std::span<const std::uint16_t> order,
                                                         std::span<const std::uint8_t> pattern,
                                                         const CancelToken* cancel);

}  // namespace halscope::hal
