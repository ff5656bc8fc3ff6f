// Page protection and the faults that it causes; what platforms do differently about it is in pages_posix.cpp and
// pages_windows.cpp.
#pragma once
#include <cstddef>
#include <cstdint>

namespace halscope::trace {

// Bytes of a page, a power of two.
[[nodiscard]] std::size_t page_bytes() noexcept;

// Takes every access to these pages away, or gives reading and writing back. Both may be called while a fault is
// handled. They return false where the system refuses, for example because the memory is no longer mapped.
bool protect_pages(std::uint8_t* first, std::size_t bytes) noexcept;
bool open_pages(std::uint8_t* first, std::size_t bytes) noexcept;

// Handles an access that the system refused, on the thread that made it. Returns whether the access is to be made
// again; all other faults are passed on to whoever handled them before. Must not allocate, lock or throw.
using OnFault = bool (*)(std::uint8_t* address) noexcept;

// Has all faults of the process come to `on_fault` first, also if another handler was installed since the last call.
// Not for several threads at once. Returns false where the system refuses.
bool catch_faults(OnFault on_fault) noexcept;

// Restores the handler that was there before, unless another one was installed meanwhile: that one may pass faults on
// to ours, which then passes them on to the one before.
void release_faults() noexcept;

}  // namespace halscope::trace
