// What a reader has written to the cartridge's save RAM: taken back where it still stands when the frontend asks for
// that memory, which it does to store the save file.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace halscope::tap {

class SaveEdits {
  public:
    // Call this before `data` is written at `offset` of the memory, which must hold it.
    void note(std::span<const std::uint8_t> memory, std::size_t offset, std::span<const std::uint8_t> data) {
        bytes_.resize(memory.size());
        for (std::size_t n = 0; n < data.size(); ++n) {
            Byte& one = bytes_[offset + n];
            // What an earlier edit wrote is not the game's own.
            if (!one.edited || memory[offset + n] != one.written) one.before = memory[offset + n];
            one.written = data[n];
            one.edited = true;
        }
        any_ = true;
    }

    // Puts back what was there before, unless the game has written something else since.
    void take_back(std::span<std::uint8_t> memory) noexcept {
        if (!any_) return;
        for (std::size_t at = 0; at < std::min(memory.size(), bytes_.size()); ++at)
            if (bytes_[at].edited && memory[at] == bytes_[at].written) memory[at] = bytes_[at].before;
        clear();
    }

    void clear() noexcept {
        bytes_.clear();
        any_ = false;
    }

  private:
    struct Byte {
        std::uint8_t before = 0, written = 0;
        bool edited = false;
    };
    std::vector<Byte> bytes_;
    bool any_ = false;
};

}  // namespace halscope::tap
