// HAL Laboratory's compression: decode, encode and scan; the library's public interface. Bad data yields a status,
// never an exception, and never a read or write outside the given spans.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.hpp"
#include "core/huge_pages.hpp"

namespace halscope::hal {

// The games address both the output and the packed input with 16 bits.
inline constexpr std::size_t kMaxOutput = 0x10000;
inline constexpr std::size_t kMaxPacked = 0x10000;

enum class Mode : std::uint8_t {
    strict,      // every reference begins inside output that has already been written
    compatible,  // references need only stay inside the 64 KiB of output; unwritten output reads as zero
};

enum class Status : std::uint8_t {
    ok,
    offset_past_end,         // no byte exists at the given offset
    truncated,               // the input ends before the stream does
    input_too_long,          // the packed stream exceeds kMaxPacked
    output_too_long,         // the output exceeds kMaxOutput, or the caller's buffer if that is smaller
    reference_past_output,   // strict: a copy begins at output that is not yet written
    reference_past_window,   // compatible: a copy ends past the 64 KiB of output
    reference_before_start,  // a backward copy runs past the first byte of the output
    distance_before_start,   // related formats only: a near copy begins before the output
    unused_command,          // strict, related formats only: a command that no packer writes
    data_too_long,           // encode: more than kMaxOutput bytes to pack
    packed_too_long,         // encode: the packed stream would exceed kMaxPacked
};

struct DecodeResult {
    Status status = Status::ok;
    std::size_t size = 0;       // bytes written; on a fault, those written before the faulty command
    std::size_t consumed = 0;   // length of the packed stream, terminator included; 0 on a fault
    std::size_t fault = 0;      // where the faulty command begins in `in`
    std::size_t reference = 0;  // the output offset, distance or command that caused the fault
};

// Decodes the stream that begins at in[offset]. `out` is never written past its end; 65,536 bytes are always enough.
// Bytes of `out` past `size` are unspecified. Each byte of `in` that affects control flow is read once: if another
// thread changes the buffer meanwhile, the result is unspecified but memory stays safe.
[[nodiscard]] DecodeResult decode(std::span<const std::uint8_t> in, std::size_t offset, Mode mode,
                                  std::span<std::uint8_t> out) noexcept;

// A description of the fault, without its offset; empty for Status::ok. `format` is the format's name in messages.
[[nodiscard]] std::string describe(const DecodeResult& result, std::string_view format = "HAL");

enum class Effort : std::uint8_t {
    optimal,  // the smallest stream that exists
    fast,     // 1 or 2 % larger on most graphics, six times as fast
};

struct EncodeResult {
    Status status = Status::ok;
    std::vector<std::uint8_t> packed;  // empty on a fault
    std::size_t fault = 0;             // where in `data` the limit is exceeded
};

// Packs 0 to 65,536 bytes (0 bytes: a lone terminator) into a strict stream. Long command 7 is never written, because
// decoders disagree about it. Throws Cancelled within a few milliseconds of `cancel` being raised, whatever the data.
[[nodiscard]] EncodeResult encode(std::span<const std::uint8_t> data, Effort effort = Effort::optimal,
                                  const CancelToken* cancel = nullptr);

// A description of the fault, without its offset; empty for Status::ok.
[[nodiscard]] std::string describe(const EncodeResult& result);

// A stream that `decode` accepts, as found by `scan`. Its end, shared by its whole family, is offset + packed_size.
struct Candidate {
    std::uint32_t offset;
    std::uint32_t packed_size;  // terminator included
    std::uint32_t size;         // decoded, 1 to 65,536
};
using Candidates = std::vector<Candidate, HugePageAllocator<Candidate>>;

// Every offset of `rom` at which a stream of `mode` with at least one byte of output begins, ascending. No stream
// crosses a multiple of `window` bytes (a LoROM bank's edge); 0: no such edge. `rom` must be shorter than 4 GiB.
// `threads`: threads to use, each for one part of the ROM; 0: as many as are worthwhile, at most two. Throws Cancelled
// soon after `cancel` is raised; it is checked every few microseconds.
[[nodiscard]] Candidates scan(std::span<const std::uint8_t> rom, std::size_t window = 0, Mode mode = Mode::strict,
                              std::size_t threads = 0, const CancelToken* cancel = nullptr);

}  // namespace halscope::hal
