// Memory for decoded blocks. A decoder writes into its thread's window, and a block keeps the part that it filled:
// nothing is copied. Blocks that are kept come from huge pages, because a page fault per 4 KiB takes as long as
// decoding them; what is dropped is used again.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace halscope {

inline constexpr std::size_t kOutputWindow = 0x10000;  // bytes: the most that a decoder writes
inline constexpr std::size_t kOutputUnit = 0x400;      // blocks are cut at multiples of this
inline constexpr std::size_t kSlabSize = std::size_t{2} << 20;
inline constexpr std::size_t kEmptySlabsKept = 2;  // more are returned to the system

// The calling thread's window, kOutputWindow bytes with unspecified contents: the same until keep_output. Throws
// std::bad_alloc.
[[nodiscard]] std::span<std::uint8_t> output_window();

// Hands over the first `size` bytes (1 to kOutputWindow) of the calling thread's window.
[[nodiscard]] std::uint8_t* keep_output(std::size_t size) noexcept;

// Returns memory from keep_output(size), on any thread.
void drop_output(std::uint8_t* memory, std::size_t size) noexcept;

// Slabs that the process holds now, with or without blocks in them.
[[nodiscard]] std::size_t output_slabs() noexcept;

}  // namespace halscope
