// Evidence from the economy of a stream's commands; see economy.hpp.
#include "locate/economy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

#include "core/cpu.hpp"
#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/hal.hpp"
#include "locate/texture.hpp"

namespace halscope::locate {
namespace {

using hal::Command;
using hal::Format;

// How long commands are. Counted in the streams of four packers (one optimal, three greedy) for drawn tiles and maps;
// rounded, with a floor for lengths that none of them writes.
constexpr std::array<unsigned, 17> kBucketFirst{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 32, 33, 65, 129, 257, 513, 1024};
constexpr std::size_t kWastefulLong = kBucketFirst.size();  // a long header for a count that fits a short one
constexpr std::size_t kBuckets = kBucketFirst.size() + 1;
constexpr std::array<double, kBuckets> kRawCounts{0.27, 0.16, 0.07, 0.10,  0.09,  0.07,  0.08,  0.045,  0.04,
                                                  0.03, 0.01, 0.02, 0.008, 0.004, 0.002, 0.001, 0.0001, 0.0001};
// The first raw command is longer: nothing exists yet to copy from.
constexpr std::array<double, kBuckets> kFirstRawCounts{0.06, 0.03, 0.06, 0.03, 0.04, 0.08, 0.08, 0.14,   0.13,
                                                       0.07, 0.01, 0.07, 0.08, 0.05, 0.05, 0.01, 0.0001, 0.0001};
constexpr std::array<double, kBuckets> kRle8Counts{0.0005, 0.05, 0.08, 0.18, 0.13, 0.08, 0.09, 0.07,   0.06,
                                                   0.03,   0.04, 0.06, 0.05, 0.04, 0.02, 0.01, 0.0002, 0.0001};
constexpr std::array<double, kBuckets> kRle16Counts{0.001, 0.38, 0.18,  0.10,  0.12,  0.08,  0.04,  0.025,  0.025,
                                                    0.01,  0.01, 0.015, 0.008, 0.004, 0.002, 0.001, 0.0002, 0.0001};
// For formats that count RLE16 in bytes.
constexpr std::array<double, kBuckets> kPairByteCounts{0.0003, 0.001, 0.09,  0.33, 0.26,  0.10,  0.08,  0.04,   0.025,
                                                       0.015,  0.005, 0.025, 0.01, 0.004, 0.002, 0.001, 0.0002, 0.0001};
constexpr std::array<double, kBuckets> kSequenceCounts{0.0005, 0.20, 0.20, 0.12, 0.12, 0.08, 0.08,  0.06,   0.05,
                                                       0.02,   0.02, 0.01, 0.01, 0.01, 0.01, 0.005, 0.0002, 0.0001};
constexpr std::array<double, kBuckets> kCopyCounts{0.0003, 0.001, 0.012, 0.19,  0.21, 0.13,  0.17,   0.10,   0.055,
                                                   0.025,  0.04,  0.025, 0.018, 0.01, 0.002, 0.0005, 0.0001, 0.0001};

// For near copies, which pay off from two bytes on.
constexpr std::array<double, kBuckets> kNearCopyCounts{0.0003, 0.06,  0.12,   0.30,   0.22,   0.08,
                                                       0.09,   0.06,  0.035,  0.01,   0.004,  0.02,
                                                       0.002,  0.001, 0.0005, 0.0003, 0.0001, 0.0001};

constexpr std::array<std::uint8_t, hal::kLongCount + 1> kBucketOf = [] {
    std::array<std::uint8_t, hal::kLongCount + 1> buckets{};
    for (std::size_t bucket = 0; bucket < kBucketFirst.size(); ++bucket) {
        for (std::size_t count = kBucketFirst[bucket]; count < buckets.size(); ++count) {
            buckets[count] = static_cast<std::uint8_t>(bucket);
        }
    }
    return buckets;
}();

// Command 7 has a long header for any count, in formats where packers write it at all.
constexpr bool uses_long_only(const Format& format, const Command& command) noexcept {
    return format.copies == hal::Copies::near && command.kind == hal::kNearInvertedCopy;
}

const std::array<double, kBuckets>& counts_of(unsigned kind, const Format& format) noexcept {
    switch (kind) {
        case hal::kRaw:
            return kRawCounts;
        case hal::kRle8:
            return kRle8Counts;
        case hal::kRle16:
            return format.pair_count == hal::PairCount::pairs ? kRle16Counts : kPairByteCounts;
        case hal::kSequence:
            return kSequenceCounts;
        default:
            return format.arguments({.kind = kind}) == 1 ? kNearCopyCounts : kCopyCounts;
    }
}

// Whether the count is the largest that the command's header size allows.
bool is_longest(const Command& command, const Format& format) noexcept {
    if (uses_long_only(format, command)) return command.count == hal::kLongSevenCount;
    return command.count == hal::kShortCount || command.count == hal::kLongCount;
}

State state_after(const Command& command) noexcept {
    if (command.kind != hal::kRaw) return kMatch;
    return command.count == hal::kShortCount || command.count == hal::kLongCount ? kFullRaw : kShortRaw;
}

// The command at rom[at]; count 0 at a terminator or past the ROM's end.
HALSCOPE_INLINE Command command_at(std::span<const std::uint8_t> rom, std::size_t at, const Format& format) noexcept {
    if (at >= rom.size()) return {};
    const unsigned head = hal::read_once(rom.data() + at);
    if (head == hal::kTerminator) return {};
    Command command = hal::short_command(head);
    if (command.kind == hal::kLong) {
        if (rom.size() - at < 2) return {};
        command = hal::long_command(head, hal::read_once(rom.data() + at + 1));
    }
    return rom.size() - at < command.header + format.arguments(command) ? Command{} : command;
}

// Where the output position is unknown, a reference is weighed as if in the middle of a block of usual size.
constexpr std::size_t kTypicalOutput = 4096;

// A match in a stream: its command, the two bytes after its header, and where its source begins.
struct Match {
    Command command;
    unsigned first;
    unsigned second;
    std::size_t from;
    const Format& format;

