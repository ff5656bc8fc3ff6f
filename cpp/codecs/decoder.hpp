// The decoder for formats of hal/format.hpp that count RLE16 in bytes: a branch-free loop that over-copies while there
// is slack, a careful step for everything else. docs/explanation/codec.md gives the reasoning.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/format.hpp"
#include "hal/hal.hpp"

namespace halscope::codecs {
namespace decoder {

using hal::DecodeResult;
using hal::kMaxOutput;
using hal::kMaxPacked;
using hal::Mode;
using hal::Status;

using hal::kCopy;
using hal::kRaw;
using hal::kRle16;
using hal::kRle8;
using hal::kSequence;
using hal::kShortCount;
using hal::read_once;

constexpr unsigned kQuickHeads = (kCopy + 1U) << 5;  // heads below this are short commands 0 to 4
constexpr std::size_t kInputSlack = 1 + kShortCount;
constexpr std::size_t kOutputSlack = kShortCount;

constexpr std::uint64_t kEachByte = 0x0101010101010101U;
constexpr std::uint64_t kEachPair = 0x0001000100010001U;
// The bytes 0 to 7, in memory order.
constexpr std::uint64_t kCounting =
    std::endian::native == std::endian::little ? 0x0706050403020100U : 0x0001020304050607U;

// Two bytes alternating, in memory order.
constexpr std::uint64_t alternating(unsigned first, unsigned second) noexcept {
    return (std::endian::native == std::endian::little ? second << 8 | first : first << 8 | second) * kEachPair;
}

// Byte-wise addition, modulo 256.
constexpr std::uint64_t add_bytes(std::uint64_t left, std::uint64_t right) noexcept {
    constexpr std::uint64_t kTop = 0x80 * kEachByte;
    return ((left & ~kTop) + (right & ~kTop)) ^ ((left ^ right) & kTop);
}

// The properties of a short command, by kind. Each is either memory (raw bytes, a copy) or two alternating bytes plus
// an offset (both runs, a sequence): the loop computes both and a mask selects which is stored.
struct Form {
    std::uint8_t arguments;     // bytes after the header; 0 for raw
    std::uint8_t raw;           // all ones: `count` more bytes follow
    std::uint8_t second;        // index of the argument that fills every other byte
    std::uint64_t from_memory;  // all ones: stored as loaded from memory
    std::uint64_t counted;      // all ones: counts up
};
constexpr std::uint64_t kYes = ~std::uint64_t{0};
constexpr std::array<Form, kCopy + 1> kForms{{
    {0, 0xFF, 0, kYes, 0},
    {1, 0, 0, 0, 0},
    {2, 0, 1, 0, 0},
    {1, 0, 0, 0, kYes},
    {2, 0, 0, kYes, 0},
}};

template <hal::Format format, Mode mode>
class Decoder {
  public:
    Decoder(std::span<const std::uint8_t> in, std::size_t offset, std::span<std::uint8_t> out) noexcept
        : in_(in.data()),
          begin_(offset),
          at_(offset),
          end_(offset + std::min(in.size() - offset, kMaxPacked)),
          past_end_(end_ < in.size() ? Status::input_too_long : Status::truncated),
          out_(out.data()),
          limit_(std::min(out.size(), kMaxOutput)) {}

    DecodeResult run() noexcept {
        for (;;) {
            quick();
            if (at_ == end_) return fault(past_end_);
            const unsigned head = read_once(in_ + at_);
            if (head == hal::kTerminator) return {Status::ok, written_, at_ + 1 - begin_, 0, 0};
            const DecodeResult result = careful(head);
            if (result.status != Status::ok) return result;
        }
    }

  private:
    [[nodiscard]] DecodeResult fault(Status status, std::size_t reference = 0) const noexcept {
        return {status, written_, 0, at_, reference};
    }

    // Runs short commands while there is slack. Stops before a command other than the five, or one whose source is not
    // fully written yet. Works on local copies of the members: as far as the compiler knows, a store to `out_` might
    // change the members.
    void quick() noexcept {
        const std::uint8_t* const in = in_;
        std::uint8_t* const out = out_;
        std::size_t at = at_;
        std::size_t written = written_;
        while (end_ - at >= kInputSlack && limit_ - written >= kOutputSlack) {
            const unsigned head = read_once(in + at);
            if (head >= kQuickHeads) break;
            const unsigned kind = head >> 5;
            const Form& form = kForms[kind];
            const std::size_t count = (head & 31U) + 1U;
            const std::uint8_t* const arguments = in + at + 1;
            const unsigned first = read_once(arguments);
            const std::size_t from = format.source(kCopy, first, read_once(arguments + 1), 0);
            const bool copies = kind == kCopy;
            if (copies & (from + count > written)) [[unlikely]]
                break;
            const std::uint8_t* const source = copies ? out + from : arguments;
            const std::uint64_t run = alternating(first, read_once(arguments + form.second));
            // An earlier store may have overwritten part of a later source word, but only past its meaningful bytes.
            for (std::size_t k = 0; k < kShortCount; k += sizeof run) {
                const std::uint64_t made = add_bytes(run, (kCounting + k * kEachByte) & form.counted);
                const std::uint64_t word = (hal::load_word(source + k) & form.from_memory) | (made & ~form.from_memory);
                std::memcpy(out + written + k, &word, sizeof word);
            }
            at += 1 + form.arguments + (count & form.raw);
            written += count;
        }
        at_ = at;
        written_ = written;
    }

