// The first touch of each page of a memory in a frame, and later ones where that costs little: a page is protected, the
// access that faults is noted, and the page is opened. See docs/explanation/tracing.md.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "trace/pages.hpp"

namespace halscope::trace {

// How pages are watched. Times are in frames.
struct Policy {
    // Pages that are open at once. When one more is touched, the one that was touched longest ago is protected again,
    // so that a second block in it is caught. 0: a page is open until the frame's end.
    std::uint32_t open_pages = 1;
    // Touches of one page in a frame, after which it is open until the frame's end: a program that reads from more
    // pages by turns than may be open would touch them at every instruction.
    std::uint32_t touches_of_page = 6;
    // Touches in a frame, after which no page is protected again in it.
    std::uint32_t touches_of_frame = 48;
    // Watched frames in a row in which a page is touched, after which it is hot: the game's own program, for the most
    // part. It then rests, is watched for one frame, and rests twice as long if it is touched again.
    std::uint32_t hot_after = 24;
    std::uint32_t first_rest = 32;
    std::uint32_t longest_rest = 512;
    // Frames in which hot pages do not rest, after one in which the game has come to a page anew: it is loading, and
    // what it loads may begin in a hot page.
    std::uint32_t loading = 4;
};

// What one frame cost and showed.
struct FrameCounts {
    std::uint32_t touches = 0;  // all of them, reported or not
    std::uint32_t lost = 0;     // not noted, because there were too many
    std::uint32_t resting = 0;  // hot pages that were not watched
};

// Watches one memory, which any thread may read. One thread constructs, begins, ends and destroys. Outside of a frame
// nothing is protected, so that the memory can be read and written, and be given to the system.
class PageWatch {
  public:
    static constexpr std::size_t kMostNoted = 4096;  // touches of a frame

    // The memory must be readable and writable, and stay mapped. The parts of pages at its ends are not watched.
    // Throws std::runtime_error if the system has no faults to catch, and std::length_error if no more can be watched.
    PageWatch(std::uint8_t* memory, std::size_t bytes, Policy policy = {});
    PageWatch(const PageWatch&) = delete;
    PageWatch& operator=(const PageWatch&) = delete;
    ~PageWatch();

    // Watches only pages with a byte of these ranges (offset, end), and reports only touches in them.
    void watch(std::span<const std::pair<std::size_t, std::size_t>> ranges);

    void begin_frame() noexcept;
    // The offsets that were touched, oldest first.
    std::span<const std::uint32_t> end_frame() noexcept;
    [[nodiscard]] const FrameCounts& counts() const noexcept { return counts_; }
    [[nodiscard]] std::size_t pages() const noexcept { return pages_.size(); }
    // Offset of the first page that lies in the memory as a whole.
    [[nodiscard]] std::size_t first_page() const noexcept { return static_cast<std::size_t>(first_ - memory_); }

    // Called at a fault.
    bool touched(const std::uint8_t* address) noexcept;

  private:
    enum State : std::uint8_t { open, guarded };

    struct Page {
        std::atomic<std::uint8_t> state{open};
        bool wanted = false;
        std::atomic<std::uint32_t> touches{0};  // in this frame
        std::uint32_t row = 0;                  // frames in a row in which it was touched
        std::uint32_t rest = 0;                 // how long its last rest was
        std::uint32_t until = 0;                // the frame in which its rest ends
    };

    static constexpr std::size_t kMostOpen = 16;

    [[nodiscard]] std::uint8_t* at(std::size_t page) const noexcept { return first_ + page * page_bytes(); }
    [[nodiscard]] bool is_reported(std::size_t offset) const noexcept;
    void open_all() noexcept;
    void guard(std::size_t page) noexcept;
    void note(std::size_t page, std::size_t offset) noexcept;
    void let_move(std::size_t page) noexcept;
    void judge(std::size_t page) noexcept;

    std::uint8_t* const memory_;
    const Policy policy_;
    std::uint8_t* first_ = nullptr;  // the first whole page
    std::vector<Page> pages_;
    std::vector<std::pair<std::size_t, std::size_t>> ranges_;

    std::uint32_t frame_ = 0, loading_until_ = 0;
    std::atomic<bool> in_frame_{false};
    std::atomic<std::uint32_t> touches_{0}, repeated_{0};
    std::array<std::atomic<std::uint32_t>, kMostNoted> noted_{};
    std::atomic_flag moving_ = ATOMIC_FLAG_INIT;
    std::array<std::uint32_t, kMostOpen> queue_{};  // the pages that are open and may be protected again, a ring
    std::uint32_t queue_begin_ = 0, queued_ = 0;    // changed under `moving_`
    std::vector<std::uint32_t> reported_;
    FrameCounts counts_;
};

}  // namespace halscope::trace
