// The background layers of any BG mode, row by row.
#include "snes/layers.hpp"

#include <algorithm>
#include <initializer_list>

#include "snes/background.hpp"
#include "snes/mode7.hpp"

namespace halscope::snes {
namespace {

constexpr unsigned kMode7 = 7;

unsigned mode_of(const Registers& registers) {
    return registers[Reg::bgmode] & 7u;
}

bool has_mosaic(const Registers& registers, unsigned layer) {
    return (registers[Reg::mosaic] >> layer & 1u) != 0;
}

BackgroundRegisters background_registers(const Registers& registers, const MosaicBlocks& blocks, unsigned layer) {
    BackgroundRegisters out{.bgmode = registers[Reg::bgmode],
                            .mosaic = registers[Reg::mosaic],
                            .bgsc = {},
                            .bgnba = {registers[Reg::bg12nba], registers[Reg::bg34nba]},
                            .hofs = {},
                            .vofs = {},
                            .setini = registers[Reg::setini]};
    for (unsigned n = 0; n < kLayers; ++n) {
        out.bgsc[n] = registers.at(Reg::bg1sc, n);
        out.hofs[n] = registers.at(Reg::bg1hofs, n * 2);
        out.vofs[n] = registers.at(Reg::bg1vofs, n * 2);
    }
    out.hofs[layer] = blocks.hofs(layer);
    out.vofs[layer] = blocks.vofs(layer);
    return out;
}

Mode7Registers mode7_registers(const Registers& registers) {
    return {.mosaic = registers[Reg::mosaic],
            .m7sel = registers[Reg::m7sel],
            .m7a = registers[Reg::m7a],
            .m7b = registers[Reg::m7b],
            .m7c = registers[Reg::m7c],
            .m7d = registers[Reg::m7d],
            .m7x = registers[Reg::m7x],
            .m7y = registers[Reg::m7y],
            .m7hofs = registers[Reg::m7hofs],
            .m7vofs = registers[Reg::m7vofs]};
}

}  // namespace

unsigned layer_count(const Registers& registers) {
    const unsigned mode = mode_of(registers);
    if (mode == kMode7) return (registers[Reg::setini] & 0x40u) != 0 ? 2 : 1;
    unsigned count = 0;
    while (count < kLayers && background_depth(mode, count) != 0) ++count;
    return count;
}

void need_layer(const Registers& registers, unsigned layer, RegisterSet& missing) {
    const auto need = [&](Reg reg, unsigned offset = 0) {
        if (!registers.knows(reg, offset)) missing.set(index_of(reg, offset));
    };
    need(Reg::mosaic);
    if (mode_of(registers) == kMode7) {
        for (unsigned offset = 0; offset <= index_of(Reg::m7vofs) - index_of(Reg::m7sel); ++offset) {
            need(Reg::m7sel, offset);
        }
        return;
    }
    need(Reg::bg12nba, layer / 2);
    const auto need_map = [&](unsigned index) {
        need(Reg::bg1sc, index);
        need(Reg::bg1hofs, index * 2);
        need(Reg::bg1vofs, index * 2);
    };
    need_map(layer);
    if (has_column_offsets(mode_of(registers))) need_map(2);
}

void MosaicBlocks::advance(const Registers& registers) {
    for (unsigned layer = 0; layer < kLayers; ++layer) {
        Block& block = blocks_[layer];
        const bool mosaic = has_mosaic(registers, layer);
        if (block.left == 0 || !mosaic) {
            block.first = row_;
            block.left = mosaic ? registers[Reg::mosaic] >> 4 & 15u : 0u;
            block.hofs = registers.at(Reg::bg1hofs, layer * 2);
            block.vofs = registers.at(Reg::bg1vofs, layer * 2);
        } else {
            --block.left;
        }
    }
    ++row_;
}

void draw_layer(Vram vram, const Registers& registers, const MosaicBlocks& blocks, unsigned layer, unsigned row,
                unsigned field, PackedRow& out, TileFlags tiles) {
    if (mode_of(registers) != kMode7) {
        const LayerRow from{.row = row, .first = blocks.first_row(layer), .field = field};
        draw_background(vram, layer, background_registers(registers, blocks, layer), from, out, tiles);
        return;
    }
    const LayerRow from{.row = row, .first = blocks.first_row(0), .field = field};
    draw_mode7(vram, layer == 1, mode7_registers(registers), from, out);
    std::ranges::fill(tiles.first<kMode7Bytes / kVramTileBytes>(), std::uint8_t{1});
}

}  // namespace halscope::snes
