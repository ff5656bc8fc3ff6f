// Decoding: a fast loop for short commands while there is slack on both sides, a careful step for everything else.
//
// Every short command writes at most 32 bytes (RLE16: 64), so one copy of that fixed size does the work without a loop
// whose length the branch predictor has to guess; what it writes too much is overwritten by the next command. That
// needs 33 bytes of input (header and 32 raw bytes) and 64 bytes of output ahead; the careful step has exact bounds,
// names faults, and takes long commands, close overlaps and the last bytes of either buffer.
#include <array>
#include <bit>
#include <cstring>

#include "hal/bits.hpp"
#include "hal/command.hpp"
#include "hal/hal.hpp"

namespace halscope::hal {
namespace {

constexpr std::size_t kInputSlack = 1 + kShortCount;
constexpr std::size_t kOutputSlack = 2 * kShortCount;
constexpr std::size_t kWords = kShortCount / sizeof(std::uint64_t);
using Words = std::array<std::uint64_t, kWords>;

Words load(const std::uint8_t* from) noexcept {
    Words words;
    std::memcpy(words.data(), from, sizeof words);
    return words;
}

void store(std::uint8_t* to, const Words& words) noexcept {
    std::memcpy(to, words.data(), sizeof words);
}

void fill_pairs(std::uint8_t* to, unsigned low, unsigned high) noexcept {
    const unsigned pair = std::endian::native == std::endian::little ? high << 8 | low : low << 8 | high;
    Words words;
    words.fill(pair * 0x0001000100010001U);
    store(to, words);
    store(to + kShortCount, words);
}

void fill_sequence(std::uint8_t* to, unsigned first) noexcept {
    for (unsigned k = 0; k < kShortCount; ++k) to[k] = static_cast<std::uint8_t>(first + k);
}

template <Mode mode>
class Decoder {
  public:
    Decoder(std::span<const std::uint8_t> in, std::size_t offset, std::span<std::uint8_t> out) noexcept
        : in_(in.data()), begin_(offset), at_(offset), out_(out.data()) {
        const std::size_t rest = in.size() - offset;
        capped_ = rest > kMaxPacked;
        end_ = offset + (capped_ ? kMaxPacked : rest);
        limit_ = out.size() < kMaxOutput ? out.size() : kMaxOutput;
    }

    DecodeResult run() noexcept {
        for (;;) {
            while (end_ - at_ >= kInputSlack && limit_ - written_ >= kOutputSlack && fast_step()) {
            }
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
        if (step.status == Status::ok) return {Status::ok, written_, at_ - begin_, 0, 0};
        return {step.status, written_, 0, at_, step.reference};
    }

    // One short command by over-copying; false, and nothing changed, if this is a case for the careful step.
    bool fast_step() noexcept {
        const unsigned head = read_once(in_ + at_);
        const std::size_t count = (head & 31U) + 1U;
        const std::uint8_t* const arguments = in_ + at_ + 1;
        std::uint8_t* const to = out_ + written_;
        switch (head >> 5) {
            case kRaw:
                store(to, load(arguments));
                return advance(1 + count, count);
            case kRle8:
                std::memset(to, static_cast<int>(read_once(arguments)), kShortCount);
                return advance(2, count);
            case kRle16: {
                const unsigned low = read_once(arguments);
                fill_pairs(to, low, read_once(arguments + 1));
                return advance(3, 2 * count);
            }
            case kSequence:
                fill_sequence(to, read_once(arguments));
                return advance(2, count);
            case kCopy: {
                const std::size_t from = read_reference(arguments);
                if (from >= written_ || written_ - from < count) return false;
                store(to, load(out_ + from));
                return advance(3, count);
            }
            case kReversedCopy: {
                const std::size_t from = read_reference(arguments);
                if (from >= written_ || written_ - from < count) return false;
                Words words = load(out_ + from);
                for (std::uint64_t& word : words) word = reverse_bits_in_bytes(word);
                store(to, words);
                return advance(3, count);
            }
            case kBackwardCopy: {
                const std::size_t last = read_reference(arguments);
                if (last >= written_ || last < kShortCount - 1) return false;
                const Words words = load(out_ + last - (kShortCount - 1));
                Words mirrored;
                for (std::size_t k = 0; k < kWords; ++k) mirrored[k] = reverse_bytes(words[kWords - 1 - k]);
                store(to, mirrored);
                return advance(3, count);
            }
            default:
                return false;
        }
    }

    bool advance(std::size_t packed, std::size_t size) noexcept {
        at_ += packed;
        written_ += size;
        return true;
    }

    // One command of any kind within exact bounds; on a fault nothing has changed.
    Step careful_step() noexcept {
        if (at_ == end_) return cut_off();
        const unsigned head = read_once(in_ + at_);
        if (head == kTerminator) {
            ++at_;
            return {true};
        }
        Command command = short_command(head);
        if (command.kind == kLong) {
            if (end_ - at_ < 2) return cut_off();
            command = long_command(head, read_once(in_ + at_ + 1));
        }
        const std::size_t packed = command.header + command.arguments();
        if (end_ - at_ < packed) return cut_off();
        if (limit_ - written_ < command.output()) return {true, Status::output_too_long};
        const std::uint8_t* const arguments = in_ + at_ + command.header;
        if (command.is_reference()) {
            const std::size_t from = read_reference(arguments);
            const Status status = check_reference(command, from);
            if (status != Status::ok) return {true, status, from};
            write_reference(command, from);
        } else {
            write_literal(command, arguments);
        }
        advance(packed, command.output());
        return {false};
    }

    [[nodiscard]] Step cut_off() const noexcept { return {true, capped_ ? Status::input_too_long : Status::truncated}; }

    [[nodiscard]] Status check_reference(const Command& command, std::size_t from) const noexcept {
        if (command.kind == kBackwardCopy) {
            if (from + 1 < command.count) return Status::reference_before_start;
        } else if (mode == Mode::compatible && from + command.count > kMaxOutput) {
            return Status::reference_past_window;
        }
        return mode == Mode::strict && from >= written_ ? Status::reference_past_output : Status::ok;
    }

    void write_literal(const Command& command, const std::uint8_t* arguments) noexcept {
        std::uint8_t* const to = out_ + written_;
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
            const unsigned second = read_once(arguments + 1);
            for (std::size_t k = 0; k < command.count; ++k) {
                to[2 * k] = static_cast<std::uint8_t>(first);
                to[2 * k + 1] = static_cast<std::uint8_t>(second);
            }
        }
    }

