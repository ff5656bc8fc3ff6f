// Blocks of memory that several threads take, write, pass on and give back are never owned by two threads at once, and
// the amount kept for later stays within its bound. Run under ThreadSanitizer, which reports a block with two owners.
#include "core/recycled_memory.hpp"

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

constexpr unsigned kThreads = 6;  // more than there are shelves
constexpr unsigned kRounds = 3000;
constexpr std::size_t kHeld = 24;  // per thread, and as many are in between

struct Block {
    std::uint8_t* memory = nullptr;
    std::size_t size = 0;
    std::uint8_t mark = 0;
};

std::atomic<unsigned> failures = 0;
void expect(bool is, const char* what) {
    if (is) return;
    std::printf("recycled_memory: %s\n", what);
    ++failures;
}

Block take(std::size_t size, std::uint8_t mark) {
    const Block block{take_memory(size), size, mark};
    std::memset(block.memory, mark, size);
    return block;
}

void give(const Block& block) {
    if (block.memory == nullptr) return;
    expect(std::all_of(block.memory, block.memory + block.size, [&](auto byte) { return byte == block.mark; }),
           "another thread wrote to a block");
    give_memory(block.memory, block.size);
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
        // Sizes at both edges of a step, including the smallest and the largest block.
        const std::size_t steps = random() % (kRecycledMost / kRecycledStep + 1) * kRecycledStep;
        const std::size_t size = std::clamp<std::size_t>(steps + random() % 3 - 1, 1, kRecycledMost);
        mine = take(steps == 0 ? 1 + random() % 2 : size, static_cast<std::uint8_t>(round * kThreads + thread));
        if (random() % 4 == 0) mine = exchange.swap(random() % kHeld, mine);
        // Each thread may have counted one block that it is about to free.
        expect(kept_memory() <= kRecycledKept + kThreads * kRecycledMost, "more memory is kept than allowed");
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
    expect(kept_memory() <= kRecycledKept, "more memory is kept at rest than allowed");
}

// Giving back twice as much as may be kept: the bound is kept, and that much is reused.
void bound() {
    constexpr std::size_t kMost = kRecycledKept / kRecycledMost;
    std::vector<Block> blocks;
    for (std::size_t k = 0; k < 2 * kMost; ++k) blocks.push_back(take(kRecycledMost, static_cast<std::uint8_t>(k)));
    for (const Block& block : blocks) {
        give(block);
        expect(kept_memory() <= kRecycledKept, "the bound is exceeded");
    }
    expect(kept_memory() + kRecycledMost > kRecycledKept, "less memory is kept than allowed");
    const std::size_t full = kept_memory();
    const Block again = take(kRecycledMost, 1);
    expect(kept_memory() == full - kRecycledMost, "a kept block is not reused");
    give(again);
    expect(kept_memory() == full, "a block that fits the bound is not kept");
}

}  // namespace

int main() {
    many_threads();
    // Take all smaller blocks for good, so that only the largest size counts below.
    std::vector<Block> small;
    for (std::size_t size = kRecycledStep; size <= kRecycledMost; size += kRecycledStep) {
        for (std::size_t before = kept_memory() + 1; kept_memory() < before;) {
            before = kept_memory();
            small.push_back(take(size, 0));
        }
    }
    expect(kept_memory() == 0, "kept memory cannot be taken");
    bound();
    for (const Block& block : small) give(block);
    std::printf("recycled_memory: %u threads, %u rounds each, %u differences\n", kThreads, kRounds, failures.load());
    return failures.load() == 0 ? 0 : 1;
}
