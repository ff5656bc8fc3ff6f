// HAL Laboratory's compression: decode, encode and scan. The library's public face; bad data gives a status, never an
// exception, and no byte outside the given spans is read or written whatever the data says.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.hpp"

namespace halscope::hal {

// The games address output and packed input with 16 bits each.
inline constexpr std::size_t kMaxOutput = 0x10000;
inline constexpr std::size_t kMaxPacked = 0x10000;

enum class Mode : std::uint8_t {
    strict,      // every reference begins inside output that is already written
    compatible,  // references need only stay inside the 64 KiB of output; unwritten output reads as zero
};

enum class Status : std::uint8_t {
    ok,
    offset_past_end,         // there is no byte at the given offset
    truncated,               // the input ends before the stream does
    input_too_long,          // the packed stream passes kMaxPacked
    output_too_long,         // the output passes kMaxOutput, or the caller's buffer if that is smaller
    reference_past_output,   // strict: a copy begins at output that is not written yet
    reference_past_window,   // compatible: a copy ends behind the 64 KiB of output
    reference_before_start,  // a backward copy runs past the first byte of the output
    distance_before_start,   // relatives of this format alone: a near copy begins before the output
    unused_command,          // strict, relatives of this format alone: a command that no packer writes
    data_too_long,           // encode: more than kMaxOutput bytes to pack
    packed_too_long,         // encode: the packed stream would pass kMaxPacked
};

struct DecodeResult {
    Status status = Status::ok;
    std::size_t size = 0;       // bytes written; on a fault, those written before the command at fault
    std::size_t consumed = 0;   // length of the packed stream, terminator included; 0 on a fault
    std::size_t fault = 0;      // where in `in` the command at fault begins
    std::size_t reference = 0;  // the output offset that a faulty reference names, or its distance, or the command
};

// Decodes the stream that begins at in[offset]. `out` is never written past its end; 65,536 bytes are always enough.
// What lies in `out` behind `size` is unspecified. Each byte of `in` decides at most once, so that a buffer which
// another thread changes meanwhile gives an unspecified result and nothing worse.
[[nodiscard]] DecodeResult decode(std::span<const std::uint8_t> in, std::size_t offset, Mode mode,
                                  std::span<std::uint8_t> out) noexcept;

// The fault in words, without its offset; empty for Status::ok. `format` is what messages call the format.
[[nodiscard]] std::string describe(const DecodeResult& result, std::string_view format = "HAL");

enum class Effort : std::uint8_t {
    optimal,  // the smallest stream that exists
    fast,     // a few percent larger, five times as quick
};

struct EncodeResult {
    Status status = Status::ok;
    std::vector<std::uint8_t> packed;  // empty on a fault
    std::size_t fault = 0;             // where in `data` the limit is passed
};

// Packs 0 to 65,536 bytes (none: a lone terminator) into a strict stream without long command 7, which decoders
// disagree on. Throws Cancelled within a few milliseconds after `cancel` is raised, whatever the data.
[[nodiscard]] EncodeResult encode(std::span<const std::uint8_t> data, Effort effort = Effort::optimal,
                                  const CancelToken* cancel = nullptr);

// The fault in words, without its offset; empty for Status::ok.
[[nodiscard]] std::string describe(const EncodeResult& result);

// One stream that `decode` takes, as `scan` finds it. Its end, which its twins share, is offset + packed_size.
struct Candidate {
    std::uint32_t offset;
    std::uint32_t packed_size;  // terminator included
    std::uint32_t size;         // decoded, 1 to 65,536
};

// Every offset of `rom` at which a stream of `mode` with at least one byte of output begins, ascending. No stream
// crosses a multiple of `window` bytes (a LoROM bank's edge); 0: there is no such edge. `rom` is shorter than 4 GiB.
// `threads` share the work, each for a part of the ROM; 0: as many as pay, two at most. Throws Cancelled soon after
// `cancel` is raised, which is looked at every few microseconds.
[[nodiscard]] std::vector<Candidate> scan(std::span<const std::uint8_t> rom, std::size_t window = 0,
                                          Mode mode = Mode::strict, std::size_t threads = 0,
                                          const CancelToken* cancel = nullptr);

}  // namespace halscope::hal
