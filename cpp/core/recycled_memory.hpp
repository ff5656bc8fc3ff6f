// Recycled memory for decoded blocks, whose pages are already mapped. A fresh block costs a page fault per 4 KiB, which
// takes longer than decoding into it, and freed memory soon goes back to the system.
#pragma once
#include <cstddef>
#include <cstdint>

namespace halscope {

// Recycled blocks come in steps of this many bytes, up to the largest block; other sizes are left to the caller.
inline constexpr std::size_t kRecycledStep = 0x1000;
inline constexpr std::size_t kRecycledMost = 0x10000;

// The most unused memory that a process keeps for later blocks.
inline constexpr std::size_t kRecycledKept = std::size_t{4} << 20;

// `size` bytes (1 to kRecycledMost) with unspecified contents. Thread-safe; throws std::bad_alloc.
[[nodiscard]] std::uint8_t* take_memory(std::size_t size);

// Returns memory from take_memory(size). Thread-safe.
void give_memory(std::uint8_t* memory, std::size_t size) noexcept;

// Bytes currently kept for reuse.
[[nodiscard]] std::size_t kept_memory() noexcept;

}  // namespace halscope
