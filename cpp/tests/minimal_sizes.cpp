// No stream is smaller than encode(optimal)'s, for every native codec of HAL's family: compared with an exhaustive
// dynamic program on adversarial inputs. Build it as Release; it exits 0 or prints the input that differed.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <random>
#include <vector>

#include "codecs/native_codec.hpp"
#include "hal/hal.hpp"
#include "tests/exhaustive.hpp"

namespace {

using halscope::proof::Bytes;
using halscope::proof::Exhaustive;
using halscope::proof::reversed;

struct Tally {
    std::size_t inputs = 0;
    std::size_t failures = 0;
    std::size_t refused = 0;    // correctly: the minimum exceeds 64 KiB
    std::size_t brim_full = 0;  // packed streams of exactly 64 KiB
};

void report(const char* family, const Bytes& data, const char* what, std::size_t minimum, std::size_t packed) {
    std::printf("%s, %zu bytes: %s (minimum %zu, encoded %zu)\n  ", family, data.size(), what, minimum, packed);
    for (std::size_t i = 0; i < std::min<std::size_t>(data.size(), 300); ++i) std::printf("%02x", unsigned{data[i]});
    std::printf("%s\n", data.size() > 300 ? "..." : "");
}

// Checks that an encoding is the minimum and decodes to the data. Returns what is wrong, or null.
template <typename Decode>
const char* fault_of(Tally& tally, const Bytes& data, std::size_t minimum, const halscope::hal::EncodeResult& result,
                     Decode decode) {
    using namespace halscope::hal;
    static std::array<std::uint8_t, kMaxOutput> out;
    ++tally.inputs;
    if (minimum > kMaxPacked) {
        ++tally.refused;
        return result.status == Status::packed_too_long ? nullptr : "not refused although no stream fits";
    }
    if (result.status != Status::ok) return "refused although a stream fits";
    if (result.packed.size() != minimum) return "not the minimum";
    if (minimum == kMaxPacked) ++tally.brim_full;
    const DecodeResult block = decode(result.packed, out);
    const bool same = block.status == Status::ok && block.consumed == minimum && block.size == data.size() &&
                      std::equal(data.begin(), data.end(), out.begin());
    return same ? nullptr : "does not decode to the data";
}

void check(Tally& tally, const char* family, const Bytes& data) {
    namespace hal = halscope::hal;
    const hal::Format* before = nullptr;
    std::size_t minimum = 0;
    for (const halscope::codecs::NativeCodec* const codec : halscope::codecs::all()) {
        if (codec->format == nullptr) continue;
        // The byte order of references does not affect sizes; LC_LZ1 and LC_LZ2 are adjacent in the table.
        const hal::Format& format = *codec->format;
        const bool same =
            before != nullptr && before->copies == format.copies && before->pair_count == format.pair_count;
        if (!same) minimum = Exhaustive(data, format).minimum();
        before = &format;
        const hal::EncodeResult result = codec->encode(data, hal::Effort::optimal, nullptr);
        const char* const fault = fault_of(tally, data, minimum, result, [codec](const Bytes& in, auto& out) {
            return codec->decode(in, 0, hal::Mode::strict, out);
        });
        if (fault == nullptr || ++tally.failures > 10) continue;
        std::printf("%s: ", codec->title.data());
        report(family, data, fault, minimum, result.packed.size());
    }
}

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t bound) {
    return random() % bound;
}

Bytes noise(Random& random, std::size_t size) {
    Bytes data(size);
    for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(random() >> 7);
    return data;
}

void append(Bytes& data, const Bytes& more) {
    data.insert(data.end(), more.begin(), more.end());
}

// Byte by byte, so that the copy may overlap what it writes.
void append_copy(Bytes& data, std::size_t source, std::size_t length) {
    for (std::size_t k = 0; k < length; ++k) data.push_back(std::uint8_t{data[source + k]});
}
void append_reversed(Bytes& data, std::size_t source, std::size_t length) {
    for (std::size_t k = 0; k < length; ++k) data.push_back(reversed(data[source + k]));
}
void append_backward(Bytes& data, std::size_t last, std::size_t length) {
    for (std::size_t k = 0; k < length && k <= last; ++k) data.push_back(std::uint8_t{data[last - k]});
}
void append_inverted(Bytes& data, std::size_t source, std::size_t length) {
    for (std::size_t k = 0; k < length; ++k) data.push_back(static_cast<std::uint8_t>(~data[source + k]));
}
void append_pairs(Bytes& data, std::uint8_t first, std::uint8_t second, std::size_t length) {
    for (std::size_t k = 0; k < length; ++k) data.push_back(k % 2 == 0 ? first : second);
}
void append_sequence(Bytes& data, std::size_t first, std::size_t length) {
    for (std::size_t k = 0; k < length; ++k) data.push_back(static_cast<std::uint8_t>(first + k));
}

