// Comparing a composed picture with the one that an emulator drew.
#include "snes/compare.hpp"

#include <algorithm>
#include <array>

namespace halscope::snes {
namespace {

constexpr std::size_t kHiresWidth = 512;

// The place in a picture of `size` for a place in one of `larger`; `size` where there is none.
std::size_t place(std::size_t at, std::size_t size, std::size_t larger) {
    return size * 2 == larger ? at / 2 : std::min(at, size);
}

bool same(const std::uint8_t* one, const std::uint8_t* other) {
    const unsigned differences = (one[0] ^ other[0]) | (one[1] ^ other[1]) | (one[2] ^ other[2]);
    return differences < 8;  // none in the upper five bits
}

// Compares a row whose pixels stand `left` columns further left in what is shown.
std::size_t compare_row(const std::uint8_t* composed, std::size_t composed_width, const std::uint8_t* shown,
                        std::size_t shown_width, std::size_t left, std::span<std::uint8_t> differs) {
    std::size_t count = 0;
    for (std::size_t x = 0; x < differs.size(); ++x) {
        if (x + left >= differs.size()) {  // not drawn
            differs[x] = 0;
            continue;
        }
        const std::size_t from = place(x + left, composed_width, differs.size());
        const std::size_t to = place(x, shown_width, differs.size());
        const bool inside = from < composed_width && to < shown_width;
        differs[x] = inside && same(composed + from * 3, shown + to * 3) ? 0 : 1;
        count += differs[x];
    }
    return count;
}

}  // namespace

std::size_t compare_pictures(const Picture& composed, const Picture& shown, const CompareRules& rules,
                             std::span<std::uint8_t> differs) {
    const std::size_t height = std::max(composed.height, shown.height);
    const std::size_t width = std::max(composed.width, shown.width);
    std::array<std::uint8_t, kHiresWidth> moved;
    std::size_t count = 0;
    for (std::size_t y = 0; y < height; ++y) {
        const auto row = differs.subspan(y * width, width);
        const std::size_t from = place(y, composed.height, height);
        const std::size_t to = place(y, shown.height, height);
        if (rules.field.has_value() && y % 2 != *rules.field) {
            std::ranges::fill(row, std::uint8_t{0});
        } else if (from >= composed.height || to >= shown.height) {
            std::ranges::fill(row, std::uint8_t{1});
            count += width;
        } else {
            const std::uint8_t* one = composed.rgb.data() + from * composed.width * 3;
            const std::uint8_t* other = shown.rgb.data() + to * shown.width * 3;
            std::size_t wrong = compare_row(one, composed.width, other, shown.width, 0, row);
            if (wrong != 0 && rules.half_pixel_left && shown.width == kHiresWidth && width == kHiresWidth) {
                const std::size_t less = compare_row(one, composed.width, other, shown.width, 1, moved);
                if (less < wrong) {
                    std::ranges::copy(moved, row.begin());
                    wrong = less;
                }
            }
            count += wrong;
        }
    }
    return count;
}

}  // namespace halscope::snes
