// Asking the system for huge pages; where it has none to ask for, nothing happens.
#pragma once
#include <cstddef>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace halscope {

// Backs this memory with huge pages when it is first touched. Both arguments are multiples of a huge page (2 MiB).
inline void prefer_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t size) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    madvise(memory, size, MADV_HUGEPAGE);  // a hint: on an error the pages stay small
#endif
}

}  // namespace halscope
