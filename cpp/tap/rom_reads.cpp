#include "tap/rom_reads.hpp"

#include <exception>

namespace halscope::tap {

std::optional<RomReads::Pages> RomReads::pages_of(std::span<const std::uint8_t> rom) noexcept {
    const std::size_t page = trace::page_bytes();
    const std::size_t first = (page - reinterpret_cast<std::uintptr_t>(rom.data()) % page) % page;
    if (rom.size() < first + page) return std::nullopt;
    return Pages{page, first};
}

bool RomReads::begin_run(std::span<std::uint8_t> rom) noexcept {
    end_run();
    touched_ = {};
    lost_ = 0;
    if (watch_ == nullptr) {
        if (rom.empty() || refused_) return true;
        try {
            watch_ = std::make_unique<trace::PageWatch>(rom.data(), rom.size());
        } catch (const std::exception&) {
            refused_ = true;
            return false;
        }
    }
    watch_->begin_frame();
    running_ = true;
    return true;
}

void RomReads::end_run() noexcept {
    if (!running_) return;
    running_ = false;
    touched_ = watch_->end_frame();
    lost_ = watch_->counts().lost;
}

void RomReads::stop() noexcept {
    end_run();
    touched_ = {};
    lost_ = 0;
    watch_.reset();
    refused_ = false;
}

std::span<const std::uint8_t> RomReads::offsets() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(touched_.data()), touched_.size_bytes()};
}

}  // namespace halscope::tap
