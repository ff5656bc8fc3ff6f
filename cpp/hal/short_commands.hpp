// Short commands without a branch: what a header byte says, as rows of tables, and the loops that follow them.
//
// A stream of graphics has ten bytes of output for each command, and no two commands in a row are alike: a switch over
// the kinds is guessed wrongly every other time, and a wrong guess costs more than the command itself. So all kinds
// take the same path here:
//
//   1. 32 bytes come from the arguments or from the output, as two halves of 16 (a backward copy swaps them);
//   2. each half is shuffled (RLE8: its first byte everywhere; RLE16: its first two; a backward copy: turned round);
//   3. each byte is put together from its two nibbles, by tables that a bit-reversed copy has mirrored;
//   4. 0, 1, 2, ... or nothing is added (a sequence), and 32 bytes are stored. RLE16 can write 64, so the same 32 are
//      stored twice: what is too much is overwritten by the next command.
//
// What this cannot do is told by one comparison, see HeadRow::reach.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/cpu.hpp"
#include "hal/bits.hpp"
#include "hal/command.hpp"

namespace halscope::hal {

// A step may read this much of the input (header and 32 raw bytes) and write this much output.
inline constexpr std::size_t kInputSlack = 1 + kShortCount;
inline constexpr std::size_t kOutputSlack = 2 * kShortCount;

// How far a decoder has come.
struct Cursor {
    const std::uint8_t* in;
    std::size_t at;
    std::size_t end;
    std::uint8_t* out;
    std::size_t written;
    std::size_t limit;  // at most 65,536
};

// Take short commands while there is slack, up to one that is long, whose source is not all written yet, that reads
// backward within 31 bytes of the output's start, or that is wrong; the caller takes that one with care.
void short_commands_scalar(Cursor& cursor) noexcept;
#if defined(HALSCOPE_X86)
void short_commands_ssse3(Cursor& cursor) noexcept;
void short_commands_avx2(Cursor& cursor) noexcept;
#elif defined(HALSCOPE_NEON)
void short_commands_neon(Cursor& cursor) noexcept;
#endif

// What the header's byte decides.
struct HeadRow {
    // How much output must exist behind the reference for this loop: all of the source, or the last byte of a backward
    // one. For literals so little that any two bytes pass as a reference, for long headers so much that none does.
    std::int32_t reach;
    std::uint8_t packed;  // bytes of input, the header included
    std::uint8_t size;    // bytes of output
};

// What the kind decides.
struct alignas(32) KindRow {
    std::array<std::uint8_t, 2 * 16> addend;
    std::array<std::uint8_t, 16> shuffle;
    std::array<std::uint8_t, 16> low_nibble;   // the byte's bits that come from the source's lower four
    std::array<std::uint8_t, 16> high_nibble;  // and from its upper four
    std::uint64_t from_output;                 // all ones if the source is output, else zero
    std::uint32_t before;                      // where the 32 bytes begin, before the source's first byte
    std::uint8_t first_half;                   // where in the 32 bytes the first 16 of output come from
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

// Whether the loops can take this command: false for a long one, and where too little output lies behind the reference
// or before it. One branch, which is nearly always guessed rightly.
[[nodiscard]] inline bool is_safe(const HeadRow& head, const KindRow& kind, std::size_t reference,
                                  std::size_t written) noexcept {
    const auto from = static_cast<std::int64_t>(reference);
    return ((static_cast<std::int64_t>(written) - from - head.reach) |
            (from - static_cast<std::int64_t>(kind.before))) >= 0;
}

// Where the 32 bytes of a safe command come from: behind the header or out of the output. Selected by a mask, for a
// conditional expression becomes a branch in some compilers' hands.
[[nodiscard]] inline const std::uint8_t* source(const KindRow& kind, const std::uint8_t* in, std::size_t reference,
                                                const std::uint8_t* out) noexcept {
    const auto literal = reinterpret_cast<std::uintptr_t>(in + 1);
    const auto copied = reinterpret_cast<std::uintptr_t>(out) + reference - kind.before;
    const auto mask = static_cast<std::uintptr_t>(kind.from_output);
    return reinterpret_cast<const std::uint8_t*>(literal ^ ((literal ^ copied) & mask));
}

}  // namespace halscope::hal