    // Runs one command of any kind within exact bounds. On a fault nothing has been written.
    DecodeResult careful(unsigned head) noexcept {
        hal::Command command = hal::short_command(head);
        if (command.kind == hal::kLong) {
            if (end_ - at_ < 2) return fault(past_end_);
            command = hal::long_command(head, read_once(in_ + at_ + 1));
        }
        const std::size_t packed = command.header + format.arguments(command);
        if (end_ - at_ < packed) return fault(past_end_);
        if (mode == Mode::strict && format.copies == hal::Copies::forward && command.kind > kCopy)
            return fault(Status::unused_command, command.kind);
        if (limit_ - written_ < command.count) return fault(Status::output_too_long);
        const std::uint8_t* const arguments = in_ + at_ + command.header;
        if (command.is_reference()) {
            const unsigned first = read_once(arguments);
            const unsigned second = format.arguments(command) == 2 ? read_once(arguments + 1) : 0;
            const bool is_near = format.copies == hal::Copies::near && command.kind >= hal::kNearCopy;
            if (is_near && first > written_) return fault(Status::distance_before_start, first);
            const std::size_t from = format.source(command.kind, first, second, written_);
            if (mode == Mode::strict && from >= written_) return fault(Status::reference_past_output, from);
            if (!is_near && from + command.count > kMaxOutput) return fault(Status::reference_past_window, from);
            if (format.inverts(command.kind)) {
                copy_inverted(from, command.count);
            } else {
                copy(from, command.count);
            }
        } else {
            write(command, arguments);
        }
        at_ += packed;
        written_ += command.count;
        return {};
    }

    void write(const hal::Command& command, const std::uint8_t* arguments) noexcept {
        std::uint8_t* const to = out_ + written_;
        if (command.kind == kRaw) {
            std::memcpy(to, arguments, command.count);
            return;
        }
        const unsigned first = read_once(arguments);
        const unsigned second = command.kind == kRle16 ? read_once(arguments + 1) : first;
        const unsigned step = command.kind == kSequence ? 1 : 0;
        for (unsigned k = 0; k < command.count; ++k) {
            to[k] = static_cast<std::uint8_t>((k % 2 == 0 ? first : second) + k * step);
        }
    }

    // Byte by byte, as the games do it: a copy longer than its distance repeats. A source that is not yet written,
    // which strict mode has already refused, reads as zero, and so does everything copied from there.
    void copy(std::size_t from, std::size_t count) noexcept {
        std::uint8_t* const to = out_ + written_;
        if (from + count <= written_) {
            std::memcpy(to, out_ + from, count);
        } else if (from >= written_) {
            std::memset(to, 0, count);
        } else {
            for (std::size_t k = 0; k < count; ++k) to[k] = out_[from + k];
        }
    }

    void copy_inverted(std::size_t from, std::size_t count) noexcept {
        std::uint8_t* const to = out_ + written_;
        for (std::size_t k = 0; k < count; ++k) {
            const std::uint8_t byte = from < written_ ? out_[from + k] : std::uint8_t{0};
            to[k] = static_cast<std::uint8_t>(~byte);
        }
    }

    const std::uint8_t* in_;
    std::size_t begin_;
    std::size_t at_;
    std::size_t end_;
    Status past_end_;  // the fault to report when a command needs bytes past end_
    std::uint8_t* out_;
    std::size_t limit_;
    std::size_t written_ = 0;
};

}  // namespace decoder

// Same contract as hal::decode. Copies::forward has no commands 5 to 7 and no packer writes them: strict mode refuses
// them, compatible mode treats them as copies, as the games' decoders do (they test the sign of the command's byte).
template <hal::Format format>
[[nodiscard]] hal::DecodeResult decode_family(std::span<const std::uint8_t> in, std::size_t offset, hal::Mode mode,
                                              std::span<std::uint8_t> out) noexcept {
    static_assert(format.pair_count == hal::PairCount::bytes && format.copies != hal::Copies::mirrored);
    if (offset >= in.size()) return {hal::Status::offset_past_end, 0, 0, offset, 0};
    return mode == hal::Mode::strict ? decoder::Decoder<format, hal::Mode::strict>(in, offset, out).run()
                                     : decoder::Decoder<format, hal::Mode::compatible>(in, offset, out).run();
}

}  // namespace halscope::codecs
