// Finding pointers and the tables they stand in: see pointers.hpp.
#include "locate/pointers.hpp"

#include <algorithm>
#include <numeric>

namespace halscope::locate {
namespace {

constexpr std::size_t kPageBytes = 0x8000;
constexpr std::size_t kPointerBytes = 3;

// A set of ROM offsets as bits: the inner loop asks it four million times.
class OffsetSet {
  public:
    OffsetSet(std::size_t size, std::span<const std::uint32_t> offsets) : words_(size / 64 + 1) {
        for (const std::uint32_t offset : offsets) {
            if (offset < size) words_[offset / 64] |= std::uint64_t{1} << (offset % 64);
        }
    }
    [[nodiscard]] bool contains(std::size_t offset) const noexcept {
        return (words_[offset / 64] >> (offset % 64) & 1U) != 0;
    }

  private:
    std::vector<std::uint64_t> words_;
};

}  // namespace

std::vector<Reference> find_references(std::span<const std::uint8_t> rom, std::span<const std::int64_t, kPages> pages,
                                       std::span<const std::uint32_t> targets) {
    std::vector<Reference> references;
    if (rom.size() < kPointerBytes) return references;
    const OffsetSet set(rom.size(), targets);
    for (std::size_t at = 0; at + kPointerBytes <= rom.size(); ++at) {
        const std::size_t address =
            rom[at] | static_cast<std::size_t>(rom[at + 1]) << 8 | static_cast<std::size_t>(rom[at + 2]) << 16;
        const std::int64_t page = pages[address / kPageBytes];
        if (page < 0) continue;
        const std::size_t offset = static_cast<std::size_t>(page) + address % kPageBytes;
        if (offset >= rom.size() || !set.contains(offset)) continue;
        const auto found = std::lower_bound(targets.begin(), targets.end(), offset);
        references.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(found - targets.begin())});
    }
    return references;
}

std::vector<float> table_evidence(std::span<const Reference> references, std::span<const std::uint32_t> families,
                                  std::span<const std::uint32_t> strides, float hit, float miss, float threshold) {
    std::vector<float> best(references.size(), 0.0F);
    std::vector<std::uint32_t> order(references.size());
    std::vector<std::uint32_t> seen;  // families of the present run
    for (const std::uint32_t stride : strides) {
        if (stride == 0) continue;
        std::iota(order.begin(), order.end(), 0U);
        std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return references[a].position % stride < references[b].position % stride;
        });
        // The best-scoring runs of one residue class: a run ends when it has lost all that it had gained, or when it
        // has fallen so far below its peak that joining what follows cannot pay.
        for (std::size_t first = 0; first < order.size();) {
            float score = 0;
            float peak = 0;
            std::size_t peak_end = first;
            std::size_t k = first;
            seen.clear();
            for (; k < order.size(); ++k) {
                const Reference& reference = references[order[k]];
                if (k > first) {
                    const Reference& before = references[order[k - 1]];
                    if (before.position % stride != reference.position % stride) break;
                    score += miss * static_cast<float>((reference.position - before.position) / stride - 1);
                    if (score <= 0 || score < peak - 2 * hit) break;
                }
                const std::uint32_t family = families[reference.target];
                if (std::find(seen.begin(), seen.end(), family) == seen.end()) {
                    seen.push_back(family);
                    score += hit;
                }
                if (score > peak) {
                    peak = score;
                    peak_end = k + 1;
                }
            }
            if (peak >= threshold) {
                for (std::size_t j = first; j < peak_end; ++j) best[order[j]] = std::max(best[order[j]], peak);
            }
            first = peak >= threshold ? peak_end : first + 1;
        }
    }
    return best;
}

}  // namespace halscope::locate
