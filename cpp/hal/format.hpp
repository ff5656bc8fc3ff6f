// What sets apart the formats that share HAL's headers and its commands 0 to 4. Encoding (hal/pack.hpp), the scan
// (hal/scan_step.hpp) and the ranking's evidence (locate/economy.hpp) work on any of them:
//
//     inline constexpr hal::Format kLz2{
//         .copies = hal::Copies::forward, .pair_count = hal::PairCount::bytes, .references = std::endian::big};
//     hal::EncodeResult result = hal::pack<kLz2>(data, hal::Effort::optimal, cancel);
//
// Everything else is the same in all of them: the short and the long header, their longest counts, FF at the end, and
// references of two bytes that name an absolute offset of the output.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

#include "hal/command.hpp"

namespace halscope::hal {

// What commands 5 to 7 are; command 4 is a forward copy from an absolute offset in all formats.
enum class Copies : std::uint8_t {
    forward,   // not used
    mirrored,  // 5 reverses the bits, 6 goes backward; 7 is never written
    near,      // 5 inverts every bit; 6 and 7 name the distance back in one byte, and 7 inverts too
};

// The commands 5 to 7 of Copies::near.
inline constexpr unsigned kInvertedCopy = 5;
inline constexpr unsigned kNearCopy = 6;
inline constexpr unsigned kNearInvertedCopy = 7;
inline constexpr std::size_t kNearWindow = 255;  // the largest distance that one byte names

// A header 111 111 hh has a command 7, but FF ends the stream: hh is 0 to 2.
inline constexpr std::size_t kLongSevenCount = 768;

// What the count of kRle16 counts.
enum class PairCount : std::uint8_t {
    pairs,  // up to 2048 bytes, always an even number
    bytes,  // up to 1024; an odd number ends on the pair's first byte
};

struct Format {
    Copies copies;
    PairCount pair_count;
    std::endian references;  // order of their two bytes

    // Bytes behind the header.
    [[nodiscard]] constexpr std::size_t arguments(const Command& command) const noexcept {
        return copies == Copies::near && command.kind >= kNearCopy ? 1 : command.arguments();
    }
    [[nodiscard]] constexpr std::size_t output(const Command& command) const noexcept {
        return pair_count == PairCount::pairs ? command.output() : command.count;
    }
    [[nodiscard]] constexpr bool inverts(unsigned kind) const noexcept {
        return copies == Copies::near && (kind == kInvertedCopy || kind == kNearInvertedCopy);
    }
    // The output byte that a reference names, from its first two bytes; `written` bytes stand before it. A near copy
    // may name one before the output's first byte: a number larger than `written`.
    [[nodiscard]] constexpr std::size_t source(unsigned kind, unsigned first, unsigned second,
                                               std::size_t written) const noexcept {
        if (copies == Copies::near && kind >= kNearCopy) return written - first;
        return references == std::endian::big ? std::size_t{first} << 8 | second : std::size_t{second} << 8 | first;
    }
};

inline constexpr Format kHalFormat{
    .copies = Copies::mirrored, .pair_count = PairCount::pairs, .references = std::endian::big};

}  // namespace halscope::hal
