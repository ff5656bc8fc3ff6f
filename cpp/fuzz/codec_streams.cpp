// Every native codec: decodes anything into buffers of exact size, encodes what came out, compares the scan with the
// decoder at every offset, and takes the evidence of any bytes.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "codecs/native_codec.hpp"

namespace {

namespace hal = halscope::hal;
using halscope::codecs::Bytes;
using halscope::codecs::NativeCodec;

void require(bool holds) {
    if (!holds) std::abort();
}

std::vector<std::uint8_t> check_decoding(Bytes in, const NativeCodec& codec, hal::Mode mode) {
    std::vector<std::uint8_t> output(hal::kMaxOutput, 0xA5);
    const hal::DecodeResult full = codec.decode(in, 0, mode, output);
    require((full.status == hal::Status::ok) == hal::describe(full, codec.title).empty() &&
            full.size <= hal::kMaxOutput);
    output.resize(full.size);
    std::vector<std::uint8_t> exact(full.size, 0x5A);
    const hal::DecodeResult again = codec.decode(in, 0, mode, exact);
    require(again.size == full.size && exact == output);  // and no previous contents of the buffer leak
    if (full.status != hal::Status::ok) {
        require(full.fault <= in.size() && full.consumed == 0);
        return {};
    }
    require(again.status == hal::Status::ok && again.consumed == full.consumed && full.consumed <= in.size());
    std::vector<std::uint8_t> cut(full.size);
    require(codec.decode(in.first(full.consumed), 0, mode, cut).status == hal::Status::ok && cut == output);
    require(codec.decode(in.first(full.consumed - 1), 0, mode, cut).status != hal::Status::ok);
    return output;
}

// Packed size, or 0 where the encoder refuses.
std::size_t check_encoding(Bytes data, const NativeCodec& codec, hal::Effort effort) {
    const hal::EncodeResult encoded = codec.encode(data, effort, nullptr);
    if (encoded.status != hal::Status::ok) {
        require(encoded.status == hal::Status::packed_too_long && encoded.fault < data.size());
        return 0;
    }
    std::vector<std::uint8_t> output(data.size());
    const hal::DecodeResult decoded = codec.decode(encoded.packed, 0, hal::Mode::strict, output);
    require(decoded.status == hal::Status::ok && decoded.consumed == encoded.packed.size());
    require(std::equal(data.begin(), data.end(), output.begin(), output.end()));
    return encoded.packed.size();
}

void check_scan(Bytes rom, const NativeCodec& codec, hal::Mode mode, std::size_t threads) {
    static std::vector<std::uint8_t> output(hal::kMaxOutput);
    const hal::Candidates found = codec.scan(rom, 0, mode, threads, nullptr);
    auto next = found.begin();
    for (std::size_t offset = 0; offset < rom.size(); ++offset) {
        const hal::DecodeResult block = codec.decode(rom, offset, mode, output);
        if (block.status != hal::Status::ok || block.size == 0) continue;
        require(next != found.end() && next->offset == offset && next->packed_size == block.consumed &&
                next->size == block.size);
        ++next;
    }
    require(next == found.end());
}

// Evidence is finite for what the scan finds, and stays within bounds for any offset and any output.
void check_evidence(Bytes rom, const NativeCodec& codec) {
    static std::vector<std::uint8_t> output(hal::kMaxOutput);
    std::vector<std::uint32_t> offsets;
    for (const hal::Candidate& stream : codec.scan(rom, 0, hal::Mode::strict, 1, nullptr)) {
        offsets.push_back(stream.offset);
        const hal::DecodeResult block = codec.decode(rom, stream.offset, hal::Mode::strict, output);
        const auto evidence = codec.stream_evidence(rom, stream.offset, Bytes(output).first(block.size));
        require(std::isfinite(evidence.commands + evidence.texture));
        for (const float joints : evidence.joints) require(std::isfinite(joints));
        (void)codec.stream_evidence(rom, stream.offset, rom);
    }
    for (const float one : codec.command_evidence(rom, offsets, {})) require(std::isfinite(one));
    offsets.clear();
    for (std::uint32_t offset = 0; offset < rom.size() + 4; ++offset) offsets.push_back(offset);
    require(codec.command_evidence(rom, offsets, {}).size() == offsets.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A copy of exact size, so that an overrun is detected. The size selects the codec: mutations change it all the
    // time, and one codec per run allows several times as many runs.
    const std::vector<std::uint8_t> copy(data, data + std::min<std::size_t>(size, 1024));
    const Bytes in(copy);
    const auto codecs = halscope::codecs::all();
    const NativeCodec& codec = *codecs[size % codecs.size()];
    const auto strict = check_decoding(in, codec, hal::Mode::strict);
    const auto compatible = check_decoding(in, codec, hal::Mode::compatible);
    require(strict.empty() || strict == compatible);
    const Bytes made = compatible.empty() ? in : Bytes(compatible);
    const std::size_t optimal = check_encoding(made, codec, hal::Effort::optimal);
    const std::size_t fast = check_encoding(made, codec, hal::Effort::fast);
    require(fast == 0 || (optimal != 0 && optimal <= fast));
    check_scan(in, codec, hal::Mode::strict, 1 + size % 3);
    check_scan(in, codec, hal::Mode::compatible, 1);
    check_evidence(in, codec);
    return 0;
}
