// The commands of a HAL stream, shared by decoder, encoder and scan (source: the decoders of EarthBound and Kirby Super
// Star). hal/format.hpp lists how related formats differ.
//   short: ccc lllll            count 1 to 32
//   long:  111 ccc hh llllllll  count 1 to 1024
#pragma once
#include <cstddef>
#include <cstdint>

namespace halscope::hal {

inline constexpr std::uint8_t kTerminator = 0xFF;
inline constexpr std::size_t kShortCount = 32;
inline constexpr std::size_t kLongCount = 1024;

enum Kind : std::uint8_t {
    kRaw = 0,
    kRle8 = 1,
    kRle16 = 2,     // `count` pairs, so up to 2048 bytes
    kSequence = 3,  // b, b+1, ... modulo 256
    kCopy = 4,
    kReversedCopy = 5,  // the bits of each byte reversed
    kBackwardCopy = 6,  // the reference names the source's last byte
    kLong = 7,          // marks a long header; as the kind inside a long header it decodes like kCopy
};

struct Command {
    unsigned kind = kLong;
    std::size_t count = 0;
    std::size_t header = 0;  // bytes: 1 or 2

    [[nodiscard]] constexpr bool is_reference() const noexcept { return kind >= kCopy; }
    [[nodiscard]] constexpr std::size_t arguments() const noexcept {
        if (kind == kRaw) return count;
        return kind == kRle8 || kind == kSequence ? 1 : 2;
    }
    [[nodiscard]] constexpr std::size_t output() const noexcept { return kind == kRle16 ? 2 * count : count; }
};

// The compiler may neither repeat nor invent this read: the value that was checked is the value that is used, even if
// another thread writes to the buffer.
[[nodiscard]] inline unsigned read_once(const std::uint8_t* byte) noexcept {
    return *static_cast<const volatile std::uint8_t*>(byte);
}

// References are big-endian, unlike everything else on the SNES.
[[nodiscard]] inline std::size_t read_reference(const std::uint8_t* bytes) noexcept {
    return static_cast<std::size_t>(read_once(bytes)) << 8 | read_once(bytes + 1);
}

[[nodiscard]] constexpr Command short_command(unsigned head) noexcept {
    return {head >> 5, (head & 31U) + 1U, 1};
}

[[nodiscard]] constexpr Command long_command(unsigned head, unsigned low) noexcept {
    return {head >> 2 & 7U, ((head & 3U) << 8 | low) + 1U, 2};
}

}  // namespace halscope::hal
