// Decoding: a branch-free loop over short commands (short_commands.hpp) while there is slack on both sides, a careful
// step with exact bounds for everything else. docs/explanation/codec.md gives the reasoning.
#include <algorithm>
#include <cstring>

#include "hal/bits.hpp"
#include "hal/careful.hpp"
#include "hal/command.hpp"
#include "hal/hal.hpp"
#include "hal/short_commands.hpp"

namespace halscope::hal {
namespace {

using ShortCommands = void (*)(Cursor&) noexcept;

ShortCommands short_commands_for(Simd level) noexcept {
    switch (level) {
#if defined(HALSCOPE_X86)
        case Simd::avx2:
            return short_commands_avx2;
        case Simd::ssse3:
            return short_commands_ssse3;
#elif defined(HALSCOPE_NEON)
        case Simd::neon:
            return short_commands_neon;
#endif
        default:
            return short_commands_scalar;
    }
}

// Eight bytes at a time, then one by one: unlike the short-command loops, these must not write past the end.
void copy_reversing_bits(const std::uint8_t* from, std::size_t count, std::uint8_t* to) noexcept {
    std::size_t k = 0;
    for (; count - k >= sizeof(std::uint64_t); k += sizeof(std::uint64_t)) {
        const std::uint64_t word = reverse_bits_in_bytes(load_word(from + k));
        std::memcpy(to + k, &word, sizeof word);
    }
    for (; k < count; ++k) to[k] = reverse_bits(from[k]);
}

void copy_backward(const std::uint8_t* last, std::size_t count, std::uint8_t* to) noexcept {
    std::size_t k = 0;
    for (; count - k >= sizeof(std::uint64_t); k += sizeof(std::uint64_t)) {
        const std::uint64_t word = reverse_bytes(load_word(last - k - (sizeof word - 1)));
        std::memcpy(to + k, &word, sizeof word);
    }
    for (; k < count; ++k) to[k] = *(last - k);
}

// Extends the first `period` bytes periodically to `size` bytes; the finished part doubles each time.
void repeat(std::uint8_t* bytes, std::size_t period, std::size_t size) noexcept {
    for (std::size_t done = period; done < size;) {
        const std::size_t part = std::min(done, size - done);
        std::memcpy(bytes + done, bytes, part);
        done += part;
    }
}

// A bit-reversed copy to `period` bytes past its source. Its own output, read back, is reversed again, so the third
// period equals the first.
void reverse_periodically(const std::uint8_t* from, std::size_t period, std::size_t count, std::uint8_t* to) noexcept {
    const std::size_t once = std::min(period, count);
    copy_reversing_bits(from, once, to);
    copy_reversing_bits(to, std::min(period, count - once), to + once);
    repeat(to, 2 * period, count);
}

template <Mode mode>
class Decoder {
  public:
    Decoder(std::span<const std::uint8_t> in, std::size_t offset, std::span<std::uint8_t> out) noexcept
        : begin_(offset), capped_(in.size() - offset > kMaxPacked) {
        const std::size_t end = capped_ ? offset + kMaxPacked : in.size();
        cursor_ = {in.data(), offset, end, out.data(), 0, std::min(out.size(), kMaxOutput)};
    }

    DecodeResult run(ShortCommands short_commands) noexcept {
        for (;;) {
            short_commands(cursor_);
            const Step step = careful_step();
            if (step.done) return finish(step);
        }
    }

  private:
    struct Step {
        bool done;
        Status status = Status::ok;
        std::size_t reference = 0;
    };

    DecodeResult finish(const Step& step) const noexcept {
        if (step.status == Status::ok) return {Status::ok, cursor_.written, cursor_.at - begin_, 0, 0};
        return {step.status, cursor_.written, 0, cursor_.at, step.reference};
    }

    // Runs one command of any kind within exact bounds; on a fault nothing has been written.
    Step careful_step() noexcept {
        if (cursor_.at == cursor_.end) return cut_off();
        const unsigned head = read_once(cursor_.in + cursor_.at);
        if (head == kTerminator) {
            ++cursor_.at;
            return {true};
        }
        Command command = short_command(head);
        if (command.kind == kLong) {
            if (cursor_.end - cursor_.at < 2) return cut_off();
            command = long_command(head, read_once(cursor_.in + cursor_.at + 1));
        }
        const std::size_t packed = command.header + command.arguments();
        if (cursor_.end - cursor_.at < packed) return cut_off();
        if (cursor_.limit - cursor_.written < command.output()) return {true, Status::output_too_long};
        const std::uint8_t* const arguments = cursor_.in + cursor_.at + command.header;
        if (command.is_reference()) {
            const std::size_t from = read_reference(arguments);
            const Status status = check_reference(command, from);
            if (status != Status::ok) return {true, status, from};
            write_reference(command, from);
        } else {
            write_literal(command, arguments);
        }
        cursor_.at += packed;
        cursor_.written += command.output();
        return {false};
    }

    [[nodiscard]] Step cut_off() const noexcept { return {true, capped_ ? Status::input_too_long : Status::truncated}; }