// Every string of these letters up to a length. The letters are each other's successors or mirror images.
void all_strings(Tally& tally, const Bytes& letters, std::size_t longest) {
    for (std::size_t size = 0; size <= longest; ++size) {
        std::size_t strings = 1;
        for (std::size_t k = 0; k < size; ++k) strings *= letters.size();
        for (std::size_t number = 0; number < strings; ++number) {
            Bytes data(size);
            std::size_t rest = number;
            for (std::uint8_t& byte : data) {
                byte = letters[rest % letters.size()];
                rest /= letters.size();
            }
            check(tally, "every string of few letters", data);
        }
    }
}

void strings_of_few_letters(Tally& tally, Random& random, std::size_t inputs) {
    for (std::size_t n = 0; n < inputs; ++n) {
        Bytes letters = noise(random, 2 + below(random, 3));
        if (below(random, 2) == 0) letters[1] = reversed(letters[0]);
        if (below(random, 2) == 0) letters[1] = static_cast<std::uint8_t>(letters[0] + 1);
        if (below(random, 3) == 0) letters[1] = static_cast<std::uint8_t>(~letters[0]);
        Bytes data(1 + below(random, 150));
        // Repeats often, so that runs and periods of all lengths occur beside noise.
        const std::size_t sticky = below(random, 4);
        for (std::size_t i = 0; i < data.size(); ++i) {
            const std::size_t back = 1 + below(random, 2);
            data[i] = i >= back && below(random, 4) < sticky ? data[i - back] : letters[below(random, letters.size())];
        }
        check(tally, "string of few letters", data);
    }
}

// Raw bytes, runs, pairs cut at odd bytes, sequences that wrap, overlapping copies of every kind, single bits changed.
Bytes pieces(Random& random, std::size_t size, const std::vector<std::size_t>& lengths) {
    Bytes data;
    while (data.size() < size) {
        const std::size_t length = lengths[below(random, lengths.size())];
        const auto first = static_cast<std::uint8_t>(random());
        const std::size_t kind = data.empty() ? below(random, 4) : below(random, 9);
        // Half of the sources are around the largest distance that one byte holds.
        const bool near = data.size() > 300 && below(random, 2) == 0;
        const std::size_t source = data.empty() ? 0
                                   : near       ? data.size() - 250 - below(random, 10)
                                                : below(random, data.size());
        switch (kind) {
            case 0:
                append(data, noise(random, length));
                break;
            case 1:
                data.insert(data.end(), length, first);
                break;
            case 2:
                append_pairs(data, first, static_cast<std::uint8_t>(random()), 2 * length - below(random, 2));
                break;
            case 3:
                append_sequence(data, 256 - below(random, length + 1) % 256, length);
                break;
            case 4:
                append_copy(data, source, length);
                break;
            case 5:
                append_reversed(data, source, length);
                break;
            case 6:
                append_backward(data, source, length);
                break;
            case 7:
                append_inverted(data, source, length);
                break;
            default:
                data[source] = static_cast<std::uint8_t>(data[source] ^ 1U << below(random, 8));
        }
    }
    data.resize(size);
    return data;
}

struct Shape {
    const char* name;
    std::function<void(Bytes&, std::size_t, Random&)> append;
    std::size_t longest = SIZE_MAX;  // excludes lengths that would take many seconds
};

