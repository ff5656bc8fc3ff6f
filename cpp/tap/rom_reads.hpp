// What the game reads of the ROM, by the first touches of the pages of the core's own copy
// (docs/explanation/tracing.md). Nothing is protected but while the inner core runs a frame, so the frontend, states
// and writes find open memory.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "trace/page_watch.hpp"

namespace halscope::tap {

inline constexpr std::size_t kTouchesBytes = trace::PageWatch::kMostNoted * sizeof(std::uint32_t);

class RomReads {
  public:
    struct Pages {
        std::size_t bytes = 0;  // of a page
        std::size_t first = 0;  // offset of the first page that lies in the ROM as a whole
    };

    // Empty if no page of the ROM can be watched.
    [[nodiscard]] static std::optional<Pages> pages_of(std::span<const std::uint8_t> rom) noexcept;

    // Watches what follows until end_run(). Until stop() the same ROM must be given. False if the system refuses, once.
    bool begin_run(std::span<std::uint8_t> rom) noexcept;
    // Opens the ROM. What was touched since begin_run() stays until the next one. Does nothing outside of a run.
    void end_run() noexcept;
    // Leaves nothing behind: no handler of faults, and no touches.
    void stop() noexcept;

    // The offsets in the ROM, oldest first: four bytes each, little-endian.
    [[nodiscard]] std::span<const std::uint8_t> offsets() const noexcept;
    // Touches that were too many to be noted.
    [[nodiscard]] std::uint32_t lost() const noexcept { return lost_; }

  private:
    std::unique_ptr<trace::PageWatch> watch_;
    std::span<const std::uint32_t> touched_;  // in `watch_`
    std::uint32_t lost_ = 0;
    bool running_ = false, refused_ = false;
};

}  // namespace halscope::tap
