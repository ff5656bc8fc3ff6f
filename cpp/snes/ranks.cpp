// The order of layers and sprites in each BG mode.
#include "snes/ranks.hpp"

#include <string_view>

namespace halscope::snes {
namespace {

// Front to back. S0 to S3 are sprites of that priority; 1H is BG1's tiles with their priority bit set.
constexpr std::array<std::string_view, 8> kOrder{
    "S3 1H 2H S2 1L 2L S1 3H 4H S0 3L 4L",  //
    "S3 1H 2H S2 1L 2L S1 3H S0 3L",        //
    "S3 1H S2 2H S1 1L S0 2L",              //
    "S3 1H S2 2H S1 1L S0 2L",              //
    "S3 1H S2 2H S1 1L S0 2L",              //
    "S3 1H S2 2H S1 1L S0 2L",              //
    "S3 1H S2 S1 1L S0",                    //
    "S3 S2 2H S1 1L 1H S0 2L",
};
constexpr std::string_view kBg3InFront = "3H S3 1H 2H S2 1L 2L S1 S0 3L";

constexpr Ranks parse(std::string_view order) {
    Ranks ranks;
    auto rank = static_cast<std::uint8_t>((order.size() + 1) / 3);
    for (std::size_t at = 0; at < order.size(); at += 3, --rank) {
        const char owner = order[at];
        const char level = order[at + 1];
        if (owner == 'S') {
            ranks.objects[static_cast<std::size_t>(level - '0')] = rank;
        } else {
            ranks.layers[static_cast<std::size_t>(owner - '1')][level == 'H' ? 1 : 0] = rank;
        }
    }
    return ranks;
}

constexpr auto kRanks = [] {
    std::array<Ranks, 8> ranks;
    for (std::size_t mode = 0; mode < ranks.size(); ++mode) ranks[mode] = parse(kOrder[mode]);
    return ranks;
}();
constexpr Ranks kRanksBg3InFront = parse(kBg3InFront);

}  // namespace

Ranks ranks_of(unsigned bgmode) {
    return (bgmode & 15u) == 9 ? kRanksBg3InFront : kRanks[bgmode & 7u];
}

}  // namespace halscope::snes
