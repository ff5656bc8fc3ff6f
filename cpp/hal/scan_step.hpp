// The step function of hal/scan_pass.hpp for any format of hal/format.hpp.
#pragma once
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "hal/command.hpp"
#include "hal/format.hpp"
#include "hal/hal.hpp"
#include "hal/scan_pass.hpp"

namespace halscope::hal {

// The `Format` parameter of ScanPass.
template <Format format, Mode mode>
struct ScanFormat {
    static constexpr std::uint8_t kTerminator = hal::kTerminator;

    static constexpr std::uint16_t reference(std::uint16_t first, std::uint16_t second) noexcept {
        return static_cast<std::uint16_t>(format.references == std::endian::big ? first << 8 | second
                                                                                : second << 8 | first);
    }

    static constexpr Step step(std::uint16_t head, std::uint16_t low, std::uint16_t after_short,
                               std::uint16_t after_long) noexcept {
        using U16 = std::uint16_t;
        constexpr U16 kYes = 0xFFFF;
        constexpr auto mask = [](bool is) { return static_cast<U16>(is ? kYes : 0); };
        constexpr auto choose = [](U16 is, U16 yes, U16 no) { return static_cast<U16>((yes & is) | (no & ~is)); };
        const U16 is_long = mask(head >= 0xE0);
        const U16 kind = choose(is_long, head >> 2 & 7, head >> 5);
        const U16 more = choose(is_long, static_cast<U16>((head & 3) << 8 | low), head & 31);  // count - 1
        const U16 from = choose(is_long, after_long, after_short);
        const U16 header = static_cast<U16>(1 - is_long);
        const U16 is_raw = mask(kind == kRaw);
        const U16 one_byte = mask(kind == kRle8) | mask(kind == kSequence);
        const U16 is_near = mask(format.copies == Copies::near) & mask(kind >= kNearCopy);
        const U16 distance = format.references == std::endian::big ? static_cast<U16>(from >> 8) : (from & 0xFF);
        const U16 arguments = choose(is_raw, static_cast<U16>(more + 1), static_cast<U16>(2 + (one_byte | is_near)));
        const U16 twice = mask(format.pair_count == PairCount::pairs) & mask(kind == kRle16);
        const U16 size = static_cast<U16>(more + 1 + ((more + 1) & twice));
        const U16 is_reference = mask(kind >= kCopy) & ~is_near;
        const U16 is_backward = mask(format.copies == Copies::mirrored) & mask(kind == kBackwardCopy);
        if constexpr (mode == Mode::strict) {
            // No command but the last writes byte 65,535.
            const U16 unused = mask(format.copies == Copies::forward) & mask(kind > kCopy);
            const U16 itself = is_near & mask(distance == 0);
            const U16 never =
                (is_backward & mask(from < more)) | (is_reference & mask(from == 0xFFFF)) | unused | itself;
            const U16 reach = static_cast<U16>((from + 1) & is_reference) | (distance & is_near) | never;
            return {static_cast<U16>(header + arguments), static_cast<U16>(size | (never & 2)), reach};
        } else {
            const U16 never = choose(is_backward, mask(from < more), is_reference & mask(from > 0xFFFF - more));
            const U16 reach = (distance & is_near) | never;
            return {static_cast<U16>(header + arguments), static_cast<U16>(size | (never & 2)), reach};
        }
    }
};

// hal::scan for any format of hal/format.hpp.
template <Format format>
Candidates scan_format(std::span<const std::uint8_t> rom, std::size_t window, Mode mode, std::size_t threads,
                       const CancelToken* cancel) {
    return mode == Mode::strict ? scan_streams<ScanFormat<format, Mode::strict>>(rom, window, threads, cancel)
                                : scan_streams<ScanFormat<format, Mode::compatible>>(rom, window, threads, cancel);
}

}  // namespace halscope::hal
