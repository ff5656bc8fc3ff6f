// What a libretro core calls while it runs, answered without Python: a frame has dozens of these calls.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace halscope::guest {

// The picture that a core drew, as RGB: three bytes a pixel.
struct RgbPicture {
    std::vector<std::uint8_t> rgb;
    std::size_t height = 0, width = 0;
};

// One core's. The API passes no context to these functions, so a thread says whose it is inside of (`Inside`); outside
// of all, calls have no effect.
class CoreCallbacks {
  public:
    static constexpr unsigned kPorts = 2;

    // The thread calls this core as long as it lives. It may be inside of one core after the other.
    class Inside {
      public:
        explicit Inside(CoreCallbacks& core) noexcept;
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;
        ~Inside();

      private:
        CoreCallbacks* before_;
    };

    // The function that environment calls are passed on to. One is answered here: whether options have changed, once
    // the other has said that they have not. Nobody changes them while a game runs.
    using Environment = bool (*)(unsigned command, void* data);
    void pass_on_to(Environment other) noexcept { passed_to_ = other; }
    // Environment calls that were passed on so far.
    [[nodiscard]] std::uint64_t passed_on() const noexcept { return passed_on_; }

    // Holds exactly these buttons: bit n is libretro's button n. Any thread.
    void hold(unsigned port, std::uint16_t buttons) noexcept { held_.at(port) = buttons; }

    // The last picture; null before the first. The next one is written over it, unless its size is another.
    [[nodiscard]] std::shared_ptr<const RgbPicture> picture() const noexcept { return picture_; }
    void drop_picture() noexcept { picture_.reset(); }

    // The functions to give to the core.
    static bool environment(unsigned command, void* data);
    static void video_refresh(const void* data, unsigned width, unsigned height, std::size_t pitch);
    static std::int16_t input_state(unsigned port, unsigned device, unsigned index, unsigned button);
    static void poll_input() {}
    static std::size_t discard_sound(const std::int16_t* /*samples*/, std::size_t frames) { return frames; }

  private:
    bool answer(unsigned command, void* data);
    void draw(const std::uint8_t* data, std::size_t width, std::size_t height, std::size_t pitch);

    std::array<std::atomic<std::uint16_t>, kPorts> held_{};
    std::shared_ptr<RgbPicture> picture_;
    unsigned format_ = 0;  // enum retro_pixel_format
    Environment passed_to_ = nullptr;
    std::uint64_t passed_on_ = 0;
    bool options_settled_ = false;
};

}  // namespace halscope::guest
