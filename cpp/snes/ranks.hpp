// Which of a pixel's candidates is in front, by BG mode.
#pragma once
#include <array>
#include <cstdint>

namespace halscope::snes {

// Ranks are from 1 (at the back) up, and 0 for what the mode does not show.
struct Ranks {
    std::array<std::array<std::uint8_t, 2>, 4> layers{};  // by the tile's priority bit
    std::array<std::uint8_t, 4> objects{};                // by the sprite's priority
};

// `bgmode` is $2105 as written: bit 3 puts BG3's high tiles of mode 1 in front.
Ranks ranks_of(unsigned bgmode);

}  // namespace halscope::snes
