// Asking the system for huge pages; where it has none to ask for, nothing happens.
#pragma once
#include <cstddef>
#include <memory>
#include <new>

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

// Backs large arrays with huge pages: a page fault per 4 KiB takes as long as filling it.
template <typename T>
struct HugePageAllocator {
    using value_type = T;

    HugePageAllocator() noexcept = default;
    template <typename U>
    explicit(false) HugePageAllocator(const HugePageAllocator<U>& /*other*/) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) {
        const std::size_t size = count * sizeof(T);
        if (size < kHugePage) return std::allocator<T>().allocate(count);
        const std::size_t whole = (size + kHugePage - 1) / kHugePage * kHugePage;
        void* const memory = ::operator new(whole, std::align_val_t{kHugePage});
        prefer_huge_pages(memory, whole);
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        if (count * sizeof(T) < kHugePage) return std::allocator<T>().deallocate(memory, count);
        ::operator delete(memory, std::align_val_t{kHugePage});
    }
    bool operator==(const HugePageAllocator& /*other*/) const noexcept { return true; }

  private:
    static constexpr std::size_t kHugePage = std::size_t{2} << 20;
};

}  // namespace halscope
