// Nintendo's LC_LZ1 and LC_LZ2: decode, encode and scan. Close relatives of HAL's format, whose headers, limits, results
// and machinery they share; what is said of memory safety in hal/hal.hpp holds here too.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hal/hal.hpp"

namespace halscope::lz {

// All that the two differ in is which byte of a reference comes first.
enum class Format : std::uint8_t {
    lz1,  // low byte first (Zelda 3's decoder at $00:E7DE)
    lz2,  // high byte first (Super Mario World's at $00:B87E)
};

using hal::Candidate;
using hal::DecodeResult;
using hal::Effort;
using hal::EncodeResult;
using hal::kMaxOutput;
using hal::kMaxPacked;
using hal::Mode;
using hal::Status;

// As hal::decode. Commands 5 to 7, which no packer writes: strict refuses them, compatible takes them for copies, as
// the games' decoders do (they test the sign of the command's byte).
[[nodiscard]] DecodeResult decode(std::span<const std::uint8_t> in, std::size_t offset, Format format, Mode mode,
                                  std::span<std::uint8_t> out) noexcept;

// The fault in words, without its offset; empty for Status::ok.
[[nodiscard]] std::string describe(const DecodeResult& result);

}  // namespace halscope::lz
