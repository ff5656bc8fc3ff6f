#include "core/recycled_memory.hpp"

#include <array>
#include <mutex>
#include <new>

namespace halscope {
namespace {

struct Unused {
    Unused* next;
};

// Whoever finds it locked does without: nobody waits for it, nor does a forked process whose parent held it.
struct Shelf {
    std::mutex lock;
    std::array<Unused*, kRecycledMost / kRecycledStep> unused{};
    std::size_t kept = 0;
};

Shelf& shelf() {
    static Shelf& forever = *new Shelf;  // blocks may outlive every static object
    return forever;
}

constexpr std::size_t step_of(std::size_t size) noexcept {
    return (size - 1) / kRecycledStep;
}

constexpr std::size_t room_of(std::size_t size) noexcept {
    return (step_of(size) + 1) * kRecycledStep;
}

}  // namespace

std::uint8_t* take_memory(std::size_t size) {
    Shelf& all = shelf();
    if (const std::unique_lock held(all.lock, std::try_to_lock); held) {
        Unused*& first = all.unused[step_of(size)];
        if (first != nullptr) {
            Unused* const taken = first;
            first = taken->next;
            all.kept -= room_of(size);
            return reinterpret_cast<std::uint8_t*>(taken);
        }
    }
    return static_cast<std::uint8_t*>(::operator new(room_of(size)));
}

void give_memory(std::uint8_t* memory, std::size_t size) noexcept {
    Shelf& all = shelf();
    if (const std::unique_lock held(all.lock, std::try_to_lock); held && all.kept + room_of(size) <= kRecycledKept) {
        Unused*& first = all.unused[step_of(size)];
        first = new (memory) Unused{first};
        all.kept += room_of(size);
        return;
    }
    ::operator delete(memory);
}

}  // namespace halscope
