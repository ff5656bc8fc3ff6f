// How much a run of bytes looks like the work of a packer, told by the economy of its commands.
//
// Most offsets of a ROM decode to something, and dozens of them share an end with each true block. What tells them
// apart is that a packer wastes nothing: it never writes two short raw commands in a row, a two-byte copy, a long
// header for a short count, or a copy that stops although its next byte would have matched too. Evidence is a log
// likelihood ratio in nats: the chance of these commands from a packer over their chance in random bytes. The same
// bytes may be a stream of several formats; what each packer would have made of them tells those apart too.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "hal/format.hpp"

namespace halscope::locate {

// What came before a command, as far as it bears on the next one.
enum State : unsigned { kStart, kFullRaw, kShortRaw, kMatch, kStates };
inline constexpr std::size_t kKinds = 8;

// How often packers of a format write each kind of command after each state: [state][kind].
using KindRates = std::array<std::array<double, kKinds>, kStates>;

// What the commands of a format say: logarithms of how much likelier a packer is to write them than chance.
class Model {
  public:
    Model(const hal::Format& format, const KindRates& kind_after);

    [[nodiscard]] const hal::Format& format() const noexcept { return format_; }
    [[nodiscard]] float kind_after(State state, unsigned kind) const noexcept { return kind_after_[state][kind]; }
    [[nodiscard]] float count(const hal::Command& command) const noexcept;
    [[nodiscard]] float first_raw(
        const hal::Command& command) const noexcept;  // over count(), where it begins a stream
    [[nodiscard]] float reference(const hal::Command& command, std::size_t written) const noexcept;

  private:
    static constexpr std::size_t kBuckets = 18;  // counts that are about as common

    [[nodiscard]] std::size_t bucket_of(const hal::Command& command) const noexcept;

    hal::Format format_;
    std::array<std::array<float, kKinds>, kStates> kind_after_{};
    std::array<std::array<float, kBuckets>, kKinds> counts_{};
    std::array<float, kBuckets> first_raw_{};
};

// The evidence of the commands alone, for each of `offsets` (starts that scan() found, ascending), without decoding:
// streams that share an end share most commands, so all of a ROM's starts cost about one walk. A start from where no
// terminator is reached gets -infinity.
[[nodiscard]] std::vector<float> command_evidence(std::span<const std::uint8_t> rom,
                                                  std::span<const std::uint32_t> offsets, const Model& model,
                                                  const Work& work = {});

// Packers that write streams of the same size differ in where they end a match when it does not matter. Which of these
// styles a ROM's packer has is for all of its streams together to say (rom/ranking/_styles.py).
constexpr std::size_t kStyles = 4;

struct Evidence {
    float commands;                     // kinds, counts, offsets of references
    float texture;                      // whether copies go on as the bytes around them do
    std::array<float, kStyles> joints;  // whether matches stop where they had to, for each style of packer
};

// The full evidence of one strict stream of a format; `output` is what it decodes to. The walk is bounded by both
// buffers whatever they hold.
[[nodiscard]] Evidence stream_evidence(std::span<const std::uint8_t> rom, std::size_t offset,
                                       std::span<const std::uint8_t> output, const Model& model) noexcept;

}  // namespace halscope::locate
