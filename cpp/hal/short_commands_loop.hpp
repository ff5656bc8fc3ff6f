// The branch-free loop over short commands, shared by all vector instruction sets. The including file defines
// HALSCOPE_LEVEL (the target attribute; compilers inline across files, but not across targets) and passes a type with
// the operations on 32 bytes.
#pragma once
#include <cstdint>

#include "hal/short_commands.hpp"

namespace halscope::hal {
namespace {

template <typename Chunk>
HALSCOPE_LEVEL HALSCOPE_INLINE void short_commands(Cursor& cursor) noexcept {
    if (cursor.end - cursor.at < kInputSlack || cursor.limit - cursor.written < kOutputSlack) return;
    const std::uint8_t* in = cursor.in + cursor.at;
    const std::uint8_t* const last_in = cursor.in + cursor.end - kInputSlack;
    std::uint8_t* const out = cursor.out;
    std::size_t written = cursor.written;
    const std::size_t last_written = cursor.limit - kOutputSlack;
    // The chain from header byte through kHeadRows to the next header byte sets the pace, about ten cycles.
    do {
        const unsigned head = read_once(in);
        const HeadRow& row = kHeadRows[head];
        const KindRow& kind = kKindRows[head >> 5];
        const std::size_t reference = read_reference(in + 1);
        if (!is_safe(row, kind, reference, written)) break;
        const std::uint8_t* const from = source(kind, in, reference, out);
        const Chunk chunk = Chunk::load(from + kind.first_half, from + kind.second_half).translate(kind);
        // Twice, because RLE16 can write 64 bytes; the next command overwrites the excess.
        chunk.store(out + written);
        chunk.store(out + written + kShortCount);
        in += row.packed;
        written += row.size;
    } while (in <= last_in && written <= last_written);
    cursor.at = static_cast<std::size_t>(in - cursor.in);
    cursor.written = written;
}

}  // namespace
}  // namespace halscope::hal
