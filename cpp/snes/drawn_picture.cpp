#include "snes/drawn_picture.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/cpu.hpp"

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
    static constexpr int kRed = 10, kGreen = 5;  // the lowest bit of each; that of blue is 0
    static constexpr std::uint32_t rgb(std::uint32_t pixel) {
        return expanded(pixel >> 10 & 31) | expanded(pixel >> 5 & 31) << 8 | expanded(pixel & 31) << 16;
    }
};

struct Rgb565 {
    using Pixel = std::uint16_t;
    static constexpr int kRed = 11, kGreen = 6;
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

#if defined(HALSCOPE_X86)
HALSCOPE_SSSE3 HALSCOPE_INLINE __m128i expanded(__m128i components) {
    return _mm_or_si128(_mm_slli_epi16(components, 3), _mm_srli_epi16(components, 2));
}

HALSCOPE_SSSE3 HALSCOPE_INLINE void store_packed(__m128i pixels, std::uint8_t* rgb) {
    const __m128i order = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb), _mm_shuffle_epi8(pixels, order));
}

// Writes the row's pixels eight at a time, and returns how many. Each store writes four bytes too many, so some pixels
// are left over.
template <typename Format>
HALSCOPE_SSSE3 std::size_t write_many(const std::uint8_t* row, std::size_t count, std::uint8_t* rgb) {
    const __m128i five = _mm_set1_epi16(31);
    std::size_t n = 0;
    for (; n + 10 <= count; n += 8, rgb += 24) {
        const __m128i pixels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * n));
        const __m128i red = expanded(_mm_and_si128(_mm_srli_epi16(pixels, Format::kRed), five));
        const __m128i green = expanded(_mm_and_si128(_mm_srli_epi16(pixels, Format::kGreen), five));
        const __m128i blue = expanded(_mm_and_si128(pixels, five));
        const __m128i red_green = _mm_or_si128(red, _mm_slli_epi16(green, 8));
        store_packed(_mm_unpacklo_epi16(red_green, blue), rgb);
        store_packed(_mm_unpackhi_epi16(red_green, blue), rgb + 12);
    }
    return n;
}
#endif

template <typename Format, std::size_t step>
void write_row(const std::uint8_t* row, std::size_t count, std::uint8_t* rgb, [[maybe_unused]] bool in_vectors) {
    std::size_t first = 0;
#if defined(HALSCOPE_X86)
    if constexpr (step == 1 && sizeof(typename Format::Pixel) == 2) {
        if (in_vectors) first = write_many<Format>(row, count, rgb);
        rgb += 3 * first;
    }
#endif
    std::array<std::uint32_t, 64> pixels;  // this loop is vectorized, the one that packs them is not
    for (std::size_t done = first; done < count; done += pixels.size()) {
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
    const bool in_vectors = simd() == Simd::ssse3 || simd() == Simd::avx2;
    for (std::size_t y = 0; y < picture.height; ++y)
        write(picture.bytes.data() + y * picture.pitch, count, rgb + y * count * 3, in_vectors);
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
