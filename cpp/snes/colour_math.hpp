// Colour math: the main screen's pixels mixed with the subscreen's or with a fixed colour, in both halves of hi-res.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "snes/windows.hpp"

namespace halscope::snes {

// Where a pixel comes from: 0 is the backdrop, 1 to 4 the layers, 5 a sprite.
inline constexpr unsigned kBackdropSource = 0;
inline constexpr unsigned kObjectSource = 5;

// A row of the main screen or the subscreen before colour math.
struct MathRow {
    std::array<std::uint16_t, kScreenWidth> colours;  // BGR555
    std::array<std::uint8_t, kScreenWidth> sources;
    std::array<std::uint8_t, kScreenWidth> indices;  // into CGRAM
};

// CGWSEL ($2130), CGADSUB ($2131) and COLDATA ($2132), with the columns where their rules apply.
struct MathRules {
    unsigned cgwsel = 0;
    unsigned cgadsub = 0;
    unsigned fixed = 0;
    Columns black{};                 // the main screen is black
    Columns prevented{};             // there is no colour math
    bool guarded = false;            // halved differences are those of snes9x
    bool six_bits_of_green = false;  // halved sums are those of snes9x after 1.54

    [[nodiscard]] bool mixes() const { return (cgadsub & 0x3Fu) != 0; }
    [[nodiscard]] bool uses_subscreen() const { return (cgwsel & 2u) != 0 && mixes(); }
};

MathRules math_rules(const Registers& registers, RegisterSet& missing);

// Writes the main screen's colours. `sub` is only read if the rules use the subscreen.
void mix_main(const MathRules& rules, const MathRow& main, const MathRow& sub,
              std::span<std::uint16_t, kScreenWidth> out);

// Writes the subscreen's colours as hi-res shows them, in the columns left of the main screen's. `backdrop` is colour
// 0.
void mix_sub(const MathRules& rules, const MathRow& main, const MathRow& sub, unsigned backdrop,
             std::span<std::uint16_t, kScreenWidth> out);

}  // namespace halscope::snes
