// Releasing the GIL for a few microseconds.
#pragma once
#include <atomic>

#include "core/cpu.hpp"
#include "python/bindings.hpp"

namespace halscope::python {

// Like GilReleased, for work so short that threads doing nothing else keep contending for the GIL. The interpreter puts
// a thread that finds the GIL taken to sleep, and waking up takes longer than the work. A thread between two such calls
// holds the GIL for about a microsecond, so this spins that long first and sleeps only if the GIL stays taken.
class ShortRelease {
  public:
    ShortRelease() { taken().store(false, std::memory_order_release); }
    ShortRelease(const ShortRelease&) = delete;
    ShortRelease& operator=(const ShortRelease&) = delete;
    ~ShortRelease() {
        for (int turn = 0; turn < kTurns && taken().exchange(true, std::memory_order_acquire); ++turn) pause_briefly();
    }

  private:
    static constexpr int kTurns = 250;  // a few microseconds

    // Whether the last thread through here still holds the GIL, as far as can be known: it may have released it since.
    static std::atomic<bool>& taken() noexcept {
        static std::atomic<bool> flag = false;
        return flag;
    }

    GilReleased released_;
};

}  // namespace halscope::python
