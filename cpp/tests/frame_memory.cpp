// The memory of large parts that threads pass on and drop is never owned by two at once, what was dropped is used again
// at once, and after a moment in which many frames waited, what is not needed any more goes back to the system. Run
// under ThreadSanitizer, which reports a part with two owners.
#include "tap/frame_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace halscope::tap;

constexpr unsigned kThreads = 8;
constexpr unsigned kRounds = 1000;
constexpr std::array<std::size_t, 4> kSizes{0x10000, 0x20000, 3 * 256 * 224,
                                            kLargePart - 1};  // the last is no large one

std::atomic<unsigned> failures = 0;
void expect(bool is, const char* what) {
    if (is) return;
    std::printf("frame_memory: %s\n", what);
    ++failures;
}

// Parts offered to any thread: one thread drops what another read.
class Exchange {
  public:
    FrameBytes swap(std::size_t place, FrameBytes part) {
        const std::scoped_lock lock(mutex_);
        return std::exchange(parts_[place], std::move(part));
    }

  private:
    std::mutex mutex_;
    std::array<FrameBytes, 16> parts_;
};

void check(const FrameBytes& part) {
    expect(std::ranges::all_of(part, [&](auto byte) { return byte == part.front(); }),
           "another thread wrote to a part");
}

void work(unsigned thread, Exchange& exchange) {
    std::mt19937 random(thread);
    for (unsigned round = 0; round < kRounds; ++round) {
        FrameBytes part(kSizes[random() % kSizes.size()], static_cast<std::uint8_t>(round * kThreads + thread));
        check(exchange.swap(random() % 16, std::move(part)));
    }
}

void many_threads() {
    Exchange exchange;
    std::vector<std::thread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread)
        threads.emplace_back([&exchange, thread] { work(thread, exchange); });
    for (std::thread& thread : threads) thread.join();
}

void frame_after_frame() {
    const std::uint8_t* last = nullptr;
    for (unsigned round = 0; round < 100; ++round) {
        FrameBytes part;
        part.resize(kSizes[0]);
        expect(last == nullptr || part.data() == last, "dropped memory is not used again at once");
        last = part.data();
    }
    FrameBytes zeros(kSizes[0], 0);
    expect(zeros.data() == last && std::ranges::count(zeros, 0) == std::ssize(zeros), "zeros were asked for");
}

void many_that_wait() {
    std::vector<FrameBytes> waiting;
    for (unsigned n = 0; n < 200; ++n) waiting.emplace_back(kSizes[n % 3]);
    expect(idle_frame_buffers() == 0, "memory is idle while more is taken from the system");
    waiting.clear();
    expect(idle_frame_buffers() == kIdleBuffers, "another number of buffers is kept than should be");
}

}  // namespace

int main() {
    many_threads();
    frame_after_frame();
    many_that_wait();
    std::printf("frame_memory: %u threads, %u rounds each, %u differences\n", kThreads, kRounds, failures.load());
    return failures.load() == 0 ? 0 : 1;
}
