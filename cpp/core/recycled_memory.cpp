#include "core/recycled_memory.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <new>

namespace halscope {
namespace {

struct Unused {
    Unused* next;
};

// A locked shelf is skipped, never waited for. This also keeps a forked process safe whose parent held the lock.
struct alignas(128) Shelf {
    std::mutex lock;
    std::array<Unused*, kRecycledMost / kRecycledStep> unused{};
};

// Each thread prefers its own shelf as far as there are enough: memory in another core's cache is as slow to write as
// new memory. The other shelves are tried too, because a block decoded by one thread may be freed by another.
struct Shelves {
    std::array<Shelf, 4> all;
    std::atomic<std::size_t> kept = 0;
    std::atomic<std::size_t> threads = 0;
};

Shelves& shelves() {
    static Shelves& forever = *new Shelves;  // never destroyed: blocks may outlive every static object
    return forever;
}

// Calls `use` with each shelf that it can lock, this thread's first, until `use` returns true. False if it never does.
template <typename Use>
bool any_shelf(Use use) noexcept {
    Shelves& shared = shelves();
    thread_local const std::size_t own = shared.threads.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t k = 0; k < shared.all.size(); ++k) {
        Shelf& shelf = shared.all[(own + k) % shared.all.size()];
        const std::unique_lock held(shelf.lock, std::try_to_lock);
        if (held && use(shelf)) return true;
    }
    return false;
}

constexpr std::size_t step_of(std::size_t size) noexcept {
    return (size - 1) / kRecycledStep;
}

constexpr std::size_t room_of(std::size_t size) noexcept {
    return (step_of(size) + 1) * kRecycledStep;
}

}  // namespace

std::uint8_t* take_memory(std::size_t size) {
    Unused* taken = nullptr;
    const bool found = any_shelf([&](Shelf& shelf) noexcept {
        Unused*& first = shelf.unused[step_of(size)];
        if (first == nullptr) return false;
        taken = first;
        first = taken->next;
        return true;
    });
    if (!found) return static_cast<std::uint8_t*>(::operator new(room_of(size)));
    shelves().kept.fetch_sub(room_of(size), std::memory_order_relaxed);
    return reinterpret_cast<std::uint8_t*>(taken);
}

void give_memory(std::uint8_t* memory, std::size_t size) noexcept {
    std::atomic<std::size_t>& kept = shelves().kept;
    if (kept.fetch_add(room_of(size), std::memory_order_relaxed) + room_of(size) <= kRecycledKept) {
        const bool shelved = any_shelf([&](Shelf& shelf) noexcept {
            Unused*& first = shelf.unused[step_of(size)];
            first = new (memory) Unused{first};
            return true;
        });
        if (shelved) return;
    }
    kept.fetch_sub(room_of(size), std::memory_order_relaxed);
    ::operator delete(memory);
}

std::size_t kept_memory() noexcept {
    return shelves().kept.load(std::memory_order_relaxed);
}

}  // namespace halscope
