// See core_callbacks.hpp. Numbers are those of the public libretro API.
#include "guest/core_callbacks.hpp"

#include <utility>

#include "snes/drawn_picture.hpp"

namespace halscope::guest {
namespace {

constexpr unsigned kSetPixelFormat = 10, kGetVariableUpdate = 17;  // RETRO_ENVIRONMENT_*
constexpr unsigned kJoypad = 1, kJoypadMask = 256;                 // RETRO_DEVICE_*
constexpr std::size_t kMostColumns = 4096, kMostLines = 4096;

thread_local CoreCallbacks* g_inside = nullptr;

}  // namespace

CoreCallbacks::Inside::Inside(CoreCallbacks& core) noexcept : before_(std::exchange(g_inside, &core)) {}

CoreCallbacks::Inside::~Inside() {
    g_inside = before_;
}

bool CoreCallbacks::environment(unsigned command, void* data) {
    return g_inside != nullptr && g_inside->answer(command, data);
}

bool CoreCallbacks::answer(unsigned command, void* data) {
    const bool asks_for_changes = command == kGetVariableUpdate && data != nullptr;
    if (asks_for_changes && options_settled_) {
        *static_cast<bool*>(data) = false;
        return true;
    }
    if (passed_to_ == nullptr) return false;
    ++passed_on_;
    const bool done = passed_to_(command, data);
    if (asks_for_changes && done) options_settled_ = !*static_cast<bool*>(data);
    if (command == kSetPixelFormat && done && data != nullptr) format_ = *static_cast<const unsigned*>(data);
    return done;
}

void CoreCallbacks::video_refresh(const void* data, unsigned width, unsigned height, std::size_t pitch) {
    // Null, or RETRO_HW_FRAME_BUFFER_VALID: the picture has not changed.
    if (g_inside == nullptr || data == nullptr || reinterpret_cast<std::uintptr_t>(data) == UINTPTR_MAX) return;
    g_inside->draw(static_cast<const std::uint8_t*>(data), width, height, pitch);
}

void CoreCallbacks::draw(const std::uint8_t* data, std::size_t width, std::size_t height, std::size_t pitch) {
    if (format_ >= snes::kPixelFormats) return;
    const auto format = static_cast<snes::PixelFormat>(format_);
    const std::size_t row = width * snes::pixel_bytes(format);
    if (width == 0 || height == 0 || width > kMostColumns || height > kMostLines || pitch < row) return;
    const snes::DrawnPicture drawn{{data, (height - 1) * pitch + row}, height, width, pitch, format};
    const bool doubled = snes::is_doubled(drawn);
    const std::size_t columns = doubled ? width / 2 : width;
    if (picture_ == nullptr || picture_->height != height || picture_->width != columns)
        picture_ =
            std::make_shared<RgbPicture>(RgbPicture{std::vector<std::uint8_t>(3 * columns * height), height, columns});
    snes::to_rgb(drawn, doubled, picture_->rgb);
}

std::int16_t CoreCallbacks::input_state(unsigned port, unsigned device, unsigned /*index*/, unsigned button) {
    if (g_inside == nullptr || port >= kPorts || device != kJoypad) return 0;
    const unsigned held = g_inside->held_.at(port);
    if (button == kJoypadMask) return static_cast<std::int16_t>(held);
    return button < 16 && (held >> button & 1) != 0 ? 1 : 0;
}

}  // namespace halscope::guest
