// The background layers of any BG mode, row by row.
#pragma once
#include <array>

#include "snes/registers.hpp"
#include "snes/vram.hpp"

namespace halscope::snes {

inline constexpr unsigned kLayers = 4;

// The number of layers of the BG mode. Mode 7 has a second one with EXTBG (SETINI bit 6).
unsigned layer_count(const Registers& registers);

// Adds the registers that layer 0 to 3 depends on and that are not known to `missing`.
void need_layer(const Registers& registers, unsigned layer, RegisterSet& missing);

// The blocks of rows that mosaic forms. A block shows the row, and keeps the scroll, that it began with; a new size
// counts from the next block on, or at once where the layer had no mosaic (as in bsnes).
class MosaicBlocks {
  public:
    // Advances to the next row; the first call is for row 0.
    void advance(const Registers& registers);

    [[nodiscard]] unsigned first_row(unsigned layer) const { return blocks_[layer].first; }
    [[nodiscard]] unsigned hofs(unsigned layer) const { return blocks_[layer].hofs; }
    [[nodiscard]] unsigned vofs(unsigned layer) const { return blocks_[layer].vofs; }

  private:
    struct Block {
        unsigned first = 0;
        unsigned left = 0;  // rows that follow in the block
        unsigned hofs = 0;
        unsigned vofs = 0;
    };
    std::array<Block, kLayers> blocks_;
    unsigned row_ = 0;
};

// Draws a row of a layer, which must exist in the mode. `blocks` has advanced to the row. Flags the pieces of VRAM that
// were read in `tiles` (see draw_background).
void draw_layer(Vram vram, const Registers& registers, const MosaicBlocks& blocks, unsigned layer, unsigned row,
                unsigned field, PackedRow& out, TileFlags tiles);

}  // namespace halscope::snes
