// The differences between the formats that share HAL's headers and commands 0 to 4. Encoding (hal/pack.hpp), the scan
// (hal/scan_step.hpp) and the evidence for ranking (locate/economy.hpp) work on any of them:
//
//     inline constexpr hal::Format kLz2{
//         .copies = hal::Copies::forward, .pair_count = hal::PairCount::bytes, .references = std::endian::big};
//     hal::EncodeResult result = hal::pack<kLz2>(data, hal::Effort::optimal, cancel);
//
// Common to all of them: short and long headers, their largest counts, the terminator FF, and two-byte references that
// hold an absolute output offset.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

#include "hal/command.hpp"

namespace halscope::hal {

// Meaning of commands 5 to 7. Command 4 is a forward copy from an absolute offset in every format.
enum class Copies : std::uint8_t {
    forward,   // unused
    mirrored,  // 5 reverses the bits, 6 copies backward; 7 is never written
    near,      // 5 inverts every bit; 6 and 7 hold a distance of one byte, and 7 also inverts
};

// Commands 5 to 7 of Copies::near.
inline constexpr unsigned kInvertedCopy = 5;
inline constexpr unsigned kNearCopy = 6;
inline constexpr unsigned kNearInvertedCopy = 7;
inline constexpr std::size_t kNearWindow = 255;  // the largest distance that fits one byte

// A header 111 111 hh holds command 7, but FF is the terminator, so hh is at most 2.
inline constexpr std::size_t kLongSevenCount = 768;

// Unit of kRle16's count.
enum class PairCount : std::uint8_t {
    pairs,  // up to 2048 bytes, always even
    bytes,  // up to 1024; an odd count ends on the pair's first byte
};

struct Format {
    Copies copies;
    PairCount pair_count;
    std::endian references;  // byte order of their two bytes

    // Bytes after the header.
    [[nodiscard]] constexpr std::size_t arguments(const Command& command) const noexcept {
        return copies == Copies::near && command.kind >= kNearCopy ? 1 : command.arguments();
    }
    [[nodiscard]] constexpr std::size_t output(const Command& command) const noexcept {
        return pair_count == PairCount::pairs ? command.output() : command.count;
    }
    [[nodiscard]] constexpr bool inverts(unsigned kind) const noexcept {
        return copies == Copies::near && (kind == kInvertedCopy || kind == kNearInvertedCopy);
    }
    // The output offset that a reference names, from its first two bytes; `written` bytes precede it. A near copy may
    // begin before the output: the result then wraps to a number larger than `written`.
    [[nodiscard]] constexpr std::size_t source(unsigned kind, unsigned first, unsigned second,
                                               std::size_t written) const noexcept {
        if (copies == Copies::near && kind >= kNearCopy) return written - first;
        return references == std::endian::big ? std::size_t{first} << 8 | second : std::size_t{second} << 8 | first;
    }
};

inline constexpr Format kHalFormat{
    .copies = Copies::mirrored, .pair_count = PairCount::pairs, .references = std::endian::big};

}  // namespace halscope::hal
