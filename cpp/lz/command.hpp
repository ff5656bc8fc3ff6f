// What a command means in LC_LZ1 and LC_LZ2, where that is not what it means in a HAL stream.
#pragma once
#include <cstddef>
#include <cstdint>

#include "hal/command.hpp"
#include "lz/lz.hpp"

namespace halscope::lz {

// Read from two bytes that were read once.
template <Format format>
[[nodiscard]] constexpr std::size_t reference(unsigned first, unsigned second) noexcept {
    return format == Format::lz1 ? second << 8 | first : first << 8 | second;
}

// 5 to 7 are used by no game; a decoder that meets them copies.
[[nodiscard]] constexpr bool is_unused(const hal::Command& command) noexcept {
    return command.kind > hal::kCopy;
}

}  // namespace halscope::lz
