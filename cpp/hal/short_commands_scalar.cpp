// Short commands without vector instructions: a switch over the kinds, each of which writes a fixed 32 bytes.
#include <cstring>

#include "hal/short_commands.hpp"

namespace halscope::hal {
namespace {

constexpr std::size_t kWords = kShortCount / sizeof(std::uint64_t);
using Words = std::array<std::uint64_t, kWords>;

Words load(const std::uint8_t* from) noexcept {
    Words words;
    std::memcpy(words.data(), from, sizeof words);
    return words;
}

void store(std::uint8_t* to, const Words& words) noexcept {
    std::memcpy(to, words.data(), sizeof words);
}

void fill_pairs(std::uint8_t* to, unsigned low, unsigned high) noexcept {
    const unsigned pair = std::endian::native == std::endian::little ? high << 8 | low : low << 8 | high;
    Words words;
    words.fill(pair * 0x0001000100010001U);
    store(to, words);
    store(to + kShortCount, words);
}

void fill_sequence(std::uint8_t* to, unsigned first) noexcept {
    for (unsigned k = 0; k < kShortCount; ++k) to[k] = static_cast<std::uint8_t>(first + k);
}

// Writes what a command of this kind makes of the 32 bytes at its source; RLE16 writes 64. Raw and plain copies, three
// of four commands, share a case, so the branch predictor need not distinguish them.
void write(unsigned kind, const std::uint8_t* from, std::uint8_t* to) noexcept {
    switch (kind) {
        case kRle8:
            std::memset(to, static_cast<int>(read_once(from)), kShortCount);
            return;
        case kRle16: {
            const unsigned low = read_once(from);
            return fill_pairs(to, low, read_once(from + 1));
        }
        case kSequence:
            return fill_sequence(to, read_once(from));
        case kReversedCopy: {
            Words words = load(from);
            for (std::uint64_t& word : words) word = reverse_bits_in_bytes(word);
            return store(to, words);
        }
        case kBackwardCopy: {
            const Words words = load(from);
            Words mirrored;
            for (std::size_t k = 0; k < kWords; ++k) mirrored[k] = reverse_bytes(words[kWords - 1 - k]);
            return store(to, mirrored);
        }
        default:
            return store(to, load(from));
    }
}

}  // namespace

void short_commands_scalar(Cursor& cursor) noexcept {
    while (cursor.end - cursor.at >= kInputSlack && cursor.limit - cursor.written >= kOutputSlack) {
        const std::uint8_t* const in = cursor.in + cursor.at;
        const unsigned head = read_once(in);
        const HeadRow& row = kHeadRows[head];
        const std::size_t reference = read_reference(in + 1);
        const KindRow& kind = kKindRows[head >> 5];
        if (!is_safe(row, kind, reference, cursor.written)) return;
        write(head >> 5, source(kind, in, reference, cursor.out), cursor.out + cursor.written);
        cursor.at += row.packed;
        cursor.written += row.size;
    }
}

}  // namespace halscope::hal
