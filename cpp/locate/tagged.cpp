// Finding pointers behind tags; see tagged.hpp.
#include "locate/tagged.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "locate/met.hpp"

namespace halscope::locate {
namespace {

constexpr std::size_t kPointerBytes = 3;
constexpr std::size_t kFewest = 3;       // different families
constexpr std::size_t kMostBetween = 3;  // bytes between a tag of one byte and its pointer: other operands
constexpr double kLeadsToStart = 0.5;    // chance that a tag in a script is followed by a pointer to a strong start
constexpr double kMostByChance = 0.1;    // pointers to a start of some grade that a run may have by chance
constexpr float kNothingNew = 0.25F;     // what a pointer that is no evidence costs, in misses: runs come to an end
constexpr std::size_t kTagsOfPart = 64;

// The two bytes before a pointer, or one byte some bytes before it.
struct Tag {
    std::size_t before;  // bytes from its first byte to the pointer
    std::size_t bytes;
    std::array<std::uint8_t, 2> values;
};

constexpr std::uint32_t kSingle = (kMostBetween + 1) << 8;  // tags of one byte come first, by distance and value

Tag tag_of(std::uint32_t key) noexcept {
    if (key < kSingle) return {(key >> 8) + 1, 1, {static_cast<std::uint8_t>(key), 0}};
    const std::uint32_t word = key - kSingle;
    return {2, 2, {static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8)}};
}

// Pointers behind a tag in ROM order, from the first that is evidence to the last.
struct Run {
    float score = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t misses = 0;  // places of the tag that lead to no likely start
};

class Finder {
  public:
    Finder(std::span<const std::uint8_t> rom, std::span<const Reference> references, const LikelyStarts& starts,
           float threshold)
        : rom_(rom), references_(references), starts_(starts), threshold_(threshold) {
        for (const Reference& one : references) ++of_grade_[starts.grades[one.target]];
        for (const std::uint32_t family : starts.families) families_ = std::max<std::size_t>(families_, family + 1U);
        collect();
    }

    [[nodiscard]] std::size_t tags() const noexcept { return tags_.size(); }
    [[nodiscard]] Met families() const { return Met(families_); }

    // Adds the groups of the k-th tag.
    void find(std::size_t k, Met& families, std::vector<PointerGroup>& found) const {
        const auto [key, first] = tags_[k];
        const std::size_t last = k + 1 < tags_.size() ? tags_[k + 1].second : members_.size();
        const std::span<const std::uint32_t> behind = std::span(members_).subspan(first, last - first);
        const Tag tag = tag_of(key);
        // What chance gives is measured on all pointers but those behind this tag.
        std::array<double, kSharp + 1> chance{};
        std::array<std::size_t, kSharp + 1> here{};
        for (const std::uint32_t member : behind) ++here[grade_of(member)];
        std::size_t others = 0;
        for (std::size_t grade = kSharp + 1; grade-- > 0;) {
            others += of_grade_[grade] - here[grade];
            chance[grade] = std::min(0.4, (static_cast<double>(others) + 0.5) / static_cast<double>(rom_.size()));
        }
        const auto hit = static_cast<float>(std::log(kLeadsToStart / chance[kStrong]));
        const auto miss = static_cast<float>(std::log((1 - kLeadsToStart) / (1 - chance[kStrong])));
        for (std::size_t begin = 0; begin < behind.size();) {
            if (grade_of(behind[begin]) < kStrong) {
                ++begin;
                continue;
            }
            const Run run = run_from(behind, begin, tag, hit, miss, families);
            if (run.score >= threshold_) {
                PointerGroup group = group_of(behind, run, tag, chance);
                // Opcodes of code are tags by accident, with more places that lead nowhere.
                if (group.members.size() >= run.misses) found.push_back(std::move(group));
            }
            begin = run.end;
        }
    }

  private:
    [[nodiscard]] Grade grade_of(std::uint32_t member) const noexcept {
        return static_cast<Grade>(starts_.grades[references_[member].target]);
    }
    [[nodiscard]] std::uint32_t family_of(std::uint32_t member) const noexcept {
        return starts_.families[references_[member].target];
    }

    // Lists the references behind each tag that enough strong starts are behind.
    void collect() {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> behind;  // keys and references
        std::vector<std::uint32_t> strong(kSingle + 0x10000);
        const auto each = [this](std::uint32_t member, auto look) {
            const std::size_t at = references_[member].position;
            for (std::size_t before = 1; before <= std::min(at, kMostBetween + 1); ++before) {
                look(static_cast<std::uint32_t>((before - 1) << 8 | rom_[at - before]));
            }
            if (at >= 2) look(kSingle + static_cast<std::uint32_t>(rom_[at - 2] | rom_[at - 1] << 8));
        };
        const auto count = static_cast<std::uint32_t>(references_.size());
        for (std::uint32_t member = 0; member < count; ++member) {
            if (grade_of(member) >= kStrong) each(member, [&](std::uint32_t key) { ++strong[key]; });
        }
        std::vector<std::uint32_t> first_of(strong.size() + 1);
        const auto is_candidate = [&strong](std::uint32_t key) { return strong[key] >= kFewest; };
        for (std::uint32_t member = 0; member < count; ++member) {
            each(member, [&](std::uint32_t key) { first_of[key + 1] += is_candidate(key) ? 1 : 0; });
        }
        for (std::uint32_t key = 0; key < strong.size(); ++key) {
            if (first_of[key + 1] != 0) tags_.emplace_back(key, first_of[key]);
            first_of[key + 1] += first_of[key];
        }
        members_.resize(first_of.back());
        for (std::uint32_t member = 0; member < count; ++member) {
            each(member, [&](std::uint32_t key) {
                if (is_candidate(key)) members_[first_of[key]++] = member;
            });
        }
    }

