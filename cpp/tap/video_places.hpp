// OAM and CGRAM in a running core's own memory, at places that a state has proven.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace halscope::tap {

inline constexpr std::size_t kVramBytes = 0x10000, kOamBytes = 544, kCgramBytes = 512;

using Bytes = std::span<const std::uint8_t>;

class VideoPlaces {
  public:
    // core, version: as the core names itself. globals: the core's global variables.
    VideoPlaces(const std::string& core, const std::string& version, std::vector<Bytes> globals);

    // Compares memory with a state that was serialized at the same moment. Proves the places, or, if they do not hold
    // what the state says, gives them up for good. `others`: memories of the game, whose copies of OAM and CGRAM prove
    // nothing.
    void prove(Bytes state, Bytes vram, std::span<const Bytes> others);

    [[nodiscard]] bool proven() const noexcept { return proven_; }
    // Empty if the place is not proven. vram: where it is now.
    [[nodiscard]] Bytes oam(Bytes vram) const noexcept;
    [[nodiscard]] Bytes cgram(Bytes vram) const noexcept;
    // Where VRAM stands in bsnes-mercury's states, once the places are proven.
    [[nodiscard]] std::optional<std::size_t> vram_in_state() const noexcept { return vram_in_state_; }

  private:
    void prove_behind_vram(Bytes state, Bytes vram);
    void prove_in_globals(Bytes oam, Bytes cgram, std::span<const Bytes> others);
    [[nodiscard]] Bytes find(Bytes key, std::span<const Bytes> others) const;

    std::size_t behind_ = 0;       // distance of OAM from VRAM in bsnes-mercury's memory and states; 0: another core
    std::vector<Bytes> searched_;  // for snes9x; empty: another core
    unsigned searches_ = 0;
    bool proven_ = false;
    std::optional<std::size_t> vram_in_state_;
    Bytes oam_, cgram_;  // in global variables
};

}  // namespace halscope::tap