const std::vector<Shape>& shapes() {
    static const std::vector<Shape> all = {
        {"raw", [](Bytes& data, std::size_t n, Random& random) { append(data, noise(random, n)); }},
        {"RLE8", [](Bytes& data, std::size_t n, Random&) { data.insert(data.end(), n, 0x5B); }},
        {"RLE16 of n bytes", [](Bytes& data, std::size_t n, Random&) { append_pairs(data, 0x12, 0x34, n); }},
        {"RLE16 of n pairs", [](Bytes& data, std::size_t n, Random&) { append_pairs(data, 0x12, 0x34, 2 * n); }, 1025},
        {"RLE16 cut at an odd byte",
         [](Bytes& data, std::size_t n, Random&) { append_pairs(data, 0x12, 0x34, 2 * n - 1); }, 1025},
        {"RLE16 one byte late",
         [](Bytes& data, std::size_t n, Random&) {
             data.push_back(0x12);
             append_pairs(data, 0x12, 0x34, 2 * n);
         },
         1025},
        {"RLE16 after RLE16 of the other parity",
         [](Bytes& data, std::size_t n, Random&) {
             append_pairs(data, 0x12, 0x34, n);
             append_pairs(data, 0x34, 0x56, n);
         },
         1025},
        {"sequence that wraps",
         [](Bytes& data, std::size_t n, Random&) { append_sequence(data, 256 - n / 2 % 256, n); }},
        {"sequence into a run",
         [](Bytes& data, std::size_t n, Random&) {
             append_sequence(data, 0, n);
             data.insert(data.end(), n, data.back());
         }},
        {"overlap of 3 bytes",
         [](Bytes& data, std::size_t n, Random&) {
             for (std::size_t k = 0; k < n; ++k) data.push_back(static_cast<std::uint8_t>(0x21 + 0x40 * (k % 3)));
         }},
        {"bit-reversed overlap",
         [](Bytes& data, std::size_t n, Random&) {
             const std::size_t begin = data.size();
             append(data, {0x01, 0x03, 0x0B});
             append_reversed(data, begin, n);
         }},
        {"inverted copy", [](Bytes& data, std::size_t n, Random&) { append_inverted(data, 0, n); }},
        {"inverted copy of the latest byte",
         [](Bytes& data, std::size_t n, Random&) { append_inverted(data, data.size() - 1, n); }},
        {"copy from 255 bytes back, and one more",
         [](Bytes& data, std::size_t n, Random& random) {
             append(data, noise(random, 300));
             append_copy(data, data.size() - 255, n);
             append(data, noise(random, 300));
             append_copy(data, data.size() - 256, n);
         }},
        {"inverted copy from 255 bytes back, and one more",
         [](Bytes& data, std::size_t n, Random& random) {
             append(data, noise(random, 300));
             append_inverted(data, data.size() - 255, n);
             append(data, noise(random, 300));
             append_inverted(data, data.size() - 256, n);
         }},
        {"copy", [](Bytes& data, std::size_t n, Random&) { append_copy(data, 0, n); }},
        {"copy of the latest bytes",
         [](Bytes& data, std::size_t n, Random&) { append_copy(data, data.size() - std::min(n, data.size()), n); }},
        {"bit-reversed copy", [](Bytes& data, std::size_t n, Random&) { append_reversed(data, 0, n); }},
        {"backward copy to the first byte",
         [](Bytes& data, std::size_t n, Random&) { append_backward(data, std::min(n, data.size()) - 1, n); }},
        {"backward copy of the last byte",
         [](Bytes& data, std::size_t n, Random&) { append_backward(data, data.size() - 1, n); }},
    };
    return all;
}

// One command with a length at the edge of a header size or count: alone after its source, and among noise.
void exact_lengths(Tally& tally, Random& random) {
    const std::vector<std::size_t> lengths = {1,   2,  3,  4,  5,  31,   32,   33,   34,   62,   63,   64,   767, 768,
                                              769, 65, 66, 96, 97, 1023, 1024, 1025, 1026, 1056, 1057, 2047, 2048};
    for (const Shape& shape : shapes()) {
        for (const std::size_t length : lengths) {
            if (length > shape.longest) continue;
            for (const std::size_t before : {std::size_t{1}, std::size_t{7}, length, length + 1}) {
                if (length > 100 && before != length) continue;  // an exhaustive search takes seconds on long runs
                Bytes data = noise(random, before);
                shape.append(data, length, random);
                if (length <= 100) check(tally, shape.name, data);
                append(data, noise(random, below(random, 40)));
                check(tally, shape.name, data);
            }
        }
    }
}

