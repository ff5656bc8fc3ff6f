// Pictures and layers are composed from any memories, registers and raster writes without leaving their memory, and
// agree with each other.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "snes/compare.hpp"
#include "snes/compose.hpp"
#include "snes/layer_planes.hpp"

namespace {

using namespace halscope::snes;

constexpr unsigned kLines = 12;  // instead of 224, so that many inputs are tried

// Hands out the input's bytes, then zeros.
class Input {
  public:
    explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    unsigned byte() { return at_ < bytes_.size() ? bytes_[at_++] : 0u; }
    unsigned word() {
        const unsigned low = byte();
        return low | byte() << 8;
    }
    std::span<const std::uint8_t> rest() const { return bytes_.subspan(at_); }

  private:
    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
};

std::vector<std::uint8_t> filled(std::size_t size, std::span<const std::uint8_t> content) {
    std::vector<std::uint8_t> memory(size);  // on the heap, so that a read past the end is detected
    for (std::size_t n = 0; n < size && !content.empty(); ++n) memory[n] = content[n % content.size()];
    return memory;
}

void compose(Input input) {
    const unsigned options = input.byte();
    Registers registers;
    for (std::size_t n = 0; n < kRegisters; ++n) {
        const unsigned value = input.word();
        if ((options & 1u) == 0 || value % 16 != 0) registers.set(n, value);  // otherwise it is not known
    }
    if ((options & 2u) != 0) registers.set(index_of(Reg::inidisp), 15);
    std::vector<RasterWrite> writes(input.byte());
    for (RasterWrite& write : writes) {
        write = {static_cast<std::uint16_t>(input.byte() % kLines), static_cast<std::uint8_t>(input.byte()),
                 static_cast<std::uint8_t>(input.byte())};
    }
    std::ranges::stable_sort(writes, {}, &RasterWrite::line);
    const auto vram = filled(kVramBytes, input.rest());
    const auto oam = filled(kOamBytes, input.rest());
    std::vector<std::uint16_t> cgram(kColours);
    for (std::size_t n = 0; n < cgram.size(); ++n) cgram[n] = static_cast<std::uint16_t>(vram[n] << 8 | vram[n + 256]);

    const ScreenState state{.vram = std::span(vram).first<kVramBytes>(),
                            .cgram = std::span<const std::uint16_t>(cgram).first<kColours>(),
                            .oam = std::span(oam).first<kOamBytes>(),
                            .registers = registers,
                            .writes = writes,
                            .field = options >> 2 & 1u};
    ScreenShape shape = screen_shape(state);
    shape.lines = kLines;
    const std::size_t pixels = std::size_t{shape.height()} * shape.width();
    std::vector<std::uint16_t> colours(pixels);
    std::vector<std::uint8_t> rgb(pixels * 3);
    std::vector<std::int16_t> owner(pixels);
    std::vector<std::uint8_t> brightness(shape.height());
    std::vector<std::uint8_t> range_over(shape.lines);
    std::vector<std::uint8_t> time_over(shape.lines);
    const ScreenPixels out{colours, rgb, owner, brightness, range_over, time_over};
    const ScreenGaps gaps = compose_screen(state, shape, out);
    if (gaps.missing.none()) {
        if (std::ranges::any_of(colours, [](std::uint16_t colour) { return colour > 0x7FFF; })) std::abort();
        if (std::ranges::any_of(owner, [](std::int16_t index) { return index < -1 || index > 127; })) std::abort();
        if (std::ranges::any_of(brightness, [](std::uint8_t level) { return level > 15; })) std::abort();

        const std::vector<std::uint8_t> console = rgb;
        compose_screen(state, shape, out, (options & 16u) != 0 ? Style::snes9x : Style::snes9x_1_54);
        std::vector<std::uint8_t> differs(pixels);
        const auto compare = [&](const std::vector<std::uint8_t>& one, const std::vector<std::uint8_t>& other) {
            return compare_pictures({one, shape.height(), shape.width()}, {other, shape.height(), shape.width()},
                                    {.half_pixel_left = (options & 8u) != 0, .field = std::nullopt}, differs);
        };
        if (compare(console, console) != 0) std::abort();
        const std::size_t count = compare(console, rgb);
        if (count != static_cast<std::size_t>(std::ranges::count(differs, 1))) std::abort();
    }

    for (unsigned layer = 0; layer < 4; ++layer) {
        LayerShape size = layer_shape(state, layer);
        size.lines = kLines;
        const std::size_t count = std::size_t{size.lines} * size.fields * size.width;
        std::vector<std::uint8_t> values(count);
        std::vector<std::uint8_t> opaque(count);
        std::vector<std::uint8_t> priority(count);
        std::vector<std::uint8_t> tiles(kVramTiles);
        const RegisterSet missing = draw_layer_planes(state, layer, size, {values, opaque, priority}, TileFlags(tiles));
        if (missing.any()) continue;
        for (std::size_t n = 0; n < count; ++n) {
            if (opaque[n] == 0 && (values[n] != 0 || priority[n] != 0)) std::abort();
            if (size.depth == 0 && opaque[n] != 0) std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::uint8_t> input(data, data + size);  // of exact size, so that ASan sees its end
    compose(Input(input));
    return 0;
}
