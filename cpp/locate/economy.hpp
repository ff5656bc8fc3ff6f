// How much a run of bytes looks like a packer's work, judged by the economy of its commands. Evidence is a log
// likelihood ratio in nats: the probability of these commands from a packer over their probability in random bytes.
// docs/explanation/origins.md lists what gives a twin away.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "hal/format.hpp"

namespace halscope::locate {

// What came before a command, as far as it affects the next one.
enum State : unsigned { kStart, kFullRaw, kShortRaw, kMatch, kStates };
inline constexpr std::size_t kKinds = 8;

// How often packers of a format write each kind of command after each state: [state][kind].
using KindRates = std::array<std::array<double, kKinds>, kStates>;

// A format's command statistics: logarithms of how much likelier each choice is from a packer than by chance.
class Model {
  public:
    Model(const hal::Format& format, const KindRates& kind_after);

    [[nodiscard]] const hal::Format& format() const noexcept { return format_; }
    [[nodiscard]] float kind_after(State state, unsigned kind) const noexcept { return kind_after_[state][kind]; }
    [[nodiscard]] float count(const hal::Command& command) const noexcept;
    // Added to count() where a raw command begins a stream.
    [[nodiscard]] float first_raw(const hal::Command& command) const noexcept;
    [[nodiscard]] float reference(const hal::Command& command, std::size_t written) const noexcept;

  private:
    static constexpr std::size_t kBuckets = 18;  // groups of counts that are about equally common

    [[nodiscard]] std::size_t bucket_of(const hal::Command& command) const noexcept;

    hal::Format format_;
    std::array<std::array<float, kKinds>, kStates> kind_after_{};
    std::array<std::array<float, kBuckets>, kKinds> counts_{};
    std::array<float, kBuckets> first_raw_{};
};

// The evidence of the commands alone, for each of `offsets` (starts found by scan(), ascending), without decoding.
// Streams that share an end share most commands, so all of a ROM's starts cost about one walk. -infinity for a start
// from which no terminator is reached.
[[nodiscard]] std::vector<float> command_evidence(std::span<const std::uint8_t> rom,
                                                  std::span<const std::uint32_t> offsets, const Model& model,
                                                  const Work& work = {});

// Packers that write streams of equal size differ in where they end a match when it makes no difference. All streams of
// a ROM together show its packer's style (rom/ranking/_styles.py).
constexpr std::size_t kStyles = 4;

struct Evidence {
    float commands;                     // kinds, counts, reference offsets
    float texture;                      // whether copies continue as the bytes around them do
    std::array<float, kStyles> joints;  // whether matches stop where they had to, for each packer style
};

// The full evidence of one strict stream; `output` is its decoded data. The walk stays inside both buffers whatever
// they hold.
[[nodiscard]] Evidence stream_evidence(std::span<const std::uint8_t> rom, std::size_t offset,
                                       std::span<const std::uint8_t> output, const Model& model) noexcept;

}  // namespace halscope::locate
