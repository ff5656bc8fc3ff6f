// Decoding by the careful step alone, one command at a time: the reference that the fast loops are tested against.
#pragma once
#include "hal/hal.hpp"

namespace halscope::hal {

// Same contract as `decode`.
[[nodiscard]] DecodeResult decode_carefully(std::span<const std::uint8_t> in, std::size_t offset, Mode mode,
                                            std::span<std::uint8_t> out) noexcept;

}  // namespace halscope::hal
