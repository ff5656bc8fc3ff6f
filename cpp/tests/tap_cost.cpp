// Measures what the tap adds to a frame, in pairs: the bare core and the tap around the same core run the same game in
// turns. HALSCOPE_TAP_INNER names the core to the tap. Prints the medians in microseconds of the process's own time,
// which other processes do not count in: bare, tap, difference.
//   bench_tap_cost CORE TAP ROM FOLDER FRAMES FPS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "tests/small_frontend.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using halscope::tests::SmallFrontend;

double run(const SmallFrontend& frontend) {
    const std::clock_t began = std::clock();
    frontend.run();
    return static_cast<double>(std::clock() - began) * (1e6 / CLOCKS_PER_SEC);
}

double median(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 7) return 2;
    const auto rom = halscope::tests::read_file(arguments[3]);
    const auto bare = SmallFrontend::open(arguments[1], rom, arguments[4]);
    const auto tap = SmallFrontend::open(arguments[2], rom, arguments[4]);
    if (bare == nullptr || tap == nullptr) return 1;
    const int frames = std::atoi(arguments[5]), fps = std::atoi(arguments[6]);
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