    // Byte by byte as the games do it: a copy may read what it has just written.
    void write_reference(const Command& command, std::size_t from) noexcept {
        const std::size_t count = command.count;
        std::uint8_t* const to = out_ + written_;
        if (command.kind == kReversedCopy) {
            for (std::size_t k = 0; k < count; ++k) to[k] = reverse_bits(read_output(from + k, k));
        } else if (command.kind == kBackwardCopy) {
            for (std::size_t k = 0; k < count; ++k) to[k] = read_output(from - k, k);
        } else if (from < written_ && written_ - from >= count) {
            std::memcpy(to, out_ + from, count);
        } else {
            for (std::size_t k = 0; k < count; ++k) to[k] = read_output(from + k, k);
        }
    }

    // Output byte `from` when `done` bytes of the present command are written. Strict references never reach further;
    // compatible ones read zero there (the games: whatever the last block left).
    [[nodiscard]] std::uint8_t read_output(std::size_t from, std::size_t done) const noexcept {
        if constexpr (mode == Mode::compatible) {
            if (from >= written_ + done) return 0;
        }
        return out_[from];
    }

    const std::uint8_t* in_;
    std::size_t begin_;
    std::size_t at_;
    std::size_t end_;
    bool capped_;  // end_ is the 64 KiB limit, not the end of the input
    std::uint8_t* out_;
    std::size_t limit_;
    std::size_t written_ = 0;
};

}  // namespace

DecodeResult decode(std::span<const std::uint8_t> in, std::size_t offset, Mode mode,
                    std::span<std::uint8_t> out) noexcept {
    if (offset >= in.size()) return {Status::offset_past_end, 0, 0, offset, 0};
    if (mode == Mode::strict) return Decoder<Mode::strict>(in, offset, out).run();
    return Decoder<Mode::compatible>(in, offset, out).run();
}

std::string describe(const DecodeResult& result) {
    const std::string written = std::to_string(result.size);
    const std::string reference = std::to_string(result.reference);
    switch (result.status) {
        case Status::ok:
            return {};
        case Status::offset_past_end:
            return "the offset lies outside the input; give one inside it";
        case Status::truncated:
            return "the input ends inside the stream (no terminator FF); this is no HAL stream, or it is cut off";
        case Status::input_too_long:
            return "the packed stream passes 65,536 bytes, more than a game can address";
        case Status::output_too_long:
            return "the output passes the limit of 65,536 bytes (" + written + " are written)";
        case Status::reference_past_output:
            return "reference to output byte " + reference + ", but only " + written + " are written (strict decoding)";
        case Status::reference_past_window:
            return "copy from output byte " + reference + " ends behind the 65,536 bytes of output";
        case Status::reference_before_start:
            return "backward copy from output byte " + reference + " runs past the first byte of the output";
        case Status::unused_command:
        case Status::data_too_long:
        case Status::packed_too_long:
            break;  // reported by others
    }
    return "unknown fault";
}

}  // namespace halscope::hal
