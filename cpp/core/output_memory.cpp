#include "core/output_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <new>
#include <thread>
#include <vector>

#include "core/cpu.hpp"
#include "core/huge_pages.hpp"

namespace halscope {
namespace {

constexpr std::size_t kUnits = kSlabSize / kOutputUnit;
constexpr std::size_t kWindowUnits = kOutputWindow / kOutputUnit;
constexpr std::size_t kWordUnits = 64;
// What a thread takes at once: room for a window after 64 KiB of blocks, so that small ones rarely take a lock.
constexpr std::size_t kTakenUnits = 2 * kWindowUnits;
static_assert(kWindowUnits == kWordUnits, "find_run counts on it");

constexpr std::size_t units_of(std::size_t size) noexcept {
    return (size + kOutputUnit - 1) / kOutputUnit;
}

struct Lane;

// The first unit of a slab describes it.
struct Slab {
    Lane* lane;
    std::size_t used_units;
    bool listed;                                          // in the lane's `roomy`
    std::array<std::uint64_t, kUnits / kWordUnits> used;  // a bit a unit
};
static_assert(sizeof(Slab) <= kOutputUnit);

Slab& slab_of(const std::uint8_t* memory) noexcept {
    return *reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(memory) & ~(std::uintptr_t{kSlabSize} - 1));
}

// A piece that came back while the lane was busy.
struct Returned {
    Returned* next;
    std::size_t units;
};

// The slabs of some threads. A busy lane is never waited for: a forked process has the lanes that other threads of its
// parent were busy with, and they stay busy for ever.
struct alignas(128) Lane {
    std::atomic<bool> busy = false;
    std::atomic<Returned*> returned = nullptr;
    std::vector<Slab*> roomy;  // slabs that may have room for a window, the last one used last

    [[nodiscard]] bool try_lock() noexcept {
        return !busy.load(std::memory_order_relaxed) && !busy.exchange(true, std::memory_order_acquire);
    }
    void unlock() noexcept { busy.store(false, std::memory_order_release); }
};

// Each thread prefers a lane of its own while there are enough: a cache line that another core has written is slow to
// write.
struct Lanes {
    std::array<Lane, 8> all;
    std::atomic<std::size_t> threads = 0;
    std::atomic<std::size_t> slabs = 0;
    std::atomic<std::size_t> empty = 0;
};

Lanes& lanes() {
    static Lanes& forever = *new Lanes;  // never destroyed: blocks may outlive every static object
    return forever;
}

void list(Slab& slab) noexcept {
    if (slab.listed) return;
    slab.listed = true;
    slab.lane->roomy.push_back(&slab);  // never grows: see add_slab
}

void destroy(Slab& slab) noexcept {
    std::erase(slab.lane->roomy, &slab);
    ::operator delete(&slab, std::align_val_t{kSlabSize});
    lanes().slabs.fetch_sub(1, std::memory_order_relaxed);
}

// Sets or clears the bits of `count` units from `first` on.
void flip(Slab& slab, std::size_t first, std::size_t count) noexcept {
    for (const std::size_t end = first + count; first < end;) {
        const std::size_t bit = first % kWordUnits;
        const std::size_t here = std::min(end - first, kWordUnits - bit);
        slab.used[first / kWordUnits] ^= ~std::uint64_t{0} >> (kWordUnits - here) << bit;
        first += here;
    }
}

// The caller of these three has locked the lane.

// Frees units; their slab stays, even if it is empty now.
Slab& release(std::uint8_t* memory, std::size_t units) noexcept {
    Slab& slab = slab_of(memory);
    flip(slab, static_cast<std::size_t>(memory - reinterpret_cast<std::uint8_t*>(&slab)) / kOutputUnit, units);
    slab.used_units -= units;
    list(slab);
    if (slab.used_units == 1) lanes().empty.fetch_add(1, std::memory_order_relaxed);
    return slab;
}

// Returns an empty slab to the system if enough are kept.
void trim(Slab& slab) noexcept {
    if (slab.used_units != 1 || lanes().empty.load(std::memory_order_relaxed) <= kEmptySlabsKept) return;
    lanes().empty.fetch_sub(1, std::memory_order_relaxed);
    destroy(slab);
}

void take_back(Lane& lane) noexcept {
    if (lane.returned.load(std::memory_order_relaxed) == nullptr) return;
    for (Returned* piece = lane.returned.exchange(nullptr, std::memory_order_acquire); piece != nullptr;) {
        const Returned here = *piece;
        trim(release(reinterpret_cast<std::uint8_t*>(piece), here.units));
        piece = here.next;
    }
}

void give_back(std::uint8_t* memory, std::size_t units) noexcept {
    Lane& lane = *slab_of(memory).lane;
    if (lane.try_lock()) {
        trim(release(memory, units));
        take_back(lane);
        lane.unlock();
        return;
    }
    auto* const piece = new (memory) Returned{lane.returned.load(std::memory_order_relaxed), units};
    while (!lane.returned.compare_exchange_weak(piece->next, piece, std::memory_order_release,
                                                std::memory_order_relaxed)) {
    }
}

// The first unit of the lowest run of kTakenUnits free units, or 0. Such a run contains a whole word of the map.
std::size_t find_run(const Slab& slab) noexcept {
    for (std::size_t word = 1; word + 1 < slab.used.size(); ++word) {
        if (slab.used[word] != 0) continue;
        const auto before = static_cast<std::size_t>(std::countl_zero(slab.used[word - 1]));
        const auto after = static_cast<std::size_t>(std::countr_zero(slab.used[word + 1]));
        if (before + after >= kTakenUnits - kWordUnits) return word * kWordUnits - before;
    }
    return 0;
}

void add_slab(Lane& lane) {
    Lanes& shared = lanes();
    // So that listing a slab needs no memory, which there may be none of when a block is dropped.
    lane.roomy.reserve(shared.slabs.load(std::memory_order_relaxed) + 1);
    void* const memory = ::operator new(kSlabSize, std::align_val_t{kSlabSize});
    prefer_huge_pages(memory, kSlabSize);
    shared.slabs.fetch_add(1, std::memory_order_relaxed);
    auto& slab = *new (memory) Slab{&lane, 1, false, {1}};
    shared.empty.fetch_add(1, std::memory_order_relaxed);
    list(slab);
}

// kTakenUnits free units of the lane, which the caller has locked.
std::uint8_t* take_units(Lane& lane) {
    for (;;) {
        while (!lane.roomy.empty()) {
            Slab& slab = *lane.roomy.back();
            if (const std::size_t first = find_run(slab); first != 0) {
                if (slab.used_units == 1) lanes().empty.fetch_sub(1, std::memory_order_relaxed);
                flip(slab, first, kTakenUnits);
                slab.used_units += kTakenUnits;
                return reinterpret_cast<std::uint8_t*>(&slab) + first * kOutputUnit;
            }
            slab.listed = false;
            lane.roomy.pop_back();
        }
        add_slab(lane);
    }
}

// What a thread has taken and not handed over.
class Window {
  public:
    Window() : lane_(lanes().threads.fetch_add(1, std::memory_order_relaxed)) {}
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;
    ~Window() {
        if (units_ > 0) give_back(begin_, units_);
    }

