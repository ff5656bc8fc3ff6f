#include "tap/commands.hpp"

#include <algorithm>
#include <cstring>

namespace halscope::tap {
namespace {

// Takes values from the front of a payload. Once something was missing, all that follows is missing.
class Cursor {
  public:
    explicit Cursor(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

    std::uint32_t number() noexcept {
        std::uint32_t value = 0;
        const auto bytes = take(sizeof value);
        if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }

    std::span<const std::uint8_t> take(std::size_t count) noexcept {
        if (count > rest_.size()) {
            good_ = false;
            return {};
        }
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] bool at_end() const noexcept { return good_ && rest_.empty(); }
    [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

  private:
    std::span<const std::uint8_t> rest_;
    bool good_ = true;
};

constexpr std::size_t kWriteHeadBytes = 16, kRectangleBytes = 20;

}  // namespace

std::optional<std::vector<MemoryWrite>> parse_writes(std::span<const std::uint8_t> payload) {
    Cursor cursor(payload);
    const std::size_t count = cursor.number();
    if (count > cursor.left() / kWriteHeadBytes) return std::nullopt;  // before anything is allocated
    std::vector<MemoryWrite> writes(count);
    for (MemoryWrite& write : writes) {
        const std::uint32_t space = cursor.number();
        write.space = static_cast<Space>(space);
        write.offset = cursor.number();
        const std::uint32_t bytes = cursor.number(), expected = cursor.number();
        write.data = cursor.take(bytes);
        write.expected = cursor.take(expected);
        if (!cursor.good() || space >= kSpaces || (expected != 0 && expected != bytes)) return std::nullopt;
    }
    if (!cursor.at_end()) return std::nullopt;
    return writes;
}

std::optional<std::vector<Rectangle>> parse_outlines(std::span<const std::uint8_t> payload) {
    Cursor cursor(payload);
    const std::size_t count = cursor.number();
    if (count > kMostRectangles || cursor.left() < count * kRectangleBytes) return std::nullopt;
    std::vector<Rectangle> rectangles(count);
    for (Rectangle& one : rectangles) {
        for (std::int32_t* value : {&one.x, &one.y, &one.width, &one.height})
            *value = static_cast<std::int32_t>(cursor.number());
        one.colour = cursor.number();
    }
    if (cursor.left() != 0) {
        for (Rectangle& one : rectangles) {
            const auto length = cursor.take(1);
            const auto label = cursor.take(length.empty() ? 0 : length.front());
            one.label.assign(label.begin(), label.end());
        }
    }
    return cursor.at_end() ? std::optional(std::move(rectangles)) : std::nullopt;
}

std::optional<std::string> parse_message(std::span<const std::uint8_t> payload) {
    if (payload.size() > kMostMessageBytes || std::ranges::find(payload, 0) != payload.end()) return std::nullopt;
    return std::string(payload.begin(), payload.end());
}

}  // namespace halscope::tap
