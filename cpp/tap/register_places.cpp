#include "tap/register_places.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace halscope::tap {
namespace {

using Run = RegisterPlaces::Run;
using Group = RegisterPlaces::Group;
using Bytes = RegisterPlaces::Bytes;

// What plugin/halscope/formats/bsnes.py reads from states of v094, and where the same bytes stand in the core's memory
// on a 64-bit machine. VRAM is a member of the PPU's object, WRAM one of the processor's, and a state holds the members
// as they are. Found by loading states with other values and looking where these came; held by
// tests/hosts/test_tap_registers.py with each core.
constexpr Run kFastChannel[] = {{-76085, 131137, 8}, {-76077, 131146, 3}, {-76074, 131150, 3}, {-76071, 131154, 3}};
constexpr Run kFastCpu[] = {{-75902, 131345, 4}, {-75892, 131356, 4}};
constexpr Run kFastLayer[] = {{66604, 66780, 1}, {66605, 66784, 1}, {66610, 66789, 1}, {66613, 66792, 1},
                              {66618, 66797, 1}, {66621, 66800, 2}, {66625, 66804, 2}, {66629, 66808, 2},
                              {66676, 66876, 5}, {66684, 66884, 2}};
constexpr Run kFastPpu[] = {{-10249, -10251, 3}, {69032, 69376, 1}, {69036, 69380, 1}, {69041, 69385, 1},
                            {69048, 69392, 3},   {74408, 75372, 5}, {74416, 75380, 2}, {74930, 75908, 8},
                            {74939, 75917, 2},   {74953, 75932, 2}, {81101, 82080, 5}, {81109, 82088, 1},
                            {81113, 82092, 1},   {81650, 66623, 2}, {81655, 66628, 2}, {81659, 66632, 2},
                            {81661, 66636, 1},   {81665, 66640, 4}, {81680, 66660, 1}, {81684, 66664, 17},
                            {81704, 66684, 1},   {81708, 66688, 1}, {81712, 66692, 1}, {81716, 66696, 4}};
constexpr Group kPerformance[] = {
    {kFastChannel, true, 8, 21, 24}, {kFastCpu, true}, {kFastLayer, false, 4, 606, 648}, {kFastPpu, false}};

constexpr Run kExactChannel[] = {{-76086, 131105, 6}, {-76080, 131112, 1}, {-76076, 131116, 1},
                                 {-76075, 131118, 3}, {-76072, 131122, 3}, {-76069, 131126, 3}};
constexpr Run kExactCpu[] = {{-76133, 131436, 4}, {-76123, 131448, 2}, {-76119, 131452, 2}};
constexpr Run kBalancedPpu[] = {{-10249, -10251, 3},  {132161, 132142, 4},  {132166, 132147, 3}, {132171, 132152, 1},
                                {132174, 132155, 11}, {132188, 132169, 1},  {132190, 132171, 1}, {132192, 132173, 1},
                                {132194, 132175, 5},  {132200, 132181, 1},  {132202, 132183, 1}, {132204, 132185, 1},
                                {132206, 132187, 1},  {132208, 132190, 20}, {132233, 132216, 3}, {132237, 132220, 14},
                                {132252, 132235, 66}, {132321, 132304, 5},  {132328, 132312, 2}};
constexpr Group kBalanced[] = {{kExactChannel, true, 8, 24, 28}, {kExactCpu, true}, {kBalancedPpu, false}};

constexpr Run kExactLayer[] = {
    {66684, 66721, 1}, {66686, 66723, 2}, {66691, 66728, 1}, {66695, 66732, 1}, {66708, 66748, 6}};
constexpr Run kExactPpu[] = {{-10249, -10251, 3}, {66621, 66644, 1}, {66622, 66648, 1},  {66626, 66652, 2},
                             {66634, 66660, 3},   {66637, 66664, 4}, {66649, 66680, 1},  {66653, 66684, 14},
                             {66667, 66700, 2},   {66671, 66704, 4}, {69364, 69664, 3},  {69367, 69668, 1},
                             {69371, 69672, 1},   {69376, 69677, 1}, {69406, 69724, 29}, {69438, 69756, 1},
                             {69442, 69760, 1},   {69446, 69764, 1}, {69450, 69768, 1},  {69454, 69772, 1},
                             {69458, 69776, 10},  {69468, 69788, 1}, {69472, 69792, 1},  {69484, 69828, 10},
                             {69494, 69840, 1},   {69498, 69844, 1}, {69502, 69848, 1}};
constexpr Group kAccuracy[] = {
    {kExactChannel, true, 8, 24, 28}, {kExactCpu, true}, {kExactLayer, false, 4, 112, 128}, {kExactPpu, false}};

constexpr unsigned kTellingCpu = 4, kTellingPpu = 12;  // bytes that are not zero: equal blanks prove nothing

// Calls `each` with every run of bytes, until it returns false; returns whether it never did.
template <typename Each>
bool for_each_run(std::span<const Group> groups, Each each) {
    for (const Group& group : groups)
        for (unsigned n = 0; n < group.count; ++n)
            for (const Run& run : group.runs) {
                const auto times = static_cast<std::int32_t>(n);
                const Run placed{run.state + times * group.state_stride, run.memory + times * group.memory_stride,
                                 run.bytes};
                if (!each(placed, group.near_wram)) return false;
            }
    return true;
}

}  // namespace

