#include "snes/drawn_picture.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace halscope::snes {
namespace {

constexpr std::size_t kHiresWidth = 512;

template <typename Pixel>
Pixel pixel_at(const std::uint8_t* row, std::size_t x) {
    Pixel pixel;
    std::memcpy(&pixel, row + x * sizeof(Pixel), sizeof(Pixel));
    return pixel;
}

template <typename Pixel>
bool has_pairs(const std::uint8_t* row) {
    unsigned differs = 0;  // without a branch, the loop is vectorized
    for (std::size_t x = 0; x < kHiresWidth; x += 2)
        differs |= static_cast<unsigned>(pixel_at<Pixel>(row, x) ^ pixel_at<Pixel>(row, x + 1));
    return differs == 0;
}

constexpr std::uint32_t expanded(std::uint32_t component) {
    return component << 3 | component >> 2;
}

// A format's pixels as red, green and blue in the three lowest bytes.
struct Rgb1555 {
    using Pixel = std::uint16_t;
    static constexpr std::uint32_t rgb(std::uint32_t pixel) {
        return expanded(pixel >> 10 & 31) | expanded(pixel >> 5 & 31) << 8 | expanded(pixel & 31) << 16;
    }
};

struct Rgb565 {
    using Pixel = std::uint16_t;
    static constexpr std::uint32_t rgb(std::uint32_t pixel) {
        return expanded(pixel >> 11 & 31) | expanded(pixel >> 6 & 31) << 8 | expanded(pixel & 31) << 16;
    }
};

struct Xrgb8888 {
    using Pixel = std::uint32_t;
    static constexpr std::uint32_t rgb(std::uint32_t pixel) {
        return (pixel >> 16 & 0xFF) | (pixel & 0xFF00) | (pixel & 0xFF) << 16;
    }
};

template <typename Format, std::size_t step>
void write_row(const std::uint8_t* row, std::size_t count, std::uint8_t* rgb) {
    std::array<std::uint32_t, 64> pixels;  // this loop is vectorized, the one that packs them is not
    for (std::size_t done = 0; done < count; done += pixels.size()) {
        const std::size_t some = std::min(pixels.size(), count - done);
        for (std::size_t n = 0; n < some; ++n)
            pixels[n] = Format::rgb(pixel_at<typename Format::Pixel>(row, (done + n) * step));
        for (std::size_t n = 0; n + 1 < some; ++n, rgb += 3) std::memcpy(rgb, &pixels[n], 4);  // one byte too many
        std::memcpy(rgb, &pixels[some - 1], 3);
        rgb += 3;
    }
}

template <typename Format>
void write_picture(const DrawnPicture& picture, bool doubled, std::uint8_t* rgb) {
    const std::size_t count = doubled ? picture.width / 2 : picture.width;
    const auto write = doubled ? write_row<Format, 2> : write_row<Format, 1>;
    for (std::size_t y = 0; y < picture.height; ++y)
        write(picture.bytes.data() + y * picture.pitch, count, rgb + y * count * 3);
}

}  // namespace

bool is_doubled(const DrawnPicture& picture) {
    if (picture.width != kHiresWidth) return false;
    const auto pairs = pixel_bytes(picture.format) == 2 ? has_pairs<std::uint16_t> : has_pairs<std::uint32_t>;
    for (std::size_t y = 0; y < picture.height; ++y)
        if (!pairs(picture.bytes.data() + y * picture.pitch)) return false;
    return true;
}

void to_rgb(const DrawnPicture& picture, bool doubled, std::span<std::uint8_t> rgb) {
    static_assert(std::endian::native == std::endian::little);
    switch (picture.format) {
        case PixelFormat::kRgb1555:
            return write_picture<Rgb1555>(picture, doubled, rgb.data());
        case PixelFormat::kXrgb8888:
            return write_picture<Xrgb8888>(picture, doubled, rgb.data());
        case PixelFormat::kRgb565:
            return write_picture<Rgb565>(picture, doubled, rgb.data());
    }
}

}  // namespace halscope::snes
