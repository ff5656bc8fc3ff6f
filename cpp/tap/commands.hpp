// The commands that a reader sends back to the emulator: what they mean, and how they lie in the ring.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace halscope::tap {

// In the ring a command is kind | payload bytes << 32, then its id, then the payload, filled up to whole words.
inline constexpr std::size_t kCommandHeadWords = 2;
inline constexpr std::uint64_t kMostCommandId = ~std::uint64_t{0} >> 8;  // its outcome shares a word with it

enum class CommandKind : std::uint32_t { write = 1, message = 2, outlines = 3, load_state = 4, reset = 5 };

// A memory that a command writes to. `state` is the core's serialized state: the core is made to serialize, the bytes
// are changed, and the state is loaded back; so the core notices the change whatever it has cached.
enum class Space : std::uint32_t { rom = 0, vram = 1, wram = 2, state = 3, save = 4, iram = 5 };
inline constexpr std::size_t kSpaces = 6;

struct MemoryWrite {
    Space space{};
    std::uint32_t offset = 0;
    std::span<const std::uint8_t> data;
    std::span<const std::uint8_t> expected;  // empty: whatever is there
};

struct Rectangle {
    std::int32_t x = 0, y = 0, width = 0, height = 0;
    std::uint32_t colour = 0;  // 0xRRGGBB
    std::string label;         // UTF-8
};

inline constexpr std::size_t kMostRectangles = 256;
inline constexpr std::size_t kMostMessageBytes = 1024;

// Parse a payload; empty if it is malformed. A write's spans point into the payload.
//   write: u32 count; each: u32 space, offset, data bytes, expected bytes (0 or as many), then both
//   outlines: u32 count; each: i32 x, y, width, height, u32 colour; then, if any has a label, for each: u8 bytes, UTF-8
//   message: UTF-8 text
[[nodiscard]] std::optional<std::vector<MemoryWrite>> parse_writes(std::span<const std::uint8_t> payload);
[[nodiscard]] std::optional<std::vector<Rectangle>> parse_outlines(std::span<const std::uint8_t> payload);
[[nodiscard]] std::optional<std::string> parse_message(std::span<const std::uint8_t> payload);

}  // namespace halscope::tap