    [[nodiscard]] Status check_reference(const Command& command, std::size_t from) const noexcept {
        if (command.kind == kBackwardCopy) {
            if (from + 1 < command.count) return Status::reference_before_start;
        } else if (mode == Mode::compatible && from + command.count > kMaxOutput) {
            return Status::reference_past_window;
        }
        return mode == Mode::strict && from >= cursor_.written ? Status::reference_past_output : Status::ok;
    }

    void write_literal(const Command& command, const std::uint8_t* arguments) noexcept {
        std::uint8_t* const to = cursor_.out + cursor_.written;
        if (command.kind == kRaw) {
            std::memcpy(to, arguments, command.count);
            return;
        }
        const unsigned first = read_once(arguments);
        if (command.kind == kRle8) {
            std::memset(to, static_cast<int>(first), command.count);
        } else if (command.kind == kSequence) {
            for (std::size_t k = 0; k < command.count; ++k) to[k] = static_cast<std::uint8_t>(first + k);
        } else {
            to[0] = static_cast<std::uint8_t>(first);
            to[1] = static_cast<std::uint8_t>(read_once(arguments + 1));
            repeat(to, 2, 2 * command.count);
        }
    }

    // A copy may read what it has just written: the games copy byte by byte.
    void write_reference(const Command& command, std::size_t from) noexcept {
        std::uint8_t* const to = cursor_.out + cursor_.written;
        if (from >= cursor_.written) {
            write_unwritten(command, from, to);
        } else if (command.kind == kBackwardCopy) {
            copy_backward(cursor_.out + from, command.count, to);
        } else {
            const std::size_t period = cursor_.written - from;  // an overlapping copy repeats with this period
            if (command.kind == kReversedCopy) {
                reverse_periodically(cursor_.out + from, period, command.count, to);
            } else {
                repeat(cursor_.out + from, period, period + command.count);
            }
        }
    }

    // Compatible mode: a source that begins past the output. Unwritten output reads as zero (the games: whatever the
    // last block left there).
    void write_unwritten(const Command& command, std::size_t from, std::uint8_t* to) const noexcept {
        for (std::size_t k = 0; k < command.count; ++k) {
            const std::size_t place = command.kind == kBackwardCopy ? from - k : from + k;
            const std::uint8_t byte = place < cursor_.written + k ? cursor_.out[place] : std::uint8_t{0};
            to[k] = command.kind == kReversedCopy ? reverse_bits(byte) : byte;
        }
    }

    Cursor cursor_{};
    std::size_t begin_;
    bool capped_;  // `end` is the 64 KiB limit, not the end of the input
};

DecodeResult decode_with(ShortCommands short_commands, std::span<const std::uint8_t> in, std::size_t offset, Mode mode,
                         std::span<std::uint8_t> out) noexcept {
    if (offset >= in.size()) return {Status::offset_past_end, 0, 0, offset, 0};
    if (mode == Mode::strict) return Decoder<Mode::strict>(in, offset, out).run(short_commands);
    return Decoder<Mode::compatible>(in, offset, out).run(short_commands);
}

}  // namespace

DecodeResult decode(std::span<const std::uint8_t> in, std::size_t offset, Mode mode,
                    std::span<std::uint8_t> out) noexcept {
    return decode_with(short_commands_for(simd()), in, offset, mode, out);
}

DecodeResult decode_carefully(std::span<const std::uint8_t> in, std::size_t offset, Mode mode,
                              std::span<std::uint8_t> out) noexcept {
    return decode_with([](Cursor&) noexcept {}, in, offset, mode, out);
}

std::string describe(const DecodeResult& result, std::string_view format) {
    const std::string written = std::to_string(result.size);
    const std::string reference = std::to_string(result.reference);
    switch (result.status) {
        case Status::ok:
            return {};
        case Status::offset_past_end:
            return "the offset is outside the input; pass an offset inside it";
        case Status::truncated:
            return "the input ends before the stream does (no terminator FF); it is not valid " + std::string(format) +
                   " data, or it is truncated";
        case Status::input_too_long:
            return "the packed stream exceeds 65,536 bytes, more than a game can address";
        case Status::output_too_long:
            return "the output exceeds the limit of 65,536 bytes (" + written + " bytes written so far)";
        case Status::reference_past_output:
            return "reference to output byte " + reference + ", but only " + written +
                   " bytes are written so far (strict decoding)";
        case Status::reference_past_window:
            return "copy from output byte " + reference + " ends past the 65,536 bytes of output";
        case Status::reference_before_start:
            return "backward copy from output byte " + reference + " runs past the first byte of the output";
        case Status::distance_before_start:
            return "copy from " + reference + " bytes back, but only " + written + " are written so far";
        case Status::unused_command:
            return "command " + reference + ", which no packer writes (strict decoding)";
        case Status::data_too_long:
        case Status::packed_too_long:
            break;  // never set by decode
    }
    return "unknown fault";
}

}  // namespace halscope::hal
