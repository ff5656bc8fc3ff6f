// The smallest libretro core that the tap publishes: it counts its frames in VRAM and WRAM, copies a byte of its ROM to
// VRAM, and shows a picture of one colour. It refuses a state whose second byte is not 0,
// when it has taken the first one.
#include <array>
#include <cstdint>
#include <vector>

#include "tap/libretro_abi.hpp"

#ifdef _WIN32
#define SMALL_CORE_EXPORT extern "C" __declspec(dllexport)
#else
#define SMALL_CORE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace abi = halscope::tap::abi;

namespace {

constexpr unsigned kWidth = 256, kHeight = 224;

std::array<std::uint8_t, 0x10000> vram;
std::array<std::uint8_t, 0x20000> wram;
std::array<std::uint8_t, 0x2000> save;
// On the heap: by a global pointer the tap finds the ROM, which retro_get_memory_data does not name.
std::vector<std::uint8_t> rom;
std::array<std::uint16_t, std::size_t{kWidth} * kHeight> picture;
std::uint8_t frame = 0;
abi::VideoRefresh show = nullptr;

}  // namespace

SMALL_CORE_EXPORT unsigned retro_api_version() {
    return abi::kApiVersion;
}
SMALL_CORE_EXPORT void retro_get_system_info(abi::SystemInfo* info) {
    *info = {"Small core", "1", "sfc", false, false};
}
SMALL_CORE_EXPORT void retro_get_system_av_info(abi::AvInfo* info) {
    *info = {{kWidth, kHeight, kWidth, kHeight, 4.0F / 3}, {60, 32000}};
}
SMALL_CORE_EXPORT void retro_set_environment(abi::Environment /*call*/) {}
SMALL_CORE_EXPORT void retro_set_video_refresh(abi::VideoRefresh call) {
    show = call;
}
SMALL_CORE_EXPORT void retro_set_audio_sample(abi::AudioSample /*call*/) {}
SMALL_CORE_EXPORT void retro_set_audio_sample_batch(abi::AudioBatch /*call*/) {}
SMALL_CORE_EXPORT void retro_set_input_poll(abi::InputPoll /*call*/) {}
SMALL_CORE_EXPORT void retro_set_input_state(abi::InputState /*call*/) {}
SMALL_CORE_EXPORT void retro_set_controller_port_device(unsigned /*port*/, unsigned /*device*/) {}
SMALL_CORE_EXPORT void retro_init() {}
SMALL_CORE_EXPORT void retro_deinit() {}
SMALL_CORE_EXPORT void retro_reset() {
    frame = 0;
}
SMALL_CORE_EXPORT void retro_run() {
    ++frame;
    vram[0] = wram[0] = frame;
    vram[1] = rom[0x1234];
    picture.fill(frame);
    show(picture.data(), kWidth, kHeight, kWidth * sizeof picture[0]);
}
SMALL_CORE_EXPORT std::size_t retro_serialize_size() {
    return 2;
}
SMALL_CORE_EXPORT bool retro_serialize(void* data, std::size_t /*size*/) {
    auto* const state = static_cast<std::uint8_t*>(data);
    state[0] = frame, state[1] = 0;
    return true;
}
SMALL_CORE_EXPORT bool retro_unserialize(const void* data, std::size_t /*size*/) {
    const auto* const state = static_cast<const std::uint8_t*>(data);
    frame = state[0];
    return state[1] == 0;
}
SMALL_CORE_EXPORT void retro_cheat_reset() {}
SMALL_CORE_EXPORT void retro_cheat_set(unsigned /*index*/, bool /*enabled*/, const char* /*code*/) {}
SMALL_CORE_EXPORT bool retro_load_game(const abi::GameInfo* game) {
    const auto* const bytes = static_cast<const std::uint8_t*>(game->data);
    rom.assign(bytes, bytes + game->size);
    return rom.size() > 0x1234;
}
SMALL_CORE_EXPORT bool retro_load_game_special(unsigned /*type*/, const abi::GameInfo* games, std::size_t count) {
    return count == 2 && retro_load_game(&games[1]);  // a game for the Game Boy, and the cartridge that it is put into
}
SMALL_CORE_EXPORT void retro_unload_game() {}
SMALL_CORE_EXPORT unsigned retro_get_region() {
    return 0;
}
SMALL_CORE_EXPORT void* retro_get_memory_data(unsigned id) {
    switch (id) {
        case abi::kSaveRam:
            return save.data();
        case abi::kSystemRam:
            return wram.data();
        case abi::kVideoRam:
            return vram.data();
        default:
            return nullptr;
    }
}
SMALL_CORE_EXPORT std::size_t retro_get_memory_size(unsigned id) {
    switch (id) {
        case abi::kSaveRam:
            return save.size();
        case abi::kSystemRam:
            return wram.size();
        case abi::kVideoRam:
            return vram.size();
        default:
            return 0;
    }
}
