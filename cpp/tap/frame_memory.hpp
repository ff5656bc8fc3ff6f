// Memory for the large parts of frames, which are all of the same few sizes: what a dropped frame had, the next one
// gets. From the general allocator they would come out of arenas of several threads, among small pieces that stay, and
// a moment in which many frames wait would leave the process larger for ever.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace halscope::tap {

inline constexpr std::size_t kLargePart = std::size_t{32}
                                          << 10;  // bytes; smaller parts come from the general allocator
inline constexpr std::size_t kIdleBuffers = 24;   // of eight frames of three parts; more are returned to the system

// Memory of `size` bytes (at least 1) with unspecified contents. Throws std::bad_alloc.
[[nodiscard]] void* take_frame_memory(std::size_t size);

// Returns memory from take_frame_memory(size), on any thread.
void drop_frame_memory(void* memory, std::size_t size) noexcept;

// Buffers that wait for the next frames.
[[nodiscard]] std::size_t idle_frame_buffers() noexcept;

// An allocator of bytes, which leaves them unspecified where no value is given.
template <typename T>
struct FrameAllocator {
    using value_type = T;

    FrameAllocator() noexcept = default;
    template <typename U>
    explicit(false) FrameAllocator(const FrameAllocator<U>& /*other*/) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) {
        if (count * sizeof(T) < kLargePart) return std::allocator<T>().allocate(count);
        return static_cast<T*>(take_frame_memory(count * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        if (count * sizeof(T) < kLargePart) return std::allocator<T>().deallocate(memory, count);
        drop_frame_memory(memory, count * sizeof(T));
    }
    template <typename U>
    void construct(U* place) noexcept {
        ::new (static_cast<void*>(place)) U;
    }
    template <typename U, typename... Values>
    void construct(U* place, Values&&... values) {
        ::new (static_cast<void*>(place)) U(std::forward<Values>(values)...);
    }
    bool operator==(const FrameAllocator& /*other*/) const noexcept { return true; }
};

using FrameBytes = std::vector<std::uint8_t, FrameAllocator<std::uint8_t>>;

}  // namespace halscope::tap
