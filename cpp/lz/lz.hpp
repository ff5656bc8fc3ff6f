// Nintendo's LC_LZ1 and LC_LZ2: decode, encode and scan. Close relatives of HAL's format, whose headers, limits,
// results and machinery they share; what is said of memory safety in hal/hal.hpp holds here too.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/cancel.hpp"
#include "hal/format.hpp"
#include "hal/hal.hpp"

namespace halscope::lz {

enum class Format : std::uint8_t {
    lz1,  // Zelda 3's decoder at $00:E7DE
    lz2,  // Super Mario World's at $00:B87E, Zelda 3's second at $02:FC1F
};

inline constexpr hal::Format kLz1{
    .copies = hal::Copies::forward, .pair_count = hal::PairCount::bytes, .references = std::endian::little};
inline constexpr hal::Format kLz2{
    .copies = hal::Copies::forward, .pair_count = hal::PairCount::bytes, .references = std::endian::big};

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

// As hal::encode, whose faults hal::describe words.
[[nodiscard]] EncodeResult encode(std::span<const std::uint8_t> data, Format format, Effort effort = Effort::optimal,
                                  const CancelToken* cancel = nullptr);

// As hal::scan.
[[nodiscard]] std::vector<Candidate> scan(std::span<const std::uint8_t> rom, Format format, std::size_t window = 0,
                                          Mode mode = Mode::strict, std::size_t threads = 0,
                                          const CancelToken* cancel = nullptr);

}  // namespace halscope::lz
