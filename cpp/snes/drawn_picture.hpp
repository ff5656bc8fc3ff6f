// The picture of an emulator's core in the formats that cores draw in, as RGB.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace halscope::snes {

// Numbered as in libretro.
enum class PixelFormat : unsigned { kRgb1555, kXrgb8888, kRgb565 };
inline constexpr unsigned kPixelFormats = 3;

constexpr std::size_t pixel_bytes(PixelFormat format) {
    return format == PixelFormat::kXrgb8888 ? 4 : 2;
}

// `pitch` bytes a row, at least those of `width` pixels.
struct DrawnPicture {
    std::span<const std::uint8_t> bytes;
    std::size_t height;
    std::size_t width;
    std::size_t pitch;
    PixelFormat format;
};

// Whether a picture of 512 columns shows each of 256 pixels twice.
bool is_doubled(const DrawnPicture& picture);

// Writes three bytes for each pixel, of a doubled picture for each pair. 5-bit components are expanded as those of
// palettes are (`c << 3 | c >> 2`); the sixth bit of green is dropped, as the console has five.
void to_rgb(const DrawnPicture& picture, bool doubled, std::span<std::uint8_t> rgb);

}  // namespace halscope::snes
