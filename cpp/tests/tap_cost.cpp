// Measures what the tap adds to a frame, in pairs: the bare core and the tap around the same core run the same game in
// turns. HALSCOPE_TAP_INNER names the core to the tap. Prints the medians in microseconds of the process's own time,
// which other processes do not count in: bare, tap, difference. With `touches` this program is itself the reader, wants
// the game's reads of the ROM in every second hundred of frames, and prints the mean added time without and with
// them. START is pressed in the middle of every hundred, so that both kinds of frames load scenes.
//   bench_tap_cost CORE TAP ROM FOLDER FRAMES FPS [touches]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tests/small_frontend.hpp"
#include "tests/tap_fixture.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using halscope::tests::SmallFrontend;
using namespace halscope::tap;

double run(const SmallFrontend& frontend) {
    const std::clock_t began = std::clock();
    frontend.run();
    return static_cast<double>(std::clock() - began) * (1e6 / CLOCKS_PER_SEC);
}

double median(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Prints what a frame costs with and without the game's reads.
int compare_touches(const SmallFrontend& bare, const SmallFrontend& tap, int frames) {
    constexpr int kBlock = 100, kPressed = 6;
    constexpr std::uint64_t kWants = kWantState | kWantWram | kWantPicture;
    const auto folder = std::filesystem::path(std::getenv(kFolderVariable));
    auto claimed = halscope::tests::claim(folder);
    if (!claimed.ring) return 1;
    std::array<std::vector<double>, 2> added;
    std::vector<double> bare_times;
    std::size_t touches = 0;
    for (int n = 0; n < frames; ++n) {
        const bool traced = n / kBlock % 2 == 1, tap_first = n % 2 == 1;
        SmallFrontend::held() = n % kBlock >= kBlock / 2 && n % kBlock < kBlock / 2 + kPressed ? 1 << 3 : 0;
        claimed.ring->beat(halscope::tests::kReaderId, kWants | (traced ? kWantTouches : 0));
        const double first = run(tap_first ? tap : bare), second = run(tap_first ? bare : tap);
        bare_times.push_back(tap_first ? second : first);
        added[traced ? 1 : 0].push_back((tap_first ? first : second) - bare_times.back());
        const auto frame = claimed.ring->read(claimed.ring->published());
        if (!frame) return 1;
        if (const auto& part = frame->parts[static_cast<std::size_t>(Part::touches)]; part)
            touches += part->bytes.size() / sizeof(std::uint32_t);
    }
    claimed.ring->release(halscope::tests::kReaderId);
    std::printf(
        "{\"bare\": %.1f, \"plain\": %.1f, \"traced\": %.1f, \"plain_median\": %.1f, "
        "\"traced_median\": %.1f, \"touches\": %.2f}\n",
        mean(bare_times), mean(added[0]), mean(added[1]), median(added[0]), median(added[1]),
        static_cast<double>(touches) / static_cast<double>(added[1].size()));
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 7 && count != 8) return 2;
    const auto rom = halscope::tests::read_file(arguments[3]);
    const auto bare = SmallFrontend::open(arguments[1], rom, arguments[4]);
    const auto tap = SmallFrontend::open(arguments[2], rom, arguments[4]);
    if (bare == nullptr || tap == nullptr) return 1;
    const int frames = std::atoi(arguments[5]), fps = std::atoi(arguments[6]);
    if (count == 8) return compare_touches(*bare, *tap, frames);
    std::vector<double> bare_times, tap_times, added;
    auto due = Clock::now();
    for (int n = 0; n < frames; ++n) {
        // The first of a pair finds colder caches, so they take turns.
        const bool tap_first = n % 2 == 1;
        const double first = run(tap_first ? *tap : *bare), second = run(tap_first ? *bare : *tap);
        bare_times.push_back(tap_first ? second : first);
        tap_times.push_back(tap_first ? first : second);
        added.push_back(tap_times.back() - bare_times.back());
        due += std::chrono::microseconds(fps != 0 ? 1'000'000 / fps : 0);
        std::this_thread::sleep_until(due);
    }
    std::printf("{\"bare\": %.1f, \"tap\": %.1f, \"added\": %.1f}\n", median(bare_times), median(tap_times),
                median(added));
    return 0;
}
