#include "tap/frame_memory.hpp"

#include <array>
#include <atomic>
#include <new>
#include <thread>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <sys/mman.h>
#endif

namespace halscope::tap {
namespace {

// Straight from the system, so that it goes back to it whatever lies beside it.
void* map(std::size_t size) {
#if defined(_WIN32)
    void* const memory = VirtualAlloc(nullptr, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (memory == nullptr) throw std::bad_alloc();
#else
    void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
#endif
    return memory;
}

void unmap(void* memory, [[maybe_unused]] std::size_t size) noexcept {
#if defined(_WIN32)
    VirtualFree(memory, 0, MEM_RELEASE);
#else
    munmap(memory, size);
#endif
}

struct Buffer {
    void* memory = nullptr;
    std::size_t size = 0;
};

// A busy list is not waited for: in a forked process, another thread of its parent may keep it busy for ever.
struct Idle {
    std::atomic<bool> busy = false;
    std::array<Buffer, kIdleBuffers> buffers{};  // the one used last is the last
    std::size_t count = 0;

    [[nodiscard]] bool try_lock() noexcept {
        constexpr int kTurns = 64;
        for (int turn = 0; turn < kTurns; ++turn) {
            if (!busy.load(std::memory_order_relaxed) && !busy.exchange(true, std::memory_order_acquire)) return true;
            std::this_thread::yield();
        }
        return false;
    }
    void unlock() noexcept { busy.store(false, std::memory_order_release); }

    void remove(std::size_t place) noexcept {
        for (std::size_t n = place + 1; n < count; ++n) buffers[n - 1] = buffers[n];
        --count;
    }
};

Idle& idle() {
    static Idle& forever = *new Idle;  // never destroyed: frames may outlive every static object
    return forever;
}

}  // namespace

void* take_frame_memory(std::size_t size) {
    Idle& list = idle();
    if (list.try_lock()) {
        void* found = nullptr;
        for (std::size_t n = list.count; n > 0 && found == nullptr; --n) {
            if (list.buffers[n - 1].size != size) continue;
            found = list.buffers[n - 1].memory;
            list.remove(n - 1);
        }
        list.unlock();
        if (found != nullptr) return found;
    }
    return map(size);
}

void drop_frame_memory(void* memory, std::size_t size) noexcept {
    Idle& list = idle();
    Buffer rest{memory, size};  // what goes back to the system
    if (list.try_lock()) {
        rest = {};
        if (list.count == kIdleBuffers) {
            rest = list.buffers.front();
            list.remove(0);
        }
        list.buffers[list.count++] = {memory, size};
        list.unlock();
    }
    if (rest.memory != nullptr) unmap(rest.memory, rest.size);
}

std::size_t idle_frame_buffers() noexcept {
    Idle& list = idle();
    if (!list.try_lock()) return 0;
    const std::size_t count = list.count;
    list.unlock();
    return count;
}

}  // namespace halscope::tap
