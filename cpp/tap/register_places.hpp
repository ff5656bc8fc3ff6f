// The registers of bsnes-mercury in its own memory, at places that its states have proven: saving a state takes it
// longer than everything else that the tap does in a frame, and makes it run on for an instruction or two.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace halscope::tap {

class RegisterPlaces {
  public:
    using Bytes = std::span<const std::uint8_t>;

    // core, version: as the core names itself. globals: the core's global variables.
    RegisterPlaces(const std::string& core, const std::string& version, std::vector<Bytes> globals);

    // Compares memory with a state that was serialized at the same moment. Some states that tell enough prove the
    // places; one that differs gives them up for good. vram_at: where VRAM stands in the state.
    void prove(Bytes state, std::size_t vram_at, Bytes vram, Bytes wram) noexcept;

    [[nodiscard]] bool proven() const noexcept { return agreed_ >= kStates; }

    // Brings the registers in an earlier state of the same game up to date. False if the places are not proven.
    bool refresh(std::span<std::uint8_t> state, Bytes vram, Bytes wram) const noexcept;

    // Bytes of a state that have a place in memory that is near VRAM or WRAM.
    struct Run {
        std::int32_t state, memory;  // distances from VRAM in the state, and from VRAM or WRAM in memory
        std::uint8_t bytes;
    };
    struct Group {
        std::span<const Run> runs;
        bool near_wram;  // the processor's, else the PPU's
        unsigned count = 1;
        std::int32_t state_stride = 0, memory_stride = 0;  // if it stands there several times
    };

  private:
    static constexpr unsigned kStates = 8;

    [[nodiscard]] bool in_globals(const std::uint8_t* first, const std::uint8_t* end) const noexcept;
    [[nodiscard]] bool reachable(std::size_t state_bytes, Bytes vram, Bytes wram) const noexcept;

    std::span<const Group> groups_;  // empty: another core, or given up
    std::vector<Bytes> globals_;
    std::size_t vram_at_ = 0;
    unsigned agreed_ = 0;  // states, one after the other
};

}  // namespace halscope::tap
