// Blocks that several threads write, keep, pass on and drop are never owned by two threads at once, dropped memory is
// used again, and what is not needed any more goes back to the system. Run under ThreadSanitizer, which reports a block
// with two owners.
#include "core/output_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace halscope;

constexpr unsigned kThreads = 10;  // more than there are lanes
constexpr unsigned kRounds = 2000;
constexpr std::size_t kHeld = 24;  // per thread, and as many are in between

struct Block {
    std::uint8_t* memory = nullptr;
    std::size_t size = 0;
    std::uint8_t mark = 0;
};

std::atomic<unsigned> failures = 0;
void expect(bool is, const char* what) {
    if (is) return;
    std::printf("output_memory: %s\n", what);
    ++failures;
}

Block take(std::size_t size, std::uint8_t mark) {
    const std::span<std::uint8_t> window = output_window();
    std::memset(window.data(), mark, window.size());  // as a decoder may that then fails or keeps less
    expect(output_window().data() == window.data(), "the window moved although nothing was kept");
    return {keep_output(size), size, mark};
}

void give(const Block& block) {
    if (block.memory == nullptr) return;
    expect(std::all_of(block.memory, block.memory + block.size, [&](auto byte) { return byte == block.mark; }),
           "another thread wrote to a block");
    drop_output(block.memory, block.size);
}

// Blocks offered to any thread: one thread frees what another decoded.
class Exchange {
  public:
    Block swap(std::size_t place, Block block) {
        const std::scoped_lock lock(mutex_);
        return std::exchange(blocks_[place], block);
    }

  private:
    std::mutex mutex_;
    std::array<Block, kHeld> blocks_{};
};

void work(unsigned thread, Exchange& exchange) {
    std::mt19937 random(thread);
    std::array<Block, kHeld> held{};
    for (unsigned round = 0; round < kRounds; ++round) {
        Block& mine = held[random() % kHeld];
        give(mine);
        // Sizes at both edges of a unit, including the smallest and the largest block.
        const std::size_t units = random() % (kOutputWindow / kOutputUnit + 1) * kOutputUnit;
        const std::size_t size = std::clamp<std::size_t>(units + random() % 3 - 1, 1, kOutputWindow);
        mine = take(units == 0 ? 1 + random() % 2 : size, static_cast<std::uint8_t>(round * kThreads + thread));
        if (random() % 4 == 0) mine = exchange.swap(random() % kHeld, mine);
    }
    for (const Block& block : held) give(block);
}

void many_threads() {
    Exchange exchange;
    std::vector<std::thread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&exchange, thread] { work(thread, exchange); });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t place = 0; place < kHeld; ++place) give(exchange.swap(place, {}));
    expect(output_slabs() <= kEmptySlabsKept, "more memory is kept at rest than allowed");
}

// One block after another, each dropped before the next: a decoder that keeps nothing stays in the same memory.
void one_at_a_time() {
    std::uintptr_t lowest = UINTPTR_MAX;
    std::uintptr_t highest = 0;
    for (unsigned round = 0; round < 2000; ++round) {
        const Block block = take(1 + round * 300 % kOutputWindow, 7);
        give(block);
        if (round < 100) continue;  // may begin anywhere in a slab, as far as earlier blocks left it
        lowest = std::min(lowest, reinterpret_cast<std::uintptr_t>(block.memory));
        highest = std::max(highest, reinterpret_cast<std::uintptr_t>(block.memory));
    }
    expect(highest - lowest < 4 * kOutputWindow, "dropped memory is not used again at once");
}

// Many blocks at once, of which a few stay: their slabs are used again before new ones are made.
void survivors() {
    constexpr std::size_t kMany = 40 * kSlabSize / kOutputWindow;
    std::vector<Block> blocks;
    for (std::size_t k = 0; k < kMany; ++k) blocks.push_back(take(kOutputWindow / 4, static_cast<std::uint8_t>(k)));
    const std::size_t most = output_slabs();
    expect(most >= 10 && most <= 12 + kEmptySlabsKept, "blocks of a quarter of a window do not stand side by side");
    for (std::size_t k = 1; k < blocks.size(); ++k) give(blocks[k]);
    expect(output_slabs() <= kEmptySlabsKept + 2, "what is not needed any more stays");
    blocks.resize(1);
    for (std::size_t k = 1; k < kMany; ++k) blocks.push_back(take(kOutputWindow / 4, static_cast<std::uint8_t>(k)));
    expect(output_slabs() <= most, "the room beside a block that stayed is not used");
    for (const Block& block : blocks) give(block);
    expect(output_slabs() <= kEmptySlabsKept + 1, "more memory is kept at rest than allowed");
}

}  // namespace

int main() {
    many_threads();
    one_at_a_time();
    survivors();
    std::printf("output_memory: %u threads, %u rounds each, %u differences\n", kThreads, kRounds, failures.load());
    return failures.load() == 0 ? 0 : 1;
}
