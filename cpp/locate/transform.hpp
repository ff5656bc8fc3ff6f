// How a game converts stored tiles on their way into VRAM, as rows: each byte in VRAM is an OR of up to three stored
// bytes, zero, or not part of the tile. A *unit* is 32 bytes of VRAM; every row converts units one by one. Row 0 of any
// table is `kIdentity`. hooks/halscope_hooks/_transform.py is the table that users see.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "locate/fingerprint.hpp"

namespace halscope::locate {

struct Transform {
    static constexpr std::size_t kMostParts = 3;
    static constexpr std::uint8_t kZero = kTileBytes;  // a part that is always zero
    using Parts = std::array<std::array<std::uint8_t, kMostParts>, kTileBytes>;

    std::uint32_t stored;                        // bytes that become one unit, 1 to 32
    std::uint32_t window;                        // units that are looked up together
    std::uint32_t step;                          // windows begin at multiples of this many units
    std::uint32_t units;                         // used in the first so many units of VRAM
    Parts parts;                                 // stored bytes, or kZero
    std::array<std::uint8_t, kTileBytes> known;  // 0xFF, or 0 for a byte that is not part of the tile
    // Filled by complete():
    std::array<std::uint64_t, kTileBytes / 8> zero;   // in memory order, 0xFF for a byte that is always zero
    std::array<std::uint8_t, kTileBytes> byte_alone;  // for each stored byte, a VRAM byte that it is the only part of
    std::array<std::uint8_t, kTileBytes> checked;     // the first `checks`: bytes that depend on others in VRAM
    std::uint32_t checks;

    // Whether a unit has a bit set that is always zero: most tiles fail here for most rows.
    [[nodiscard]] bool excludes(const std::uint8_t* unit) const noexcept {
        std::array<std::uint64_t, kTileBytes / 8> words;
        std::memcpy(words.data(), unit, sizeof words);
        std::uint64_t wrong = 0;
        for (std::size_t k = 0; k < words.size(); ++k) wrong |= words[k] & zero[k];
        return wrong != 0;
    }
};

// Bytes of `stored` for a unit; `unit` is kTileBytes.
void expand(const Transform& transform, const std::uint8_t* stored, std::uint8_t* unit) noexcept;

// Writes the transform.stored bytes that expand to `unit`. Returns false, with `stored` undefined, if there are none.
[[nodiscard]] bool collapse(const Transform& transform, const std::uint8_t* unit, std::uint8_t* stored) noexcept;

// Whether the fields are in range and every stored byte can be recovered.
[[nodiscard]] bool valid(const Transform& transform) noexcept;

// Fills the last fields from the others.
void complete(Transform& transform) noexcept;

// Bytes in VRAM as they are stored.
[[nodiscard]] const Transform& identity() noexcept;

inline constexpr std::uint32_t kMostTransforms = 64;

// The longest window in bytes as stored, and in units.
inline constexpr std::size_t kMostStored = kMostPattern;
inline constexpr std::uint32_t kMostUnits = 16;

}  // namespace halscope::locate