// 64 KiB that pack to almost as much: raw bytes, and near both ends of the output every command that the size allows.
// Sources are at 0, at the last offset that a reference can hold, and across both ends of a long command.
Bytes full_output(Random& random, std::size_t tail) {
    const std::size_t copied = 1 + below(random, 1024);
    Bytes data = noise(random, halscope::hal::kMaxOutput - 6 * 1024 - tail);
    append_copy(data, 0, 1024);
    append_reversed(data, 0, copied);
    append_backward(data, 1023, 1024);
    append_backward(data, data.size() - 1, copied);
    append_copy(data, data.size() - 100, 33);
    append_inverted(data, data.size() - 100, 40);
    append_inverted(data, 0, copied);
    append(data, noise(random, halscope::hal::kMaxOutput - tail - data.size()));
    switch (below(random, 5)) {
        case 0:
            data.insert(data.end(), tail, 0x77);
            break;
        case 1:
            append_pairs(data, 0x12, 0x34, tail);
            break;
        case 2:
            append_backward(data, data.size() - 1, tail);
            break;
        case 3:
            append_reversed(data, data.size() - std::min<std::size_t>(tail, 5), tail);
            break;
        default:
            append_sequence(data, 250, tail);
    }
    data.resize(halscope::hal::kMaxOutput);
    return data;
}

void full_outputs(Tally& tally, Random& random) {
    for (const unsigned tail : {1U, 2U, 3U, 4U, 5U, 31U, 32U, 33U, 64U, 65U, 1023U, 1024U, 1025U, 2047U, 2048U, 2049U})
        check(tally, "64 KiB of output", full_output(random, tail));
    for (const std::size_t size : {65533U, 65534U, 65535U}) {
        Bytes data = full_output(random, 40);
        data.resize(size);
        check(tally, "almost 64 KiB of output", data);
    }
    check(tally, "64 KiB of pieces", pieces(random, halscope::hal::kMaxOutput, {1, 3, 8, 30, 66}));
}

// Noise whose packed stream ends just before, at and just after 65,536 bytes.
void full_packed(Tally& tally, Random& random) {
    const Bytes data = noise(random, halscope::hal::kMaxOutput);
    const auto head = [&data](std::size_t n) {
        return Bytes(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(n));
    };
    // Each byte of noise removed is one byte less of stream, or three where a command disappears with it.
    std::size_t size = data.size();
    for (std::size_t minimum = Exhaustive(data).minimum(); minimum > halscope::hal::kMaxPacked;) {
        size -= (minimum - halscope::hal::kMaxPacked + 2) / 3;
        minimum = Exhaustive(head(size)).minimum();
    }
    for (std::size_t n = size - 2; n <= size + 2; ++n) check(tally, "64 KiB packed", head(n));
    check(tally, "64 KiB of noise", data);
}

}  // namespace

int main() {
    Tally tally;
    Random random(20);
    const Bytes two_letters[] = {{0x01, 0x80}, {0x00, 0x01}, {0xFF, 0x00}, {0x12, 0x35}};
    for (const Bytes& letters : two_letters) all_strings(tally, letters, 10);
    all_strings(tally, {0xFE, 0xFF, 0x7F}, 7);
    all_strings(tally, {0x01, 0x80, 0x24}, 7);
    all_strings(tally, {0x01, 0x80, 0x02, 0x40}, 5);
    strings_of_few_letters(tally, random, 4000);
    for (std::size_t n = 0; n < 4000; ++n)
        check(tally, "pieces", pieces(random, 1 + below(random, 250), {1, 2, 3, 4, 5, 8, 31, 32, 33, 34, 63, 64, 65}));
    for (std::size_t n = 0; n < 10; ++n)
        check(tally, "long pieces", pieces(random, 3000, {1, 3, 33, 1023, 1024, 1025, 1026, 2047, 2048, 2049}));
    exact_lengths(tally, random);
    full_outputs(tally, random);
    full_packed(tally, random);
    std::printf(
        "minimal_sizes: %zu encodings, %zu differences; %zu refused correctly, %zu of exactly 65,536 packed bytes\n",
        tally.inputs, tally.failures, tally.refused, tally.brim_full);
    const bool thorough = tally.inputs >= 40'000 && tally.refused > 0 && tally.brim_full > 0;
    return tally.failures == 0 && thorough ? 0 : 1;
}
