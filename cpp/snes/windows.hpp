// The two windows: the screen columns that they cover for a layer, for sprites or for colour math.
#pragma once
#include <array>
#include <cstdint>

#include "snes/registers.hpp"
#include "snes/vram.hpp"

namespace halscope::snes {

// All bits set where a column is inside, none where it is outside.
using Columns = std::array<std::uint16_t, kScreenWidth>;

// What windows apply to, numbered as in TM: layers 0 to 3, then sprites; then colour math.
inline constexpr unsigned kObjectUser = 4;
inline constexpr unsigned kColourUser = 5;

// Returns the columns inside the windows of a user ($2123 to $212B). A window reaches from its left to its right
// position, both inclusive, and is empty if left is greater. Without an enabled window no column is inside. Adds the
// registers that are needed but not known to `missing`.
Columns inside_windows(const Registers& registers, unsigned user, RegisterSet& missing);

}  // namespace halscope::snes
