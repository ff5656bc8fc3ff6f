// Numbering distinct values; see numbering.hpp.
#include "locate/numbering.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "locate/offset_set.hpp"

namespace halscope::locate {

std::vector<std::uint32_t> numbered(std::span<const std::uint32_t> values) {
    std::vector<std::uint32_t> numbers(values.size());
    if (values.empty()) return numbers;
    OffsetSet there(std::size_t{*std::max_element(values.begin(), values.end())} + 1);
    for (const std::uint32_t value : values) there.insert(value);
    std::vector<std::uint32_t> before(there.words());  // distinct values below each word
    std::uint32_t count = 0;
    for (std::size_t word = 0; word < before.size(); ++word) {
        before[word] = count;
        count += static_cast<std::uint32_t>(std::popcount(there.word(word)));
    }
    for (std::size_t k = 0; k < values.size(); ++k) {
        const std::size_t word = values[k] / 64;
        const std::uint64_t lower = (std::uint64_t{1} << (values[k] % 64)) - 1;
        numbers[k] = before[word] + static_cast<std::uint32_t>(std::popcount(there.word(word) & lower));
    }
    return numbers;
}

}  // namespace halscope::locate
