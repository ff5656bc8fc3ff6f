// See page_watch.hpp.
#include "trace/page_watch.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace halscope::trace {
namespace {

constexpr std::size_t kMostWatches = 8;
// Faults in a frame at pages that are open already. A few come from threads that touch a page at the same time; more
// of them mean that the memory is not readable for another reason.
constexpr std::uint32_t kMostRepeated = 10000;

std::mutex g_changing;
std::size_t g_watching = 0;
std::array<std::atomic<PageWatch*>, kMostWatches> g_watches{};
std::atomic<int> g_inside{0};  // threads that handle a fault, and may use a watch

bool on_fault(std::uint8_t* address) noexcept {
    g_inside.fetch_add(1);
    bool again = false;
    for (const auto& one : g_watches)
        if (PageWatch* const watch = one.load(); watch != nullptr && watch->touched(address)) again = true;
    g_inside.fetch_sub(1);
    return again;
}

}  // namespace

PageWatch::PageWatch(std::uint8_t* memory, std::size_t bytes, Policy policy) : memory_(memory), policy_(policy) {
    const std::size_t page = page_bytes();
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::size_t lead = (page - begin % page) % page;
    first_ = memory + lead;
    pages_ = std::vector<Page>(bytes < lead ? 0 : (bytes - lead) / page);
    reported_.reserve(kMostNoted);
    const std::pair<std::size_t, std::size_t> everything{0, bytes};
    watch({&everything, 1});

    const std::scoped_lock lock(g_changing);
    const auto slot = std::ranges::find_if(g_watches, [](const auto& one) { return one.load() == nullptr; });
    if (slot == g_watches.end()) throw std::length_error("no more memories can be watched");
    if (!catch_faults(on_fault)) throw std::runtime_error("the system does not let faults be caught");
    *slot = this;
    ++g_watching;
}

PageWatch::~PageWatch() {
    const bool was_in_frame = in_frame_;
    end_frame();
    const std::scoped_lock lock(g_changing);
    for (auto& one : g_watches)
        if (one.load() == this) one = nullptr;
    while (g_inside != 0) std::this_thread::yield();
    // One of those threads may have protected a page. Outside of a frame the memory may already be another's.
    if (was_in_frame) open_all();
    if (--g_watching == 0) release_faults();
}

void PageWatch::watch(std::span<const std::pair<std::size_t, std::size_t>> ranges) {
    ranges_.assign(ranges.begin(), ranges.end());
    std::erase_if(ranges_, [](const auto& range) { return range.first >= range.second; });
    std::ranges::sort(ranges_);
    const std::size_t lead = first_page();
    for (std::size_t n = 0; n < pages_.size(); ++n) {
        const std::size_t begin = lead + n * page_bytes(), end = begin + page_bytes();
        pages_[n].wanted =
            std::ranges::any_of(ranges_, [=](const auto& one) { return one.first < end && begin < one.second; });
    }
}

void PageWatch::begin_frame() noexcept {
    catch_faults(on_fault);
    ++frame_;
    touches_ = repeated_ = queue_begin_ = queued_ = 0;
    counts_ = {};
    in_frame_ = true;
    for (std::size_t n = 0, guarded_from = 0; n <= pages_.size(); ++n) {
        bool watched = n < pages_.size() && pages_[n].wanted;
        if (watched && pages_[n].until > frame_ && frame_ > loading_until_) {
            watched = false;
            ++counts_.resting;
        }
        if (watched) {
            pages_[n].touches = 0;
            pages_[n].state = guarded;
            continue;
        }
        // Neighbours are protected by one call.
        if (n > guarded_from) protect_pages(at(guarded_from), (n - guarded_from) * page_bytes());
        guarded_from = n + 1;
    }
}

std::span<const std::uint32_t> PageWatch::end_frame() noexcept {
    reported_.clear();
    if (!in_frame_.exchange(false)) return {};
    open_all();
    for (std::size_t n = 0; n < pages_.size(); ++n) {
        const bool was_watched = pages_[n].touches.load() != 0 || pages_[n].state.load() == guarded;
        pages_[n].state = open;
        if (was_watched) judge(n);
    }
    counts_.touches = touches_;
    const auto noted = std::min<std::size_t>(counts_.touches, kMostNoted);
    counts_.lost = counts_.touches - static_cast<std::uint32_t>(noted);
    for (std::size_t n = 0; n < noted; ++n)
        if (const std::uint32_t offset = noted_[n]; is_reported(offset)) reported_.push_back(offset);
    return reported_;
}

void PageWatch::open_all() noexcept {
    if (!pages_.empty()) open_pages(first_, pages_.size() * page_bytes());
}

bool PageWatch::is_reported(std::size_t offset) const noexcept {
    return std::ranges::any_of(ranges_, [=](const auto& one) { return one.first <= offset && offset < one.second; });
}

// Decides whether a page that was watched in this frame is watched in the next.
void PageWatch::judge(std::size_t page) noexcept {
    Page& it = pages_[page];
    const bool touched = it.touches.exchange(0) != 0;
    if (it.until > frame_) return;  // it was watched during its rest
    if (!touched) {
        it.row = it.rest = 0;
        return;
    }
    if (it.row++ == 0) loading_until_ = frame_ + policy_.loading;
    if (it.row < policy_.hot_after && it.rest == 0) return;
    it.rest = it.rest == 0 ? policy_.first_rest : std::min(2 * it.rest, policy_.longest_rest);
    // Pages that turn hot together are not tried again together: the frame would cost more than others.
    it.until = frame_ + it.rest + static_cast<std::uint32_t>(page % 8);
}

bool PageWatch::touched(const std::uint8_t* address) noexcept {
    if (address < first_ || address >= first_ + pages_.size() * page_bytes()) return false;
    const std::size_t page = static_cast<std::size_t>(address - first_) / page_bytes();
    const std::uint8_t was = pages_[page].state.exchange(open);
    if (!open_pages(at(page), page_bytes())) return false;
    if (was == open) return repeated_.fetch_add(1) < kMostRepeated;
    if (in_frame_) note(page, static_cast<std::size_t>(address - memory_));
    return true;
}

void PageWatch::note(std::size_t page, std::size_t offset) noexcept {
    const std::uint32_t place = touches_.fetch_add(1);
    if (place < kMostNoted) noted_[place] = static_cast<std::uint32_t>(offset);
    ++pages_[page].touches;
    if (policy_.open_pages == 0 || place >= policy_.touches_of_frame) return;
    if (moving_.test_and_set()) return;  // another thread moves a page: this one is open until the frame's end
    let_move(page);
    moving_.clear();
}

// Queues a page that was opened, and protects the one that has been open for longest.
void PageWatch::let_move(std::size_t page) noexcept {
    if (pages_[page].touches >= policy_.touches_of_page) return;
    const std::uint32_t most = std::min<std::uint32_t>(policy_.open_pages, kMostOpen);
    if (queued_ == most) {
        const std::uint32_t oldest = queue_[queue_begin_ % kMostOpen];
        ++queue_begin_;
        --queued_;
        guard(oldest);
    }
    queue_[(queue_begin_ + queued_) % kMostOpen] = static_cast<std::uint32_t>(page);
    ++queued_;
}

void PageWatch::guard(std::size_t page) noexcept {
    pages_[page].state = guarded;
    if (!protect_pages(at(page), page_bytes())) pages_[page].state = open;
}

}  // namespace halscope::trace
