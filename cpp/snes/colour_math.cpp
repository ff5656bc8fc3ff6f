// Colour math, pixel by pixel.
#include "snes/colour_math.hpp"

#include <algorithm>

namespace halscope::snes {
namespace {

// How a pixel is mixed.
struct Mode {
    bool enabled;
    bool black;
    bool with_screen;  // with the other screen's pixel; otherwise with the fixed colour
    bool halved;
};

// snes9x's halved difference. It subtracts whole RGB565 pixels, with a guard bit above each component that tells
// whether the component stayed above 0. Green's guard is red's lowest bit, and the lowest bits of what is subtracted
// are lost.
unsigned guarded_half_difference(unsigned one, unsigned other) {
    const auto packed = [](unsigned bgr) { return (bgr & 31u) << 11 | (bgr >> 5 & 31u) << 6 | (bgr >> 10 & 31u); };
    constexpr unsigned kGuards = 0x10820;
    constexpr unsigned kLowest = 0x0821;
    const unsigned half = ((packed(one) | kGuards) - (packed(other) & ~kLowest)) >> 1;
    const unsigned red = (half & 0x8000u) != 0 ? half >> 11 & 15u : 0u;
    const unsigned green = (half & 0x400u) != 0 ? half >> 6 & 15u : 0u;
    const unsigned blue = (half & 0x10u) != 0 ? half & 15u : 0u;
    return red | green << 5 | blue << 10;
}

// A difference stops at 0 before it is halved, a sum is halved before it stops at 31.
unsigned mixed(const MathRules& rules, unsigned one, unsigned other, bool halved) {
    const bool subtract = (rules.cgadsub & 0x80u) != 0;
    if (rules.guarded && subtract && halved) return guarded_half_difference(one, other);
    unsigned result = 0;
    for (unsigned shift = 0; shift < 15; shift += 5) {
        const unsigned a = one >> shift & 31u;
        const unsigned b = other >> shift & 31u;
        unsigned full = subtract ? (a > b ? a - b : 0u) : a + b;
        // snes9x after 1.54 repeats green's highest bit as the lowest one of RGB565's six: a halved sum is rounded up
        // where both have it. A sum that is not halved stops at 31 there anyway.
        if (rules.six_bits_of_green && halved && !subtract && shift == 5) full += a >> 4 & b >> 4;
        result |= std::min(halved ? full >> 1 : full, 31u) << shift;
    }
    return result;
}

std::uint16_t shown(const MathRules& rules, const Mode& mode, unsigned colour, unsigned other) {
    const unsigned base = mode.black ? 0u : colour;
    if (!mode.enabled) return static_cast<std::uint16_t>(base);
    const unsigned addend = mode.with_screen ? other : rules.fixed;
    return static_cast<std::uint16_t>(mixed(rules, base, addend, mode.halved));
}

bool takes_part(const MathRules& rules, unsigned source) {
    if (source == kBackdropSource) return (rules.cgadsub & 0x20u) != 0;
    return (rules.cgadsub >> (source - 1) & 1u) != 0;
}

// The mode of the main screen's pixel at `x`. Sprites of palettes 0 to 3 take no part. There is no halving where the
// main screen is black, nor where the fixed colour stands in for an empty subscreen.
Mode mode_at(const MathRules& rules, const MathRow& main, const MathRow& sub, std::size_t x) {
    const unsigned source = main.sources[x];
    const bool black = rules.black[x] != 0;
    const bool subscreen = (rules.cgwsel & 2u) != 0;
    const bool empty = subscreen && sub.sources[x] == kBackdropSource;
    return {.enabled = takes_part(rules, source) && (source != kObjectSource || main.indices[x] >= 192) &&
                       rules.prevented[x] == 0,
            .black = black,
            .with_screen = subscreen && !empty,
            .halved = (rules.cgadsub & 0x40u) != 0 && !black && !empty};
}

// CGWSEL's two-bit rules: never, outside the colour window, inside it, always.
Columns region(const Registers& registers, unsigned rule, RegisterSet& missing) {
    Columns columns{};
    if (rule == 1 || rule == 2) columns = inside_windows(registers, kColourUser, missing);
    if (rule == 1 || rule == 3) {
        for (std::uint16_t& column : columns) column = static_cast<std::uint16_t>(~column);
    }
    return columns;
}

}  // namespace

MathRules math_rules(const Registers& registers, RegisterSet& missing) {
    MathRules rules;
    rules.cgwsel = registers[Reg::cgwsel];
    rules.cgadsub = registers[Reg::cgadsub];
    rules.black = region(registers, rules.cgwsel >> 6 & 3u, missing);
    if (!rules.mixes()) return rules;
    if (!registers.knows(Reg::coldata)) missing.set(index_of(Reg::coldata));
    rules.fixed = registers[Reg::coldata] & 0x7FFFu;
    rules.prevented = region(registers, rules.cgwsel >> 4 & 3u, missing);
    return rules;
}

void mix_main(const MathRules& rules, const MathRow& main, const MathRow& sub,
              std::span<std::uint16_t, kScreenWidth> out) {
    for (std::size_t x = 0; x < out.size(); ++x) {
        const bool black = rules.black[x] != 0;
        if (!rules.mixes()) {
            out[x] = black ? std::uint16_t{0} : main.colours[x];
        } else {
            out[x] = shown(rules, mode_at(rules, main, sub, x), main.colours[x], sub.colours[x]);
        }
    }
}

void mix_sub(const MathRules& rules, const MathRow& main, const MathRow& sub, unsigned backdrop,
             std::span<std::uint16_t, kScreenWidth> out) {
    // The console draws a subscreen's pixel first, and mixes it by the rules of the main screen's pixel to its left
    // (ares and bsnes). The first pixel of a row has the backdrop to its left, outside of all windows.
    const bool black = (rules.cgwsel & 0x40u) != 0;
    Mode mode{.enabled = takes_part(rules, kBackdropSource) && (rules.cgwsel & 0x10u) == 0,
              .black = black,
              .with_screen = false,
              .halved = (rules.cgadsub & 0x40u) != 0 && (rules.cgwsel & 2u) == 0 && !black};
    unsigned left = backdrop;
    for (std::size_t x = 0; x < out.size(); ++x) {
        const unsigned colour = sub.sources[x] == kBackdropSource ? backdrop : sub.colours[x];
        out[x] = shown(rules, mode, colour, left);
        mode = mode_at(rules, main, sub, x);
        left = main.colours[x];
    }
}

}  // namespace halscope::snes
