// Numbers that were met since the last reset: to reset costs nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace halscope::locate {

class Met {
  public:
    explicit Met(std::size_t size) : stamps_(size, 0) {}
    void reset() noexcept { ++stamp_; }
    // Returns whether it is new.
    bool meet(std::size_t number) noexcept { return std::exchange(stamps_[number], stamp_) != stamp_; }

  private:
    std::vector<std::uint32_t> stamps_;
    std::uint32_t stamp_ = 1;
};

}  // namespace halscope::locate
