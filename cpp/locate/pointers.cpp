// Finding pointers and pointer tables; see pointers.hpp.
#include "locate/pointers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

#include "locate/offset_set.hpp"

namespace halscope::locate {
namespace {

constexpr std::size_t kPointerBytes = 3;
constexpr std::size_t kPartBytes = std::size_t{1} << 17;  // of ROM: less than a millisecond
constexpr float kMoreThanTable = 2;
constexpr std::uint32_t kGap = 2;  // entries in a row that lead to no start
constexpr float kBehindGap = 10;   // nats that a table needs behind one: chance makes single entries

// Entries of one table, and their total evidence.
struct Run {
    std::uint32_t stride = 0;
    float score = 0;
    std::vector<std::uint32_t> members;
};

class TableFinder {
  public:
    TableFinder(std::span<const Reference> references, std::span<const std::uint32_t> families, float hit, float miss)
        : references_(references), families_(families), hit_(hit), miss_(miss), taken_(references.size(), 0) {
        for (const std::uint32_t family : families) family_count_ = std::max<std::size_t>(family_count_, family + 1U);
    }

    // The best run of references that no table has claimed yet. A run ends when its score drops to zero, or so far
    // below its peak that joining the entries that follow cannot pay off.
    [[nodiscard]] Run best_run(std::uint32_t stride) const {
        // Group references by phase (position modulo stride), ascending within each group.
        std::vector<std::uint32_t> first_of(stride + 1, 0);
        std::vector<std::uint32_t> phases(references_.size());
        for (std::size_t k = 0; k < references_.size(); ++k) {
            phases[k] = references_[k].position % stride;
            first_of[phases[k] + 1] += taken_[k] == 0 ? 1 : 0;
        }
        std::partial_sum(first_of.begin(), first_of.end(), first_of.begin());
        std::vector<Entry> order(first_of.back());
        for (std::uint32_t k = 0; k < references_.size(); ++k) {
            if (taken_[k] != 0) continue;
            const Reference& reference = references_[k];
            order[first_of[phases[k]]++] = {k, phases[k], reference.position / stride, families_[reference.target]};
        }
        Run best{stride, 0, {}};
        std::vector<std::size_t> seen(family_count_, 0);  // the last run, counted from 1, that each family was in
        std::size_t run = 0;
        std::size_t best_first = 0;
        std::size_t best_begin = 0;
        std::size_t best_end = 0;
        for (std::size_t first = 0; first < order.size();) {
            float score = 0;
            float peak = 0;
            std::size_t peak_end = first + 1;
            std::uint32_t gap = 0;  // the longest since the peak
            ++run;
            for (std::size_t k = first; k < order.size(); ++k) {
                if (k > first) {
                    if (order[k - 1].phase != order[k].phase) break;
                    const std::uint32_t missed = order[k].row - order[k - 1].row - 1;
                    gap = std::max(gap, missed);
                    score += miss_ * static_cast<float>(missed);
                    if (score <= 0 || score < peak - 2 * hit_) break;
                }
                const std::uint32_t family = order[k].family;
                if (seen[family] != run) score += hit_;
                seen[family] = run;
                // A final entry that repeats a pointer of the table earns nothing, but belongs to it.
                const float needed = peak + (gap >= kGap ? kBehindGap : 0);
                if (score > needed || (score == peak && k == peak_end && repeats(order, first, k))) {
                    gap = 0;
                    peak = score;
                    peak_end = k + 1;
                }
            }
            if (peak > best.score) {
                best.score = peak;
                best_first = first;
                best_end = peak_end;
            }
            first = peak_end;
        }
        // The same from the end: an entry before a gap may be an accident as well.
        ++run;
        float score = 0;
        float peak = 0;
        bool is_behind_gap = false;
        for (std::size_t k = best_end; k-- > best_first;) {
            if (k + 1 < best_end) {
                const std::uint32_t missed = order[k + 1].row - order[k].row - 1;
                is_behind_gap = is_behind_gap || missed >= kGap;
                score += miss_ * static_cast<float>(missed);
            }
            if (seen[order[k].family] != run) score += hit_;
            seen[order[k].family] = run;
            if (is_behind_gap && score <= peak + kBehindGap) continue;
            is_behind_gap = false;
            peak = std::max(peak, score);
            best_begin = k;
        }
        for (std::size_t k = best_begin; k < best_end; ++k) best.members.push_back(order[k].reference);
        return best;
    }

    [[nodiscard]] bool is_taken(std::uint32_t member) const noexcept { return taken_[member] != 0; }

    // Removes entries, and every reference that overlaps one.
    void take(std::span<const std::uint32_t> members) {
        for (const std::uint32_t member : members) {
            const std::uint32_t position = references_[member].position;
            const auto overlaps = [&](std::size_t k) {
                const std::uint32_t other = references_[k].position;
                return other < position + kPointerBytes && position < other + kPointerBytes;
            };
            for (std::size_t k = member; k < references_.size() && overlaps(k); ++k) taken_[k] = 1;
            for (std::size_t k = member; k-- > 0 && overlaps(k);) taken_[k] = 1;
        }
    }

