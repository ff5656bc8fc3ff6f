// Encodes data of every size up to 64 KiB with Effort::fast, in every native format. The input is a recipe, since the
// fuzzer's own inputs stay far below 64 KiB: noise and runs between copies of every kind, of any period.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "codecs/native_codec.hpp"
#include "hal/bits.hpp"

namespace {

namespace hal = halscope::hal;
using halscope::codecs::Bytes;
using halscope::codecs::NativeCodec;

constexpr std::size_t kHead = 3;  // bytes before the steps: the codec with bit 16 of the size, and the size

void require(bool holds) {
    if (!holds) std::abort();
}

// xorshift, Marsaglia 2003.
class Noise {
  public:
    std::uint32_t next() noexcept {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }
    std::uint8_t byte() noexcept { return static_cast<std::uint8_t>(next() >> 8); }

  private:
    std::uint32_t state_ = 0x9E3779B9;
};

// One step of a recipe: appends `length` bytes. Kinds: 0 and 5 noise, 1 one byte, 2 a pair, 3 a sequence, 4 sparse
// bits; from 6 on copies, the odd ones from the last 255 bytes: 6 to 9 plain, 10 and 11 with the bits of each byte
// reversed, 12 and 13 inverted, 14 and 15 backward.
void append(std::vector<std::uint8_t>& data, unsigned kind, std::size_t length, Noise& noise) {
    const std::size_t written = data.size();
    const std::uint8_t first = noise.byte();
    const std::uint8_t second = noise.byte();
    const bool is_near = kind % 2 == 1;
    const std::size_t window = is_near ? std::min<std::size_t>(written, 255) : written;
    const std::size_t source = window == 0 ? 0 : written - 1 - noise.next() % window;
    for (std::size_t k = 0; k < length; ++k) {
        const auto step = static_cast<std::uint8_t>(k);
        std::uint8_t byte = noise.byte();
        if (kind == 1) {
            byte = first;
        } else if (kind == 2) {
            byte = k % 2 == 0 ? first : second;
        } else if (kind == 3) {
            byte = static_cast<std::uint8_t>(first + step);
        } else if (kind == 4) {
            byte &= 1;
        } else if (kind >= 14) {
            byte = k <= source && written > 0 ? data[source - k] : byte;
        } else if (kind >= 6 && written > 0) {
            byte = data[source + k];
            if (kind >= 12) byte = static_cast<std::uint8_t>(~byte);
            if (kind == 10 || kind == 11) byte = hal::reverse_bits(byte);
        }
        data.push_back(byte);
    }
}

std::vector<std::uint8_t> cook(Bytes steps, std::size_t size) {
    std::vector<std::uint8_t> data;
    data.reserve(size);
    Noise noise;
    for (std::size_t at = 0; data.size() < size; at = (at + 1) % steps.size()) {
        const unsigned kind = steps[at] & 15;
        const std::size_t coarse = steps[at] >> 4;
        // 1 to 8 bytes, then up to 2,048.
        const std::size_t length = coarse < 8 ? coarse + 1 : std::size_t{16} << (coarse - 8);
        append(data, kind, std::min(length, size - data.size()), noise);
    }
    return data;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t input_size) {
    if (input_size <= kHead) return 0;
    const std::size_t size =
        std::min(std::size_t{input[0] & 1U} << 16 | std::size_t{input[1]} << 8 | input[2], hal::kMaxOutput);
    const std::vector<std::uint8_t> data = cook({input + kHead, input_size - kHead}, size);
    const auto codecs = halscope::codecs::all();
    const NativeCodec& codec = *codecs[(input[0] >> 1) % codecs.size()];

    const hal::EncodeResult encoded = codec.encode(data, hal::Effort::fast, nullptr);
    if (encoded.status != hal::Status::ok) {
        require(encoded.status == hal::Status::packed_too_long && encoded.fault < data.size());
        return 0;
    }
    std::vector<std::uint8_t> output(data.size());
    const hal::DecodeResult decoded = codec.decode(encoded.packed, 0, hal::Mode::strict, output);
    require(decoded.status == hal::Status::ok && decoded.size == data.size());
    require(decoded.consumed == encoded.packed.size() && output == data);
    return 0;
}
