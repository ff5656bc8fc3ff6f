// The console's memories in a running core: those that it names, and those that are found by proof.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tap/inner_core.hpp"
#include "tap/register_places.hpp"
#include "tap/video_places.hpp"

namespace halscope::tap {

inline constexpr std::size_t kWramBytes = 0x20000;

class Memories {
  public:
    // rom: the headerless image that was loaded. maps: where it may begin, by the core's memory maps. given: where the
    // frontend keeps it, which is no memory of the core.
    Memories(const InnerCore& core, std::span<const std::uint8_t> rom, std::span<void* const> maps, const void* given);

    // Asks the core where its memories are. Cheap; a core may move them, so this is done for each frame.
    void look_up() noexcept;

    [[nodiscard]] std::span<std::uint8_t> vram() const noexcept { return vram_; }
    [[nodiscard]] std::span<std::uint8_t> wram() const noexcept { return wram_; }
    [[nodiscard]] std::span<std::uint8_t> save() const noexcept { return save_; }

    // The core's own copy of the ROM; empty if none was proven when it was loaded.
    [[nodiscard]] std::span<std::uint8_t> rom() const noexcept { return found_rom_; }

    // Where OAM, CGRAM and the registers are, by a state that was serialized just now.
    void prove_places(std::span<const std::uint8_t> state);
    [[nodiscard]] const VideoPlaces& video() const noexcept { return video_; }
    [[nodiscard]] bool registers_proven() const noexcept { return registers_.proven(); }
    // Brings the registers in an earlier state up to date. False if their places are not proven.
    [[nodiscard]] bool refresh_registers(std::span<std::uint8_t> state) const noexcept {
        return registers_.refresh(state, vram_, wram_);
    }

    // Whether the core draws from what it has derived from VRAM, so that a write needs a state to be loaded.
    [[nodiscard]] bool caches_tiles() const noexcept { return caches_tiles_; }

  private:
    [[nodiscard]] std::span<std::uint8_t> ask(unsigned id, std::size_t bytes) const noexcept;
    [[nodiscard]] bool is_rom(std::uintptr_t address) const;
    [[nodiscard]] std::uintptr_t find_rom(std::span<void* const> maps) const;

    const InnerCore& core_;
    std::span<const std::uint8_t> rom_;
    const void* given_;
    std::span<std::uint8_t> vram_, wram_, save_, found_rom_;
    VideoPlaces video_;
    RegisterPlaces registers_;
    bool caches_tiles_ = true;
};

}  // namespace halscope::tap