RegisterPlaces::RegisterPlaces(const std::string& core, const std::string& version, std::vector<Bytes> globals)
    : globals_(std::move(globals)) {
    if (core != "bsnes-mercury" || version.find("v094") != 0 || sizeof(void*) != 8) return;
    if (version.find("(Performance)") != std::string::npos) groups_ = kPerformance;
    if (version.find("(Balanced)") != std::string::npos) groups_ = kBalanced;
    if (version.find("(Accuracy)") != std::string::npos) groups_ = kAccuracy;
}

bool RegisterPlaces::in_globals(const std::uint8_t* first, const std::uint8_t* end) const noexcept {
    return std::ranges::any_of(globals_, [first, end](Bytes part) {
        return std::less_equal<>()(part.data(), first) && std::less_equal<>()(end, part.data() + part.size());
    });
}

// Whether all places are in the state and in the core's variables.
bool RegisterPlaces::reachable(std::size_t state_bytes, Bytes vram, Bytes wram) const noexcept {
    if (groups_.empty() || vram.empty() || wram.empty()) return false;
    return for_each_run(groups_, [&](const Run& run, bool near_wram) {
        const std::int64_t at = static_cast<std::int64_t>(vram_at_) + run.state;
        const std::uint8_t* const place = (near_wram ? wram : vram).data() + run.memory;
        return at >= 0 && static_cast<std::uint64_t>(at) + run.bytes <= state_bytes &&
               in_globals(place, place + run.bytes);
    });
}

void RegisterPlaces::prove(Bytes state, std::size_t vram_at, Bytes vram, Bytes wram) noexcept {
    if (groups_.empty()) return;
    vram_at_ = vram_at;
    unsigned cpu = 0, ppu = 0;
    const bool equal =
        reachable(state.size(), vram, wram) && for_each_run(groups_, [&](const Run& run, bool near_wram) {
            const Bytes told(state.data() + static_cast<std::ptrdiff_t>(vram_at) + run.state, run.bytes);
            const Bytes here((near_wram ? wram : vram).data() + run.memory, run.bytes);
            (near_wram ? cpu : ppu) += static_cast<unsigned>(run.bytes - std::ranges::count(told, std::uint8_t{0}));
            return std::ranges::equal(told, here);
        });
    if (!equal) {
        groups_ = {};
        agreed_ = 0;
    } else if (!proven() && cpu >= kTellingCpu && ppu >= kTellingPpu) {
        ++agreed_;
    }
}

bool RegisterPlaces::refresh(std::span<std::uint8_t> state, Bytes vram, Bytes wram) const noexcept {
    if (!proven() || !reachable(state.size(), vram, wram)) return false;
    return for_each_run(groups_, [&](const Run& run, bool near_wram) {
        std::memcpy(state.data() + static_cast<std::ptrdiff_t>(vram_at_) + run.state,
                    (near_wram ? wram : vram).data() + run.memory, run.bytes);
        return true;
    });
}

}  // namespace halscope::tap
