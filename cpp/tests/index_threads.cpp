// Several threads build the same index as one thread, and a raised token stops either. Run under ThreadSanitizer, which
// reports any state that the parts share.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "codecs/native_codec.hpp"
#include "locate/index.hpp"
#include "locate/pointers.hpp"
#include "locate/shapes.hpp"
#include "locate/tagged.hpp"

namespace {

using namespace halscope;
using namespace halscope::locate;

constexpr std::size_t kRomBytes = (std::size_t{1} << 19) + 77;
constexpr std::size_t kPage = 0x8000;

// Noise, patterns of every short period, and blank stretches: the seams of parts fall into all of them.
std::vector<std::uint8_t> draw(std::size_t size, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<std::uint8_t> data(size);
    for (std::size_t at = 0; at < size;) {
        const std::size_t end = std::min(size, at + 1 + random() % 9000);
        const std::size_t period = random() % 24;
        for (std::size_t k = at; k < end; ++k) {
            const bool repeats = period > 0 && k >= at + period;
            data[k] = repeats ? data[k - period] : static_cast<std::uint8_t>(random());
        }
        at = end;
    }
    return data;
}

template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

unsigned failures = 0;
void expect(bool is, const char* what) {
    if (is) return;
    std::printf("index_threads: %s\n", what);
    ++failures;
}

// Commands of a script: a tag, the address of a start (a multiple of three), and what differs in length.
void write_script(std::vector<std::uint8_t>& rom, std::size_t at, std::uint8_t tag) {
    for (std::uint32_t n = 1; n <= 40; ++n) {
        const std::uint32_t start = 3 * 1009 * n;
        rom[at++] = tag;
        for (const unsigned shift : {0U, 8U, 16U}) rom[at++] = static_cast<std::uint8_t>(start >> shift);
        at += n % 5;
    }
}

}  // namespace

int main() {
    std::vector<std::uint8_t> rom = draw(kRomBytes, 1);
    for (std::uint8_t n = 0; n < 20; ++n) {
        write_script(rom, 20000 * (n + std::size_t{1}), static_cast<std::uint8_t>(0xC1 + n));
    }
    const std::vector<std::uint8_t> outputs = draw(300000, 2);
    const std::vector<std::uint32_t> bounds{0, 5, 5, 40, 70000, 200000, 300000};
    const Text text{outputs, bounds, rom};

    std::vector<std::uint32_t> offsets;
    std::vector<std::uint32_t> families;
    for (std::uint32_t at = 0; at < rom.size(); at += 3) {
        families.push_back(static_cast<std::uint32_t>(offsets.size() / 4));
        offsets.push_back(at);
    }
    std::array<std::int64_t, kPages> pages{};
    for (std::size_t page = 0; page < kPages; ++page) {
        pages[page] = page < rom.size() / kPage ? static_cast<std::int64_t>(page * kPage) : -1;
    }
    const std::vector<std::uint32_t> strides{3, 4, 5, 6, 7, 8};

    const auto index = build_index(text);
    const codecs::NativeCodec& hal = *codecs::all().front();
    const auto evidence = hal.command_evidence(rom, offsets, {});
    const auto references = find_references(rom, pages, offsets);
    const std::vector<std::uint8_t> grades(offsets.size(), kStrong);
    const LikelyStarts starts{offsets, families, grades};
    const auto groups = find_tagged(rom, references, starts, 5.0F);
    const auto tables = find_tables(references, families, strides, 2.0F, -1.0F, 20.0F, groups);
    expect(index.positions.size() > rom.size() / 40, "too few anchors");
    expect(groups.size() > 10, "too few pointers behind tags");
    for (unsigned threads = 2; threads <= 4; ++threads) {
        const Work work{threads, nullptr};
        const auto again = build_index(text, work);
        expect(same(again.buckets, index.buckets) && same(again.positions, index.positions), "a different index");
        expect(same(hal.command_evidence(rom, offsets, work), evidence), "different evidence");
        expect(same(find_references(rom, pages, offsets, work), references), "different references");
        const auto behind = find_tagged(rom, references, starts, 5.0F, work);
        expect(std::equal(behind.begin(), behind.end(), groups.begin(), groups.end(),
                          [](const auto& a, const auto& b) { return a.members == b.members; }),
               "different groups");
        expect(same(find_tables(references, families, strides, 2.0F, -1.0F, 20.0F, groups, work), tables),
               "different tables");
    }

    for (unsigned threads = 1; threads <= 2; ++threads) {
        CancelToken token;
        std::thread other([&token] { token.cancel(); });
        bool stopped = false;
        try {
            for (;;) static_cast<void>(build_index(text, {threads, &token}));
        } catch (const Cancelled&) {
            stopped = true;
        }
        other.join();
        expect(stopped, "not stopped");
    }
    std::printf("index_threads: %zu positions, %zu groups, %u differences\n", index.positions.size(), groups.size(),
                failures);
    return failures == 0 ? 0 : 1;
}
