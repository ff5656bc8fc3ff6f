// Memory for decoded blocks that is used again while its pages are still there. A block from the system costs a page
// fault for each 4 KiB, which takes longer than decoding into it, and what is freed goes back to the system soon.
#pragma once
#include <cstddef>
#include <cstdint>

namespace halscope {

// What is recycled comes in steps of this many bytes, up to the largest block; other sizes are the caller's business.
inline constexpr std::size_t kRecycledStep = 0x1000;
inline constexpr std::size_t kRecycledMost = 0x10000;

// How much unused memory a process keeps for later blocks.
inline constexpr std::size_t kRecycledKept = std::size_t{4} << 20;

// `size` bytes (1 to kRecycledMost) with anything in them. From any thread; throws std::bad_alloc.
[[nodiscard]] std::uint8_t* take_memory(std::size_t size);

// Gives back what take_memory(size) gave. From any thread.
void give_memory(std::uint8_t* memory, std::size_t size) noexcept;

// The bytes that wait to be used again.
[[nodiscard]] std::size_t kept_memory() noexcept;

}  // namespace halscope
