// LC_LZ1 and LC_LZ2: decoding anything into buffers with no byte to spare, packing what came out, and the scan against
// the decoder at every offset.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "lz/lz.hpp"

namespace {

namespace lz = halscope::lz;
using Bytes = std::span<const std::uint8_t>;

void require(bool holds) {
    if (!holds) std::abort();
}

std::vector<std::uint8_t> check_decoding(Bytes in, lz::Format format, lz::Mode mode) {
    std::vector<std::uint8_t> output(lz::kMaxOutput, 0xA5);
    const lz::DecodeResult full = lz::decode(in, 0, format, mode, output);
    require((full.status == lz::Status::ok) == lz::describe(full).empty() && full.size <= lz::kMaxOutput);
    output.resize(full.size);
    std::vector<std::uint8_t> exact(full.size, 0x5A);
    const lz::DecodeResult again = lz::decode(in, 0, format, mode, exact);
    require(again.size == full.size && exact == output);  // also: nothing of what lay in the buffer comes out
    if (full.status != lz::Status::ok) {
        require(full.fault <= in.size() && full.consumed == 0);
        return {};
    }
    require(again.status == lz::Status::ok && again.consumed == full.consumed && full.consumed <= in.size());
    std::vector<std::uint8_t> cut(full.size);
    require(lz::decode(in.first(full.consumed), 0, format, mode, cut).status == lz::Status::ok && cut == output);
    require(lz::decode(in.first(full.consumed - 1), 0, format, mode, cut).status != lz::Status::ok);
    return output;
}

// Packed size, or 0 where encoding refuses.
std::size_t check_encoding(Bytes data, lz::Format format, lz::Effort effort) {
    const lz::EncodeResult encoded = lz::encode(data, format, effort);
    if (encoded.status != lz::Status::ok) {
        require(encoded.status == lz::Status::packed_too_long && encoded.fault < data.size());
        return 0;
    }
    std::vector<std::uint8_t> output(data.size());
    const lz::DecodeResult decoded = lz::decode(encoded.packed, 0, format, lz::Mode::strict, output);
    require(decoded.status == lz::Status::ok && decoded.consumed == encoded.packed.size());
    require(std::equal(data.begin(), data.end(), output.begin(), output.end()));
    return encoded.packed.size();
}

void check_scan(Bytes rom, lz::Format format, lz::Mode mode, std::size_t threads) {
    static std::vector<std::uint8_t> output(lz::kMaxOutput);
    const std::vector<lz::Candidate> found = lz::scan(rom, format, 0, mode, threads);
    auto next = found.begin();
    for (std::size_t offset = 0; offset < rom.size(); ++offset) {
        const lz::DecodeResult block = lz::decode(rom, offset, format, mode, output);
        if (block.status != lz::Status::ok || block.size == 0) continue;
        require(next != found.end() && next->offset == offset && next->packed_size == block.consumed &&
                next->size == block.size);
        ++next;
    }
    require(next == found.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes in(data, std::min<std::size_t>(size, 1024));
    for (const lz::Format format : {lz::Format::lz1, lz::Format::lz2}) {
        const auto strict = check_decoding(in, format, lz::Mode::strict);
        const auto compatible = check_decoding(in, format, lz::Mode::compatible);
        require(strict.empty() || strict == compatible);
        const Bytes made = compatible.empty() ? in : Bytes(compatible);
        const std::size_t optimal = check_encoding(made, format, lz::Effort::optimal);
        const std::size_t fast = check_encoding(made, format, lz::Effort::fast);
        require(fast == 0 || (optimal != 0 && optimal <= fast));
        check_scan(in, format, lz::Mode::strict, 1 + size % 3);
        check_scan(in, format, lz::Mode::compatible, 1);
    }
    return 0;
}
