// The picture that the core hands to the frontend: kept for publishing, and drawn over with outlines.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tap/commands.hpp"

namespace halscope::tap {

// A picture in one of libretro's three pixel formats.
struct Picture {
    std::vector<std::uint8_t> bytes;
    unsigned width = 0, height = 0;
    std::size_t pitch = 0;
    unsigned format = 0;  // enum retro_pixel_format

    [[nodiscard]] std::size_t pixel_bytes() const noexcept;
    // Copies a frontend's frame without the gaps between its lines.
    void copy(const void* data, unsigned w, unsigned h, std::size_t source_pitch, unsigned pixel_format);
    void clear() noexcept { bytes.clear(); }
};

// Draws the edges of rectangles, given in SNES pixels, into a picture of 256 or 512 columns, and their labels above
// them, white on black: inside the picture, as far as they fit. Characters beyond ASCII are drawn as question marks.
void draw_outlines(Picture& picture, std::span<const Rectangle> rectangles) noexcept;

}  // namespace halscope::tap
