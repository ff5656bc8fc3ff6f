// Compares the index with a plain search: every informative window of any text is found where it is, and a damaged
// index or dangling positions do no harm.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <set>
#include <tuple>
#include <vector>

#include "locate/fingerprint.hpp"
#include "locate/index.hpp"
#include "locate/support.hpp"

namespace {

using namespace halscope::locate;

constexpr std::size_t kLongest = 2048;
constexpr std::size_t kLimit = 100000;

using Places = std::set<std::tuple<std::uint32_t, std::uint32_t>>;

Places plain_search(const Text& text, const std::uint8_t* tile) {
    Places places;
    for (std::uint32_t number = 0; number < text.bounds.size(); ++number) {
        const auto segment = segment_of(text, number);
        for (std::uint32_t at = 0; at + kTileBytes <= segment.size(); ++at) {
            if (std::memcmp(segment.data() + at, tile, kTileBytes) == 0) places.insert({number, at});
        }
    }
    return places;
}

std::vector<std::uint32_t> words_of(std::span<const std::uint8_t> bytes) {
    std::vector<std::uint32_t> words(bytes.size() / 4);
    if (!words.empty()) std::memcpy(words.data(), bytes.data(), words.size() * 4);
    return words;
}

}  // namespace

// Two bytes say where the text is cut into two outputs and the ROM; the text itself gives the tiles to look up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > kLongest) return 0;
    const std::span<const std::uint8_t> all(data + 2, size - 2);
    const std::size_t outputs = all.size() * data[0] / 256;
    const std::vector<std::uint32_t> bounds{0, static_cast<std::uint32_t>(outputs * data[1] / 256),
                                            static_cast<std::uint32_t>(outputs)};
    const Text text{all.first(outputs), bounds, all.subspan(outputs)};
    if (!valid(text)) std::abort();
    const IndexArrays index = build_index(text);
    const std::vector<Match> matches = lookup(text, index.buckets, index.positions, all, kLimit);

    std::vector<Places> found(all.size() / kTileBytes);
    std::vector<Place> places;
    for (const Match& match : matches) {
        found[match.tile].insert({match.segment, match.offset});
        places.push_back(
            {match.tile, match.segment, static_cast<std::int32_t>(match.offset), match.segment, match.offset, 0});
    }
    for (std::size_t tile = 0; tile < found.size(); ++tile) {
        const std::uint8_t* const bytes = all.data() + tile * kTileBytes;
        if (found[tile] != (informative(bytes) ? plain_search(text, bytes) : Places{})) std::abort();
    }

    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
        return std::tuple(a.tile, a.source, a.at) < std::tuple(b.tile, b.source, b.at);
    });
    for (const Support& one : neighbour_support(text, std::span(&identity(), 1), places, all)) {
        if (one.patch == 0 || one.run == 0 || one.patch > found.size()) std::abort();
    }

    std::vector<std::uint32_t> buckets = words_of(all);
    if (buckets.size() > 3) buckets.resize(std::size_t{1} << 1 | 1);
    for (const Match& match : lookup(text, buckets, words_of(all), all, kLimit)) {
        if (!plain_search(text, all.data() + match.tile * kTileBytes).contains({match.segment, match.offset}))
            std::abort();
    }
    return 0;
}