  private:
    // A reference inside a run: rows of one phase are a stride apart.
    struct Entry {
        std::uint32_t reference;
        std::uint32_t phase;
        std::uint32_t row;
        std::uint32_t family;
    };

    // Whether the k-th entry points at the same start as an earlier one. Bounded, because a table may be any size.
    [[nodiscard]] bool repeats(std::span<const Entry> order, std::size_t first, std::size_t k) const noexcept {
        constexpr std::size_t kMostLooked = 4096;
        const std::uint32_t target = references_[order[k].reference].target;
        for (std::size_t n = k; n-- > first && k - n <= kMostLooked;) {
            if (references_[order[n].reference].target == target) return true;
        }
        return false;
    }

    std::span<const Reference> references_;  // ascending by position
    std::span<const std::uint32_t> families_;
    float hit_;
    float miss_;
    std::vector<std::uint8_t> taken_;
    std::size_t family_count_ = 0;
};

}  // namespace

std::vector<Reference> find_references(std::span<const std::uint8_t> rom, std::span<const std::int64_t, kPages> pages,
                                       std::span<const std::uint32_t> targets, const Work& work) {
    std::vector<Reference> references;
    if (rom.size() < kPointerBytes) return references;
    const OffsetSet set(rom.size(), targets);
    // ROM offset of each half bank (15 bits of address); unmapped ones point past the ROM, where no target is.
    std::array<std::size_t, kPages> begins;
    std::transform(pages.begin(), pages.end(), begins.begin(), [&rom](std::int64_t page) {
        return page < 0 ? rom.size() : std::min(static_cast<std::size_t>(page), rom.size());
    });
    const std::size_t positions = rom.size() - kPointerBytes + 1;
    std::vector<std::vector<Reference>> found((positions + kPartBytes - 1) / kPartBytes);
    for_each_part(found.size(), work, [&](std::size_t part) {
        const std::size_t end = std::min(positions, (part + 1) * kPartBytes);
        for (std::size_t at = part * kPartBytes; at < end; ++at) {
            const std::size_t low = rom[at] | static_cast<std::size_t>(rom[at + 1] & 0x7F) << 8;
            const std::size_t page = static_cast<std::size_t>(rom[at + 1]) >> 7 | static_cast<std::size_t>(rom[at + 2])
                                                                                      << 1;
            const std::size_t offset = std::min(begins[page] + low, rom.size());
            if (!set.contains(offset)) continue;
            const auto target = std::lower_bound(targets.begin(), targets.end(), offset);
            found[part].push_back(
                {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(target - targets.begin())});
        }
    });
    for (const auto& some : found) references.insert(references.end(), some.begin(), some.end());
    return references;
}

std::vector<TableEntry> find_tables(std::span<const Reference> references, std::span<const std::uint32_t> families,
                                    std::span<const std::uint32_t> strides, float hit, float miss, float threshold,
                                    std::span<const PointerGroup> groups, const Work& work) {
    TableFinder finder(references, families, hit, miss);
    std::vector<TableEntry> entries(references.size(), TableEntry{0, 0, 0});
    std::uint32_t tables = 0;
    std::vector<Run> best_of(strides.size());
    for_each_part(strides.size(), work, [&](std::size_t k) {
        if (strides[k] != 0) best_of[k] = finder.best_run(strides[k]);
    });
    const auto take = [&](float evidence, std::uint32_t stride, std::span<const std::uint32_t> members) {
        for (const std::uint32_t member : members) entries[member] = {evidence, tables, stride};
        ++tables;
        finder.take(members);
    };
    // A group needs evidence of its own: two tags of one script, or a tag and a table, are most often one and an
    // accident.
    const auto take_group = [&](const PointerGroup& group) {
        std::vector<std::uint32_t> left;
        std::size_t denied = 0;
        for (const std::uint32_t member : group.members) {
            if (!finder.is_taken(member)) left.push_back(member);
            denied += finder.is_taken(member) ? 1 : 0;
        }
        const double share = 1 - static_cast<double>(denied) / static_cast<double>(group.members.size());
        const auto evidence = static_cast<float>(group.evidence * share);
        if (!left.empty() && evidence >= threshold) take(evidence, 0, left);
    };
    auto group = groups.begin();
    // Take the strongest table first; bytes that its entries cover cannot belong to another. A run's score can only
    // drop by that, so each other run is computed again only when it comes first.
    for (;;) {
        const auto best = std::max_element(best_of.begin(), best_of.end(),
                                           [](const Run& a, const Run& b) { return a.score < b.score; });
        const bool is_table = best != best_of.end() && best->score > 0 && best->score >= threshold;
        if (!is_table && group == groups.end()) return entries;
        stop_if_cancelled(work.cancel);
        // A table says more than a tag: so much less evidence is enough.
        if (group != groups.end() && (!is_table || group->evidence > kMoreThanTable * best->score)) {
            take_group(*group++);
            continue;
        }
        const Run again = finder.best_run(best->stride);
        if (again.score < best->score) {
            *best = again;
            continue;
        }
        take(again.score, again.stride, again.members);
    }
}

}  // namespace halscope::locate
