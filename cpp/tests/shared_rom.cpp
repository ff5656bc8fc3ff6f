// Several threads encode, decode and scan one shared ROM at once, as the codec pool does; each must get the results of
// a single thread. Run under ThreadSanitizer, which reports any state that the calls share.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "hal/hal.hpp"

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kBlocks = 24;
constexpr unsigned kThreads = 4;
constexpr unsigned kRounds = 6;

// Tile-like data: rows that repeat, count up and mirror, with a little noise.
Bytes draw(std::uint32_t seed) {
    std::mt19937 random(seed);
    Bytes data(512 + random() % 3000);
    for (std::size_t i = 0; i < data.size(); ++i) {
        const bool fresh = i < 16 || random() % 8 == 0;
        data[i] = fresh ? static_cast<std::uint8_t>(random()) : data[i - 1 - random() % 16];
    }
    return data;
}

struct Work {
    std::vector<Bytes> blocks;
    Bytes rom;
    std::vector<std::size_t> offsets;
    std::size_t candidates = 0;
};

Work prepare() {
    Work work;
    for (std::uint32_t n = 0; n < kBlocks; ++n) {
        work.blocks.push_back(draw(n));
        const auto packed = halscope::hal::encode(work.blocks.back());
        work.offsets.push_back(work.rom.size());
        work.rom.insert(work.rom.end(), packed.packed.begin(), packed.packed.end());
    }
    work.candidates = halscope::hal::scan(work.rom).size();
    return work;
}

bool one_round(const Work& work, unsigned round) {
    static thread_local std::array<std::uint8_t, halscope::hal::kMaxOutput> out;
    for (std::size_t n = 0; n < work.blocks.size(); ++n) {
        const auto result = halscope::hal::decode(work.rom, work.offsets[n], halscope::hal::Mode::strict, out);
        if (result.status != halscope::hal::Status::ok || result.size != work.blocks[n].size()) return false;
        if (!std::equal(work.blocks[n].begin(), work.blocks[n].end(), out.begin())) return false;
    }
    const auto effort = round % 2 == 0 ? halscope::hal::Effort::optimal : halscope::hal::Effort::fast;
    const auto packed = halscope::hal::encode(work.blocks[round % kBlocks], effort);
    return packed.status == halscope::hal::Status::ok &&
           halscope::hal::scan(work.rom, 0, halscope::hal::Mode::strict, 2).size() == work.candidates;
}

}  // namespace

int main() {
    const Work work = prepare();
    std::atomic<unsigned> failures = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&work, &failures, t] {
            for (unsigned round = 0; round < kRounds; ++round) {
                if (!one_round(work, t + round)) ++failures;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::printf("shared_rom: %u threads, %u rounds each, %u differences\n", kThreads, kRounds, failures.load());
    return failures.load() == 0 ? 0 : 1;
}
