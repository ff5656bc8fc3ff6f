// Expanding and collapsing units of VRAM; see transform.hpp.
#include "locate/transform.hpp"

#include <algorithm>
#include <cstring>

namespace halscope::locate {
void expand(const Transform& transform, const std::uint8_t* stored, std::uint8_t* unit) noexcept {
    std::array<std::uint8_t, kTileBytes + 1> padded{};  // with a zero for kZero
    std::memcpy(padded.data(), stored, transform.stored);
    for (std::size_t k = 0; k < kTileBytes; ++k) {
        const auto& parts = transform.parts[k];
        unit[k] = static_cast<std::uint8_t>(padded[parts[0]] | padded[parts[1]] | padded[parts[2]]);
    }
}

bool collapse(const Transform& transform, const std::uint8_t* unit, std::uint8_t* stored) noexcept {
    if (transform.excludes(unit)) return false;
    const auto vram_byte = [&](std::uint8_t part) {
        return part == Transform::kZero ? 0U : unsigned{unit[transform.byte_alone[part]]};
    };
    for (std::size_t k = 0; k < transform.checks; ++k) {
        const std::uint8_t at = transform.checked[k];
        const auto& parts = transform.parts[at];
        if (unit[at] != (vram_byte(parts[0]) | vram_byte(parts[1]) | vram_byte(parts[2]))) return false;
    }
    for (std::size_t k = 0; k < transform.stored; ++k) stored[k] = unit[transform.byte_alone[k]];
    return true;
}

bool valid(const Transform& transform) noexcept {
    if (transform.stored == 0 || transform.stored > kTileBytes) return false;
    if (transform.step == 0 || transform.window < transform.step || transform.window > kMostUnits) return false;
    const std::size_t stored = std::size_t{transform.window} * transform.stored;
    if (stored < kWindowBytes || stored > kMostStored) return false;
    for (const auto& parts : transform.parts) {
        for (const std::uint8_t part : parts) {
            if (part != Transform::kZero && part >= transform.stored) return false;
        }
    }
    for (std::size_t k = 0; k < transform.stored; ++k) {
        const std::uint8_t at = transform.byte_alone[k];
        if (at >= kTileBytes || transform.known[at] == 0) return false;
        const auto& parts = transform.parts[at];
        if (parts[0] != k || parts[1] != Transform::kZero || parts[2] != Transform::kZero) return false;
    }
    return true;
}

void complete(Transform& transform) noexcept {
    std::array<std::uint8_t, kTileBytes> zero{};
    transform.byte_alone.fill(kTileBytes);
    for (std::size_t k = 0; k < kTileBytes; ++k) {
        auto& parts = transform.parts[k];
        if (transform.known[k] == 0) parts.fill(Transform::kZero);
        std::sort(parts.begin(), parts.end());  // kZero is the highest
        zero[k] = transform.known[k] != 0 && parts[0] == Transform::kZero ? 0xFF : 0;
        if (parts[0] < kTileBytes && parts[1] == Transform::kZero) {
            transform.byte_alone[parts[0]] = static_cast<std::uint8_t>(k);
        }
    }
    transform.checks = 0;
    for (std::size_t k = 0; k < kTileBytes; ++k) {
        const auto& parts = transform.parts[k];
        if (parts[0] == Transform::kZero) continue;
        if (parts[1] == Transform::kZero && transform.byte_alone[parts[0]] == k) continue;
        transform.checked[transform.checks++] = static_cast<std::uint8_t>(k);
    }
    std::memcpy(transform.zero.data(), zero.data(), sizeof zero);
}

const Transform& identity() noexcept {
    static const Transform row = [] {
        Transform made{.stored = kTileBytes,
                       .window = 1,
                       .step = 1,
                       .units = ~0U,
                       .parts = {},
                       .known = {},
                       .zero = {},
                       .byte_alone = {},
                       .checked = {},
                       .checks = 0};
        made.known.fill(0xFF);
        for (std::size_t k = 0; k < kTileBytes; ++k) {
            made.parts[k] = {static_cast<std::uint8_t>(k), Transform::kZero, Transform::kZero};
        }
        complete(made);
        return made;
    }();
    return row;
}

}  // namespace halscope::locate