    // The number of places of a tag in [begin, end), up to `most`.
    [[nodiscard]] std::size_t places(const Tag& tag, std::size_t begin, std::size_t end,
                                     std::size_t most) const noexcept {
        std::size_t count = 0;
        while (begin < end && count < most) {
            const void* const found = std::memchr(rom_.data() + begin, tag.values[0], end - begin);
            if (found == nullptr) break;
            const auto at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - rom_.data());
            count += tag.bytes == 1 || rom_[at + 1] == tag.values[1] ? 1 : 0;
            begin = at + 1;
        }
        return count;
    }

    // The run with the most evidence of those that begin here.
    [[nodiscard]] Run run_from(std::span<const std::uint32_t> behind, std::size_t begin, const Tag& tag, float hit,
                               float miss, Met& families) const {
        families.reset();
        families.meet(family_of(behind[begin]));
        Run best{hit, begin, begin + 1, 0};
        float score = hit;
        std::size_t met = 1;
        std::size_t met_at_best = 1;
        std::size_t misses = 0;
        std::size_t last = references_[behind[begin]].position;
        for (std::size_t k = begin + 1; k < behind.size(); ++k) {
            const std::size_t at = references_[behind[k]].position;
            if (at < last + kPointerBytes) continue;
            // A tag inside a pointer is none, nor is one whose pointer would overlap another.
            const std::size_t from = last + kPointerBytes;
            const std::size_t until = at - std::min(at, tag.before + kPointerBytes - 1);
            const auto bearable = static_cast<std::size_t>(std::min(score, score - best.score + 2 * hit) / -miss) + 1;
            const std::size_t missed = places(tag, from, until, bearable);
            misses += missed;
            score += miss * static_cast<float>(missed);
            if (score <= 0 || score < best.score - 2 * hit) break;
            last = at;
            if (grade_of(behind[k]) < kStrong || !families.meet(family_of(behind[k]))) {
                score += miss * kNothingNew;
                continue;
            }
            score += hit;
            ++met;
            if (score <= best.score) continue;
            best = {score, begin, k + 1, misses};
            met_at_best = met;
        }
        if (met_at_best < kFewest) best.score = 0;
        return best;
    }

    // The pointers of a run that lead to a start of which chance would give too few.
    [[nodiscard]] PointerGroup group_of(std::span<const std::uint32_t> behind, const Run& run, const Tag& tag,
                                        const std::array<double, kSharp + 1>& chance) const {
        std::size_t least = kLikely;
        while (least < kStrong && chance[least] * static_cast<double>(run.misses) > kMostByChance) ++least;
        PointerGroup group{run.score, {}};
        const auto place = [&](std::size_t k) -> std::size_t { return references_[behind[k]].position; };
        // Beyond the evidence nothing says that the script goes on, so a start has to say more for itself.
        std::size_t begin = run.begin;
        std::size_t end = run.end;
        const auto next_to = [&](std::size_t one, std::size_t other) {
            return place(other) >= place(one) + kPointerBytes &&
                   places(tag, place(one) + kPointerBytes,
                          place(other) - std::min(place(other), tag.before + kPointerBytes - 1), 1) == 0;
        };
        while (begin > 0 && grade_of(behind[begin - 1]) == kFair && next_to(begin - 1, begin)) --begin;
        while (end < behind.size() && grade_of(behind[end]) == kFair && next_to(end - 1, end)) ++end;
        for (std::size_t k = begin; k < end; ++k) {
            if (static_cast<std::size_t>(grade_of(behind[k])) < least) continue;
            if (!group.members.empty() && place(k) < references_[group.members.back()].position + kPointerBytes) {
                continue;
            }
            group.members.push_back(behind[k]);
        }
        return group;
    }

    std::span<const std::uint8_t> rom_;
    std::span<const Reference> references_;
    LikelyStarts starts_;
    float threshold_;
    std::size_t families_ = 0;
    std::array<std::size_t, kSharp + 1> of_grade_{};           // references to starts of each
    std::vector<std::pair<std::uint32_t, std::size_t>> tags_;  // keys, and their first member
    std::vector<std::uint32_t> members_;                       // references by tag
};

}  // namespace

std::vector<PointerGroup> find_tagged(std::span<const std::uint8_t> rom, std::span<const Reference> references,
                                      const LikelyStarts& starts, float threshold, const Work& work) {
    const Finder finder(rom, references, starts, threshold);
    std::vector<std::vector<PointerGroup>> parts((finder.tags() + kTagsOfPart - 1) / kTagsOfPart);
    for_each_part(parts.size(), work, [&](std::size_t part) {
        Met families = finder.families();
        const std::size_t end = std::min(finder.tags(), (part + 1) * kTagsOfPart);
        for (std::size_t k = part * kTagsOfPart; k < end; ++k) finder.find(k, families, parts[part]);
    });
    std::vector<PointerGroup> found;
    for (auto& some : parts) found.insert(found.end(), some.begin(), some.end());
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.evidence > b.evidence; });
    return found;
}

}  // namespace halscope::locate
