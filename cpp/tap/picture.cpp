#include "tap/picture.hpp"

#include <algorithm>
#include <cstring>

#include "tap/letters.hpp"
#include "tap/libretro_abi.hpp"

namespace halscope::tap {
namespace {

constexpr int kSnesColumns = 256;
constexpr int kMostSnesLines = 239;
constexpr int kFarthest = 4096;  // beyond every screen, and its doubles fit in an int
constexpr std::uint32_t kWhite = 0xFFFFFF, kBlack = 0;

std::uint32_t in_format(std::uint32_t rgb, unsigned format) noexcept {
    const std::uint32_t red = rgb >> 16 & 0xFF, green = rgb >> 8 & 0xFF, blue = rgb & 0xFF;
    if (format == abi::kRgb565) return red >> 3 << 11 | green >> 2 << 5 | blue >> 3;
    if (format == abi::kRgb1555) return red >> 3 << 10 | green >> 3 << 5 | blue >> 3;
    return rgb & 0xFF'FFFF;
}

class Brush {
  public:
    Brush(Picture& picture, std::uint32_t rgb) noexcept : picture_(picture), pixel_(in_format(rgb, picture.format)) {}

    void row(int y, int left, int right) noexcept {
        for (int x = std::max(left, 0); x < std::min(right, static_cast<int>(picture_.width)); ++x) dot(x, y);
    }

    void column(int x, int top, int bottom) noexcept {
        for (int y = std::max(top, 0); y < std::min(bottom, static_cast<int>(picture_.height)); ++y) dot(x, y);
    }

    void block(int left, int top, int width, int height) noexcept {
        for (int y = top; y < top + height; ++y) row(y, left, left + width);
    }

  private:
    void dot(int x, int y) noexcept {
        if (x < 0 || y < 0 || x >= static_cast<int>(picture_.width) || y >= static_cast<int>(picture_.height)) return;
        const std::size_t bytes = picture_.pixel_bytes();
        const std::size_t at = static_cast<std::size_t>(y) * picture_.pitch + static_cast<std::size_t>(x) * bytes;
        std::memcpy(picture_.bytes.data() + at, &pixel_, bytes);
    }

    Picture& picture_;
    std::uint32_t pixel_;
};

// A byte that continues a character of UTF-8.
bool continues(char byte) noexcept {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// left, top: of the rectangle, in pixels of the picture. A SNES pixel has across by down of these.
void draw_label(Picture& picture, const std::string& label, int left, int top, int across, int down) noexcept {
    constexpr int kAdvance = kLetterColumns + 1, kHeight = kLetterRows + 2;
    const auto characters = static_cast<int>(std::ranges::count_if(label, [](char byte) { return !continues(byte); }));
    if (characters == 0) return;
    const int width = (characters * kAdvance + 1) * across, height = kHeight * down;
    left = std::max(0, std::min(left, static_cast<int>(picture.width) - width));
    top = std::clamp(top - height, 0, std::max(0, static_cast<int>(picture.height) - height));
    Brush(picture, kBlack).block(left, top, width, height);
    Brush brush(picture, kWhite);
    int x = left + across;
    for (const char byte : label) {
        if (continues(byte)) continue;
        const unsigned rows = letter_of(byte);
        for (int n = 0; n < kLetterRows * kLetterColumns; ++n)
            if ((rows >> (kLetterRows * kLetterColumns - 1 - n) & 1U) != 0)
                brush.block(x + n % kLetterColumns * across, top + (1 + n / kLetterColumns) * down, across, down);
        x += kAdvance * across;
    }
}

}  // namespace

std::size_t Picture::pixel_bytes() const noexcept {
    return format == abi::kXrgb8888 ? 4 : 2;
}

void Picture::copy(const void* data, unsigned w, unsigned h, std::size_t source_pitch, unsigned pixel_format) {
    width = w, height = h, format = pixel_format;
    pitch = w * pixel_bytes();
    bytes.resize(pitch * h);
    if (source_pitch < pitch) return bytes.clear();
    for (std::size_t y = 0; y < h; ++y)
        std::memcpy(bytes.data() + y * pitch, static_cast<const std::uint8_t*>(data) + y * source_pitch, pitch);
}

void draw_outlines(Picture& picture, std::span<const Rectangle> rectangles) noexcept {
    if (picture.bytes.empty()) return;
    const int across = std::max(1, static_cast<int>(picture.width) / kSnesColumns);
    const int down = static_cast<int>(picture.height) > kMostSnesLines ? 2 : 1;  // interlaced
    for (const Rectangle& one : rectangles) {
        Brush brush(picture, one.colour);
        const auto within = [](std::int32_t value) { return std::clamp(value, -kFarthest, kFarthest); };
        const int left = within(one.x) * across, top = within(one.y) * down;
        const int right = left + within(one.width) * across, bottom = top + within(one.height) * down;
        if (right <= left || bottom <= top) continue;
        for (int n = 0; n < down; ++n) {
            brush.row(top + n, left, right);
            brush.row(bottom - 1 - n, left, right);
        }
        for (int n = 0; n < across; ++n) {
            brush.column(left + n, top, bottom);
            brush.column(right - 1 - n, top, bottom);
        }
    }
    for (const Rectangle& one : rectangles) {  // above every edge
        const auto within = [](std::int32_t value) { return std::clamp(value, -kFarthest, kFarthest); };
        draw_label(picture, one.label, within(one.x) * across, within(one.y) * down, across, down);
    }
}

}  // namespace halscope::tap
