// The suffix array of a byte string in linear time.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::hal {

// The starts of all suffixes of `text`, in lexicographic order; a suffix that is another's prefix comes first.
// `text` is shorter than 2 GiB.
[[nodiscard]] std::vector<std::int32_t> suffix_array(std::span<const std::uint8_t> text);

}  // namespace halscope::hal