    [[nodiscard]] bool mirrors(unsigned kind) const noexcept {
        return format.copies == hal::Copies::mirrored && command.kind == kind;
    }
    // The byte that the copy makes of a source byte.
    [[nodiscard]] std::uint8_t changed(std::uint8_t byte) const noexcept {
        if (mirrors(hal::kReversedCopy)) return hal::reverse_bits(byte);
        return format.inverts(command.kind) ? static_cast<std::uint8_t>(~byte) : byte;
    }
};

// Whether the match that wrote output[q, next) could have continued for one more byte (one more pair for RLE16 that
// counts pairs).
bool could_go_on(const Match& match, std::span<const std::uint8_t> output, std::size_t q, std::size_t next,
                 std::size_t room) noexcept {
    if (next >= output.size()) return false;
    const std::size_t count = match.command.count;
    const std::size_t from = match.from;
    switch (match.command.kind) {
        case hal::kRle8:
            return output[next] == match.first;
        case hal::kRle16:
            if (match.format.pair_count == hal::PairCount::bytes)
                return output[next] == ((next - q) % 2 == 0 ? match.first : match.second);
            return room >= 2 && next + 1 < output.size() && output[next] == match.first &&
                   output[next + 1] == match.second;
        case hal::kSequence:
            return output[next] == static_cast<std::uint8_t>(match.first + count);
        default:
            if (match.mirrors(hal::kBackwardCopy))
                return from >= count && from < output.size() && output[next] == output[from - count];
            return from < next && from + count < next && output[next] == match.changed(output[from + count]);
    }
}

// Whether the match could have begun one byte earlier, inside the raw command before it.
bool could_begin_before(const Match& match, std::span<const std::uint8_t> output, std::size_t q) noexcept {
    const std::size_t from = match.from;
    const std::uint8_t before = output[q - 1];
    switch (match.command.kind) {
        case hal::kRle8:
            return before == match.first;
        case hal::kRle16:
            if (match.format.pair_count == hal::PairCount::bytes) return before == match.second;
            return q >= 2 && output[q - 2] == match.first && before == match.second;
        case hal::kSequence:
            return before == static_cast<std::uint8_t>(match.first - 1);
        default:
            if (match.mirrors(hal::kBackwardCopy)) return from + 1 < q - 1 && before == output[from + 1];
            return from >= 1 && from - 1 < q && before == match.changed(output[from - 1]);
    }
}

// A place where a match could have been longer, by what lies across its boundary.
enum Joint : unsigned { kGoesOnIntoRaw, kGoesOnIntoMatch, kBeginsInRaw, kBeginsInMatch, kJoints };

// How often a match could have been longer at each kind of joint.
using JointRates = std::array<double, kJoints>;

// In twins, whatever packed the true stream. The matches on either side of a true stream's joint often have sources
// that are adjacent too, up to the byte that differs; a twin copies from the wrong place.
constexpr JointRates kTwinRates{0.024, 0.19, 0.024, 0.20};

// In true streams, by packer style; counted on drawn tiles and maps, rounded away from zero. Between two matches a byte
// is free: either may hold it at the same price, and equally good packers differ in their choice. A byte left raw
// although an adjacent match could hold it is always a loss. Where a style's measured rate is close to the twins' rate,
// the twins' rate is used: such a joint says nothing either way.
constexpr std::array<JointRates, kStyles> kStyleRates{{
    {0.001, 0.006, 0.006, 0.60},  // the first match takes all it can: greedy packers, and ours
    {0.001, 0.19, 0.003, 0.20},   // either match
    {0.001, 0.19, 0.003, 0.05},   // the second match takes all it can
    {0.012, 0.19, 0.015, 0.20},   // careless
}};

class Joints {
  public:
    void count(Joint joint, bool could_be_longer) noexcept { ++(could_be_longer ? longer_ : full_)[joint]; }

