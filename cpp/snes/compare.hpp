// Comparing a composed picture with the one that an emulator drew.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace halscope::snes {

// A picture of three bytes per pixel.
struct Picture {
    std::span<const std::uint8_t> rgb;
    std::size_t height;
    std::size_t width;
};

// Rules of a comparison that depend on who drew the picture.
struct CompareRules {
    bool half_pixel_left;           // hi-res rows are drawn one column further left, and their last column is not drawn
    std::optional<unsigned> field;  // compare only the rows of this field
};

// Writes 1 where a pixel differs in the console's 5 bits per component, and returns how many do. One picture's size may
// be a half of the other's in either direction: its pixels are repeated. Rows and columns beyond the smaller picture
// differ. `differs` holds one element for each pixel of the larger picture in each direction.
std::size_t compare_pictures(const Picture& composed, const Picture& shown, const CompareRules& rules,
                             std::span<std::uint8_t> differs);

}  // namespace halscope::snes
