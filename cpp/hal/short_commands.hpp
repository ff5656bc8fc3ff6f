// Short commands without a branch: tables indexed by the header byte and its kind, and the loops that use them. All
// kinds take one path, because a switch mispredicts every other time and that costs more than the command itself.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/cpu.hpp"
#include "hal/bits.hpp"
#include "hal/command.hpp"

namespace halscope::hal {

// One iteration may read this many bytes of input (header and 32 raw bytes) and write this many of output: a chunk of
// 32 is always stored twice, since RLE16 can write 64; the next command overwrites the excess.
inline constexpr std::size_t kInputSlack = 1 + kShortCount;
inline constexpr std::size_t kOutputSlack = 2 * kShortCount;

// How far decoding has come.
struct Cursor {
    const std::uint8_t* in;
    std::size_t at;
    std::size_t end;
    std::uint8_t* out;
    std::size_t written;
    std::size_t limit;  // at most 65,536
};

// Run short commands while there is slack. They stop before a long or invalid command, one whose source is not fully
// written yet, or a backward copy within 31 bytes of the output's start; the careful step handles that command.
void short_commands_scalar(Cursor& cursor) noexcept;
#if defined(HALSCOPE_X86)
void short_commands_ssse3(Cursor& cursor) noexcept;
void short_commands_avx2(Cursor& cursor) noexcept;
#elif defined(HALSCOPE_NEON)
void short_commands_neon(Cursor& cursor) noexcept;
#endif

// Indexed by the header byte.
struct HeadRow {
    // How much output must exist after the reference for this loop: the whole source, or a backward copy's last byte.
    // Very negative for literals, so that any two bytes pass as a reference; very positive for long headers, so that
    // none do.
    std::int32_t reach;
    std::uint8_t packed;  // input bytes, header included
    std::uint8_t size;    // output bytes
};

// Indexed by the kind.
struct alignas(32) KindRow {
    // Added to each output byte: 0, 1, 2, ... for a sequence, else zeros.
    std::array<std::uint8_t, 2 * 16> addend;
    // The source byte of each output byte within a half: RLE8 repeats the first, RLE16 the first two, backward
    // reverses.
    std::array<std::uint8_t, 16> shuffle;
    // A byte is assembled from two look-ups, one per nibble; a bit-reversed copy has mirrored tables.
    std::array<std::uint8_t, 16> low_nibble;   // by the source's low nibble
    std::array<std::uint8_t, 16> high_nibble;  // by its high nibble
    std::uint64_t from_output;                 // all ones if the source is output, else zero
    std::uint32_t before;                      // bytes from the start of the loaded 32 to the reference
    // Offsets in the 32 bytes of the two halves of output; a backward copy swaps them.
    std::uint8_t first_half;
    std::uint8_t second_half;
};

namespace tables {

inline constexpr std::int32_t kNever = 1 << 20;
inline constexpr std::uint8_t kHalf = 16;

constexpr std::array<HeadRow, 256> head_rows() noexcept {
    std::array<HeadRow, 256> rows{};
    for (unsigned head = 0; head < rows.size(); ++head) {
        const Command command = short_command(head);
        if (command.kind == kLong) {
            rows[head] = {kNever, 0, 0};
            continue;
        }
        const std::int32_t reach = command.kind == kBackwardCopy ? 1 : static_cast<std::int32_t>(command.count);
        rows[head] = {command.is_reference() ? reach : -kNever,
                      static_cast<std::uint8_t>(command.header + command.arguments()),
                      static_cast<std::uint8_t>(command.output())};
    }
    return rows;
}

constexpr std::array<KindRow, 8> kind_rows() noexcept {
    std::array<KindRow, 8> rows{};
    for (unsigned kind = 0; kind < rows.size(); ++kind) {
        KindRow& row = rows[kind];
        const bool reference = kind >= kCopy;
        const bool backward = kind == kBackwardCopy;
        const bool repeats = kind == kRle8 || kind == kRle16 || kind == kSequence;
        for (unsigned k = 0; k < 2 * kHalf; ++k) row.addend[k] = static_cast<std::uint8_t>(kind == kSequence ? k : 0);
        for (unsigned k = 0; k < kHalf; ++k) {
            const unsigned from = backward ? kHalf - 1U - k : kind == kRle16 ? k % 2 : repeats ? 0 : k;
            row.shuffle[k] = static_cast<std::uint8_t>(from);
            const auto nibble = static_cast<std::uint8_t>(k);
            const auto upper = static_cast<std::uint8_t>(k << 4);
            row.low_nibble[k] = kind == kReversedCopy ? reverse_bits(nibble) : nibble;
            row.high_nibble[k] = kind == kReversedCopy ? reverse_bits(upper) : upper;
        }
        row.from_output = reference ? ~std::uint64_t{0} : 0;
        row.before = backward ? kShortCount - 1 : 0;
        row.first_half = backward ? kHalf : 0;
        row.second_half = backward || repeats ? 0 : kHalf;
    }
    return rows;
}

}  // namespace tables

inline constexpr std::array<HeadRow, 256> kHeadRows = tables::head_rows();
inline constexpr std::array<KindRow, 8> kKindRows = tables::kind_rows();

// Whether the loops can take this command: false for a long one, and where too little output exists after the reference
// or before it. One branch, and well predicted: it fails once in three hundred commands on tiles.
[[nodiscard]] inline bool is_safe(const HeadRow& head, const KindRow& kind, std::size_t reference,
                                  std::size_t written) noexcept {
    const auto from = static_cast<std::int64_t>(reference);
    return ((static_cast<std::int64_t>(written) - from - head.reach) |
            (from - static_cast<std::int64_t>(kind.before))) >= 0;
}

// Where the 32 bytes of a safe command come from: after the header, or from the output. A mask, because some compilers
// turn a conditional expression into a branch.
[[nodiscard]] inline const std::uint8_t* source(const KindRow& kind, const std::uint8_t* in, std::size_t reference,
                                                const std::uint8_t* out) noexcept {
    const auto literal = reinterpret_cast<std::uintptr_t>(in + 1);
    const auto copied = reinterpret_cast<std::uintptr_t>(out) + reference - kind.before;
    const auto mask = static_cast<std::uintptr_t>(kind.from_output);
    return reinterpret_cast<const std::uint8_t*>(literal ^ ((literal ^ copied) & mask));
}

}  // namespace halscope::hal