    [[nodiscard]] std::array<float, kStyles> evidence() const noexcept {
        static const Logs logs;
        std::array<float, kStyles> of_style{};
        for (std::size_t style = 0; style < kStyles; ++style) {
            for (std::size_t joint = 0; joint < kJoints; ++joint) {
                of_style[style] += static_cast<float>(longer_[joint]) * logs.longer[style][joint] +
                                   static_cast<float>(full_[joint]) * logs.full[style][joint];
            }
        }
        return of_style;
    }

  private:
    struct Logs {
        std::array<std::array<float, kJoints>, kStyles> longer{};
        std::array<std::array<float, kJoints>, kStyles> full{};
        Logs() noexcept {
            for (std::size_t style = 0; style < kStyles; ++style) {
                for (std::size_t joint = 0; joint < kJoints; ++joint) {
                    const double in_true = kStyleRates[style][joint];
                    const double in_twins = kTwinRates[joint];
                    longer[style][joint] = static_cast<float>(std::log(in_true / in_twins));
                    full[style][joint] = static_cast<float>(std::log((1 - in_true) / (1 - in_twins)));
                }
            }
        }
    };

    std::array<std::uint32_t, kJoints> longer_{};
    std::array<std::uint32_t, kJoints> full_{};
};

struct Freed {
    void operator()(float* memory) const noexcept { std::free(memory); }
};

// Writes the evidence of some of the starts to `result`.
void weigh_commands(std::span<const std::uint8_t> rom, std::span<const std::uint32_t> offsets, float* result,
                    const Model& model, const CancelToken* cancel) {
    const Format& format = model.format();
    constexpr float kImpossible = -std::numeric_limits<float>::infinity();
    constexpr std::size_t kStepsOfLook = 4096;
    if (offsets.empty()) return;
    // For each command's position, the evidence of its count and of everything after it, but not of its own kind (which
    // depends on the command before); 0 where not computed yet. No stream extends past the end of this range.
    const std::size_t begin = *std::min_element(offsets.begin(), offsets.end());
    const std::size_t last = *std::max_element(offsets.begin(), offsets.end());
    const std::size_t range = std::min(rom.size(), last + hal::kMaxPacked) - std::min(rom.size(), begin);
    // The system gives large memory as zeros page by page, when it is touched: between two looks at the token.
    const std::unique_ptr<float[], Freed> memory(static_cast<float*>(std::calloc(range + 1, sizeof(float))));
    if (!memory) throw std::bad_alloc();
    const std::span<float> known(memory.get(), range);
    struct Passed {
        std::size_t at;
        Command command;
    };
    std::vector<Passed> path;
    std::size_t steps = 0;
    for (std::size_t number = 0; number < offsets.size(); ++number) {
        const std::uint32_t offset = offsets[number];
        path.clear();
        std::size_t at = offset;
        float tail = kImpossible;     // evidence from `at` on, without the kind at `at`
        unsigned next_kind = kKinds;  // kKinds: the terminator
        for (;;) {
            if (++steps % kStepsOfLook == 0) stop_if_cancelled(cancel);
            const Command command = command_at(rom, at, format);
            if (command.count == 0) {
                if (at < rom.size() && rom[at] == hal::kTerminator) tail = 0;
                break;
            }
            if (at - begin < known.size() && known[at - begin] != 0) {
                tail = known[at - begin];
                next_kind = command.kind;
                break;
            }
            path.push_back({at, command});
            at += command.header + format.arguments(command);
        }
        for (std::size_t k = path.size(); k-- > 0;) {
            const Command& command = path[k].command;
            if (next_kind < kKinds) tail += model.kind_after(state_after(command), next_kind);
            tail += model.count(command);
            if (command.is_reference()) tail += model.reference(command, kTypicalOutput);
            next_kind = command.kind;
            if (path[k].at - begin < known.size()) known[path[k].at - begin] = tail;
        }
        if (next_kind < kKinds) {
            tail += model.kind_after(kStart, next_kind);
            if (next_kind == hal::kRaw) tail += model.first_raw(command_at(rom, offset, format));
        }
        result[number] = next_kind < kKinds ? tail : kImpossible;
    }
}

}  // namespace

Model::Model(const Format& format, const KindRates& kind_after) : format_(format) {
    static_assert(kBuckets == kBucketFirst.size() + 1);
    for (std::size_t state = 0; state < kStates; ++state) {
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            kind_after_[state][kind] = static_cast<float>(std::log(kind_after[state][kind]));
        }
    }
    for (unsigned kind = 0; kind < kKinds; ++kind) {
        const auto& source = counts_of(kind, format);
        for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
            // A bucket's chance is spread over its counts; a random header byte is one of 256, a long header one
            // of 65,536.
            const std::size_t last = kBucketFirst.size() - 1;
            double width = 1.0;
            if (bucket < last) width = kBucketFirst[bucket + 1] - kBucketFirst[bucket];
            if (bucket == kWastefulLong) width = hal::kShortCount;
            const bool is_long = bucket == kWastefulLong || kBucketFirst[bucket] > hal::kShortCount ||
                                 uses_long_only(format, {.kind = kind});
            counts_[kind][bucket] =
                static_cast<float>(std::log(source[bucket] / width) + std::log(is_long ? 65536.0 : 256.0));
        }
    }
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        first_raw_[bucket] = static_cast<float>(std::log(kFirstRawCounts[bucket] / kRawCounts[bucket]));
    }
}

