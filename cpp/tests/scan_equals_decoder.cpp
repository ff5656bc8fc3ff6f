// Every native codec's scan finds exactly what its decoder accepts, at every offset: of the images given as arguments
// and of several made here, with and without LoROM bank edges, strict and compatible, on one to three threads. Build it
// as Release.
//   proof_scan_equals_decoder IMAGE...
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "codecs/native_codec.hpp"
#include "hal/hal.hpp"

namespace {

using namespace halscope::hal;
using Bytes = std::vector<std::uint8_t>;
using Random = std::mt19937;

struct Image {
    std::string name;
    Bytes bytes;
};

unsigned below(Random& random, unsigned bound) {
    return static_cast<unsigned>(random() % bound);
}

std::uint8_t any_byte(Random& random) {
    return static_cast<std::uint8_t>(random() >> 5);
}

// Rows that repeat, count up and mirror, with a little noise: compresses like graphics.
Bytes drawn(Random& random, std::size_t size) {
    Bytes data(size);
    for (std::size_t i = 0; i < size; ++i) {
        const bool fresh = i < 16 || below(random, 8) == 0;
        data[i] = fresh ? any_byte(random) : data[i - 1 - below(random, 16)];
    }
    return data;
}

// A command of any kind and length, with its reference mostly near the start of the output.
void append_command(Bytes& rom, Random& random) {
    const unsigned kind = below(random, 7);
    const unsigned count = below(random, 4) == 0 ? below(random, 1024) : below(random, 32);
    if (count < 32) {
        rom.push_back(static_cast<std::uint8_t>(kind << 5 | count));
    } else {
        rom.push_back(static_cast<std::uint8_t>(7U << 5 | kind << 2 | count >> 8));
        rom.push_back(static_cast<std::uint8_t>(count & 0xFF));
    }
    std::size_t arguments = kind == 0 ? count + 1 : kind == 1 || kind == 3 ? 1 : 2;
    if (kind >= 4 && below(random, 4) != 0) {
        rom.push_back(static_cast<std::uint8_t>(below(random, 3)));
        --arguments;
    }
    for (; arguments > 0; --arguments) rom.push_back(any_byte(random));
}

// Packed blocks back to back and apart, rows of commands, code, noise, tables and plain fill, truncated at the end.
Bytes rom_like(std::uint32_t seed, std::size_t size) {
    Random random(seed);
    Bytes opcodes(24);
    for (std::uint8_t& byte : opcodes) byte = any_byte(random);
    Bytes rom;
    while (rom.size() < size) {
        const std::size_t length = 1 + below(random, 3000);
        switch (below(random, 8)) {
            case 0:
            case 1:
            case 2:
                for (unsigned blocks = 1 + below(random, 3); blocks > 0; --blocks) {
                    const Effort effort = below(random, 2) == 0 ? Effort::optimal : Effort::fast;
                    const Bytes packed = encode(drawn(random, 64 + below(random, 9000)), effort).packed;
                    rom.insert(rom.end(), packed.begin(), packed.end());
                }
                break;
            case 3:
                for (std::size_t k = 0; k < length; ++k) rom.push_back(opcodes[below(random, 24)]);
                break;
            case 4:
                for (std::size_t k = 0; k < length; ++k) rom.push_back(any_byte(random));
                break;
            case 5:
                rom.insert(rom.end(), length / 4, below(random, 2) == 0 ? 0x00 : 0xFF);
                break;
            case 6:
                for (std::size_t k = 0; k < length; ++k) rom.push_back(static_cast<std::uint8_t>(k / 2 * (k % 2 + 1)));
                break;
            default:
                for (unsigned commands = below(random, 60); commands > 0; --commands) append_command(rom, random);
                rom.push_back(0xFF);
        }
    }
    rom.resize(size);
    return rom;
}

// Streams at the limits: 64 KiB of packed bytes and of output, and one byte more of either.
Bytes at_the_limits() {
    Bytes rom;
    const auto raw = [&rom](unsigned count) {
        rom.push_back(static_cast<std::uint8_t>(0xE0U | (count - 1) >> 8));
        rom.push_back(static_cast<std::uint8_t>((count - 1) & 0xFF));
        rom.insert(rom.end(), count, 0x41);
    };
    for (const unsigned last : {894U, 895U, 896U}) {
        for (unsigned k = 0; k < 63; ++k) raw(1024);
        raw(last);
        rom.push_back(0xFF);
    }
    for (const bool over : {false, true}) {
        if (over) rom.insert(rom.end(), {0x00, 0x61});
        for (unsigned k = 0; k < 32; ++k) rom.insert(rom.end(), {0xEB, 0xFF, 0x61, 0x62});
        rom.push_back(0xFF);
    }
    return rom;
}

// The number of offsets where scan and decoder disagree; the decoder sees nothing at or past the next edge.
std::size_t differences(const halscope::codecs::NativeCodec& codec, const Image& image, std::size_t window, Mode mode) {
    static std::array<std::uint8_t, kMaxOutput> out;
    const std::span<const std::uint8_t> rom(image.bytes);
    const Candidates found = codec.scan(rom, window, mode, 1, nullptr);
    const auto same_stream = [](const Candidate& a, const Candidate& b) {
        return a.offset == b.offset && a.packed_size == b.packed_size && a.size == b.size;
    };
    auto next = found.begin();
    std::size_t different = 0;
    for (std::size_t offset = 0; offset < rom.size(); ++offset) {
        const std::size_t edge = window == 0 ? rom.size() : std::min(rom.size(), (offset / window + 1) * window);
        const DecodeResult block = codec.decode(rom.first(edge), offset, mode, out);
        const bool taken = block.status == Status::ok && block.size > 0;
        const bool listed = next != found.end() && next->offset == offset;
        const bool same =
            taken == listed && (!taken || (next->packed_size == block.consumed && next->size == block.size));
        if (!same && ++different <= 5)
            std::printf("%s in %s, offset %zu, window %zu, %s: decoder says %zu bytes (%s), scan says %u\n",
                        codec.title.data(), image.name.c_str(), offset, window,
                        mode == Mode::strict ? "strict" : "compatible", block.size, taken ? "a stream" : "none",
                        listed ? next->size : 0);
        if (listed) ++next;
    }
    if (next != found.end()) ++different;
    for (std::size_t threads = 2; threads <= 3; ++threads) {
        const Candidates again = codec.scan(rom, window, mode, threads, nullptr);
        if (std::equal(again.begin(), again.end(), found.begin(), found.end(), same_stream)) continue;
        std::printf("%s, window %zu: %zu threads find different streams than one\n", image.name.c_str(), window,
                    threads);
        ++different;
    }
    if (rom.size() >= 1024 || different > 0)
        std::printf("%s in %s, %zu KiB, window %zu, %s: %zu starts, %zu differences\n", codec.title.data(),
                    image.name.c_str(), rom.size() / 1024, window, mode == Mode::strict ? "strict" : "compatible",
                    found.size(), different);
    return different;
}

std::vector<Image> made_here() {
    std::vector<Image> images;
    images.push_back({"limits", at_the_limits()});
    // Whole megabytes, so that the scan splits its work if it can; and sizes that are no round number.
    images.push_back({"ROM-like 1", rom_like(1, 0x140000)});
    images.push_back({"ROM-like 2", rom_like(2, 0x4F123)});
    images.push_back({"ROM-like 3", rom_like(3, 0x8001)});
    for (std::uint32_t size = 0; size < 40; ++size)
        images.push_back({"tiny " + std::to_string(size), rom_like(100 + size, size)});
    return images;
}

}  // namespace

int main(int count, char** arguments) {
    std::vector<Image> images = made_here();
    for (int k = 1; k < count; ++k) {
        std::ifstream file(arguments[k], std::ios::binary);
        Bytes bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        if (bytes.empty()) {
            std::printf("%s cannot be read, or is empty\n", arguments[k]);
            return 2;
        }
        const std::string path = arguments[k];
        images.push_back({path.substr(path.find_last_of("/\\") + 1), std::move(bytes)});
    }
    std::size_t different = 0;
    for (const Image& image : images) {
        for (const std::size_t window : {0x8000U, 0U}) {
            for (const Mode mode : {Mode::strict, Mode::compatible}) {
                for (const halscope::codecs::NativeCodec* const codec : halscope::codecs::all())
                    different += differences(*codec, image, window, mode);
            }
        }
    }
    std::printf("scan_equals_decoder: %zu images, %zu differences\n", images.size(), different);
    return different == 0 ? 0 : 1;
}
