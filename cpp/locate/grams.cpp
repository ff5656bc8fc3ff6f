// Finding 4-grams; see grams.hpp.
#include "locate/grams.hpp"

#include <algorithm>
#include <cstddef>

#include "locate/offset_set.hpp"

namespace halscope::locate {
namespace {

constexpr std::size_t kGram = sizeof(std::uint32_t);
constexpr unsigned kHashBits = 16;  // 8 KiB of flags stay in the first cache

std::size_t hash_of(std::uint32_t gram) noexcept {
    return (gram * 2654435761U) >> (32 - kHashBits);
}

}  // namespace

std::vector<std::uint32_t> find_grams(std::span<const std::uint8_t> memory, std::span<const std::uint32_t> grams) {
    std::vector<std::uint32_t> found;
    std::vector<std::uint32_t> sorted(grams.begin(), grams.end());
    std::sort(sorted.begin(), sorted.end());
    OffsetSet hashes(std::size_t{1} << kHashBits);
    for (const std::uint32_t gram : sorted) hashes.insert(hash_of(gram));
    for (std::size_t at = 0; at + kGram <= memory.size(); ++at) {
        const std::uint8_t* const bytes = memory.data() + at;
        const std::uint32_t gram =
            bytes[0] | std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[2]} << 16 | std::uint32_t{bytes[3]} << 24;
        if (!hashes.contains(hash_of(gram))) continue;
        if (std::binary_search(sorted.begin(), sorted.end(), gram)) found.push_back(static_cast<std::uint32_t>(at));
    }
    return found;
}

}  // namespace halscope::locate