std::size_t Model::bucket_of(const Command& command) const noexcept {
    const bool wasteful = command.header == 2 && command.count <= hal::kShortCount && !uses_long_only(format_, command);
    return wasteful ? kWastefulLong : kBucketOf[command.count];
}

float Model::count(const Command& command) const noexcept {
    return counts_[command.kind][bucket_of(command)];
}

float Model::first_raw(const Command& command) const noexcept {
    return first_raw_[bucket_of(command)];
}

// A reference that a packer writes names one of the `written` bytes before it, a random one any of 65,536; the distance
// of a near copy is one of 256.
float Model::reference(const Command& command, std::size_t written) const noexcept {
    constexpr float kLn2 = 0.6931472F;
    if (format_.arguments(command) == 1) {
        return kLn2 * static_cast<float>(9 - std::bit_width(std::min(written, hal::kNearWindow) | 1U));
    }
    return kLn2 * static_cast<float>(17 - std::bit_width(written | 1U));
}

std::vector<float> command_evidence(std::span<const std::uint8_t> rom, std::span<const std::uint32_t> offsets,
                                    const Model& model, const Work& work) {
    // As few parts as threads: streams of one part share what is known of their ends.
    const std::size_t parts = std::max(work.threads, 1U);
    std::vector<float> result(offsets.size());
    for_each_part(parts, work, [&](std::size_t part) {
        const std::size_t begin = offsets.size() * part / parts;
        const std::size_t end = offsets.size() * (part + 1) / parts;
        weigh_commands(rom, offsets.subspan(begin, end - begin), result.data() + begin, model, work.cancel);
    });
    return result;
}

Evidence stream_evidence(std::span<const std::uint8_t> rom, std::size_t offset, std::span<const std::uint8_t> output,
                         const Model& model) noexcept {
    const Format& format = model.format();
    Evidence evidence{0, 0, {}};
    Texture texture(output);
    Joints joints;
    State state = kStart;
    std::size_t at = offset;
    std::size_t q = 0;
    for (Command command = command_at(rom, at, format); command.count != 0 && q < output.size();) {
        evidence.commands += model.kind_after(state, command.kind) + model.count(command);
        if (state == kStart && command.kind == hal::kRaw) evidence.commands += model.first_raw(command);
        const std::size_t next_at = at + command.header + format.arguments(command);
        const std::size_t next_q = q + format.output(command);
        const Command next = command_at(rom, next_at, format);
        if (command.is_reference()) {
            evidence.commands += model.reference(command, q);
            texture.joint(q);
            texture.joint(next_q);
        }
        if (command.kind == hal::kRaw || command.is_reference()) texture.inside(q, command.count);
        if (command.kind != hal::kRaw) {
            const unsigned first = hal::read_once(rom.data() + at + command.header);
            const unsigned second =
                format.arguments(command) == 2 ? hal::read_once(rom.data() + at + command.header + 1) : 0;
            const Match match{command, first, second, format.source(command.kind, first, second, q), format};
            const bool at_limit = is_longest(command, format);
            if (next.count != 0 && !at_limit) {
                joints.count(next.kind == hal::kRaw ? kGoesOnIntoRaw : kGoesOnIntoMatch,
                             could_go_on(match, output, q, next_q, format.output(next)));
            }
            if (q > 0 && state == kMatch && command.is_reference()) {
                joints.count(kBeginsInMatch, could_begin_before(match, output, q));
            } else if (q > 0 && state == kShortRaw && !at_limit) {
                joints.count(kBeginsInRaw, could_begin_before(match, output, q));
            }
        }
        state = state_after(command);
        q = next_q;
        at = next_at;
        command = next;
    }
    evidence.joints = joints.evidence();
    evidence.texture = texture.evidence();
    return evidence;
}

}  // namespace halscope::locate
