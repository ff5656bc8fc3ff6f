// The formats whose streams the index weighs and decodes by itself, by number.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hal/format.hpp"
#include "hal/hal.hpp"
#include "lz/lz.hpp"

namespace halscope::locate {

// In the order that halscope.rom.families counts them in.
inline constexpr std::array<hal::Format, 3> kFormats{hal::kHalFormat, lz::kLz1, lz::kLz2};

// As hal::decode, strictly; `format` is below the number of formats.
[[nodiscard]] inline hal::DecodeResult decode_stream(std::span<const std::uint8_t> in, std::size_t offset,
                                                     std::size_t format, std::span<std::uint8_t> out) noexcept {
    if (format == 0) return hal::decode(in, offset, hal::Mode::strict, out);
    return lz::decode(in, offset, format == 1 ? lz::Format::lz1 : lz::Format::lz2, lz::Mode::strict, out);
}

}  // namespace halscope::locate