    std::span<std::uint8_t> whole() {
        if (units_ < kWindowUnits) move();
        return {begin_, kOutputWindow};
    }

    std::uint8_t* keep(std::size_t size) noexcept {
        std::uint8_t* const kept = begin_;
        begin_ += units_of(size) * kOutputUnit;
        units_ -= units_of(size);
        return kept;
    }

  private:
    void move() {
        constexpr int kTurns = 1 << 14;
        auto& all = lanes().all;
        for (int turn = 0; turn < kTurns; ++turn) {
            Lane& lane = all[lane_ % all.size()];
            if (!lane.try_lock()) {
                lane_ += turn % 64 == 63;  // its own lane for a moment, then the others
                turn < kTurns / 2 ? pause_briefly() : std::this_thread::yield();
                continue;
            }
            const struct Unlock {
                Lane& lane;
                ~Unlock() { lane.unlock(); }
            } unlock{lane};
            take_back(lane);
            Slab* left = nullptr;
            if (units_ > 0 && slab_of(begin_).lane == &lane) {
                left = &release(begin_, units_);
            } else if (units_ > 0) {
                give_back(begin_, units_);
            }
            units_ = 0;
            begin_ = take_units(lane);
            units_ = kTakenUnits;
            if (left != nullptr) trim(*left);  // only now, as the new window is most likely in it
            return;
        }
        throw std::bad_alloc();
    }

    std::size_t lane_;
    std::uint8_t* begin_ = nullptr;
    std::size_t units_ = 0;
};

Window& window() {
    thread_local Window own;
    return own;
}

}  // namespace

std::span<std::uint8_t> output_window() {
    return window().whole();
}

std::uint8_t* keep_output(std::size_t size) noexcept {
    return window().keep(size);
}

void drop_output(std::uint8_t* memory, std::size_t size) noexcept {
    give_back(memory, units_of(size));
}

std::size_t output_slabs() noexcept {
    return lanes().slabs.load(std::memory_order_relaxed);
}

}  // namespace halscope
