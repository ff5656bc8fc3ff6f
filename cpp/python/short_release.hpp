// Letting go of the GIL for some microseconds.
#pragma once
#include <atomic>

#include "core/cpu.hpp"
#include "python/bindings.hpp"

namespace halscope::python {

// Like GilReleased, for work so short that threads which do nothing else meet at the GIL all the time. Whoever finds
// the GIL taken is put to sleep by the interpreter, and waking takes longer than the work. But a thread between two
// such calls has it for about a microsecond, so this waits for that one awake, and sleeps only if it keeps the GIL
// longer.
class ShortRelease {
  public:
    ShortRelease() { taken().store(false, std::memory_order_release); }
    ShortRelease(const ShortRelease&) = delete;
    ShortRelease& operator=(const ShortRelease&) = delete;
    ~ShortRelease() {
        for (int turn = 0; turn < kTurns && taken().exchange(true, std::memory_order_acquire); ++turn) pause_briefly();
    }

  private:
    static constexpr int kTurns = 250;  // some microseconds

    // Whether a thread that was here last has the GIL, as far as one can know: it may have passed it on since.
    static std::atomic<bool>& taken() noexcept {
        static std::atomic<bool> flag = false;
        return flag;
    }

    GilReleased released_;
};

}  // namespace halscope::python
