// The columns that the two windows cover.
#include "snes/windows.hpp"

namespace halscope::snes {
namespace {

// W12SEL to WOBJSEL hold four bits for each user: window 1 inverted, enabled, window 2 inverted, enabled.
constexpr unsigned kInverted = 1;
constexpr unsigned kEnabled = 2;

std::uint16_t all_if(bool condition) {
    return condition ? 0xFFFF : 0;
}

Columns window(unsigned left, unsigned right, bool inverted) {
    Columns columns;
    for (unsigned x = 0; x < columns.size(); ++x) {
        columns[x] = static_cast<std::uint16_t>(all_if(x >= left && x <= right) ^ all_if(inverted));
    }
    return columns;
}

void combine(Columns& one, const Columns& other, unsigned logic) {
    for (std::size_t x = 0; x < one.size(); ++x) {
        const unsigned a = one[x];
        const unsigned b = other[x];
        const unsigned both = logic == 0 ? a | b : logic == 1 ? a & b : logic == 2 ? a ^ b : ~(a ^ b);
        one[x] = static_cast<std::uint16_t>(both);
    }
}

}  // namespace

Columns inside_windows(const Registers& registers, unsigned user, RegisterSet& missing) {
    const auto need = [&](Reg reg, unsigned offset) {
        if (!registers.knows(reg, offset)) missing.set(index_of(reg, offset));
        return registers.at(reg, offset);
    };
    const unsigned select = need(Reg::w12sel, user / 2) >> (user % 2 * 4) & 15u;
    std::array<Columns, 2> columns;
    std::size_t count = 0;
    for (unsigned n = 0; n < 2; ++n) {
        const unsigned bits = select >> (n * 2) & 3u;
        if ((bits & kEnabled) == 0) continue;
        columns[count++] = window(need(Reg::wh0, n * 2), need(Reg::wh0, n * 2 + 1), (bits & kInverted) != 0);
    }
    if (count == 0) return {};
    // WBGLOG and WOBJLOG hold two bits for each user.
    if (count == 2) combine(columns[0], columns[1], need(Reg::wbglog, user / 4) >> (user % 4 * 2) & 3u);
    return columns[0];
}

}  // namespace halscope::snes
