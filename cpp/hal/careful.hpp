// Decoding by the careful step alone, command by command: what the fast loops are compared with.
#pragma once
#include "hal/hal.hpp"

namespace halscope::hal {

// As `decode`.
[[nodiscard]] DecodeResult decode_carefully(std::span<const std::uint8_t> in, std::size_t offset, Mode mode,
                                            std::span<std::uint8_t> out) noexcept;

}  // namespace halscope::hal
