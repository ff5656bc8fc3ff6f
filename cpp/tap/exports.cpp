// The 25 functions of a libretro core. What the tap does not use is handed on as it is.
#include <type_traits>

#include "tap/guarded.hpp"
#include "tap/tap.hpp"

#ifdef _WIN32
#define HALSCOPE_EXPORT extern "C" __declspec(dllexport)
#else
#define HALSCOPE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

using halscope::tap::CoreFunctions;
using halscope::tap::guarded;
using halscope::tap::Tap;
namespace abi = halscope::tap::abi;

namespace {

// Calls a function of the inner core. Without one, a frontend gets zeros, and its content does not load.
template <auto CoreFunctions::* Function, typename... Arguments>
auto forward(Arguments... arguments) noexcept {
    using Result = decltype((std::declval<CoreFunctions>().*Function)(arguments...));
    return guarded([&]() -> Result {
        Tap::instance().open_rom();
        const CoreFunctions* const call = Tap::instance().core();
        if constexpr (std::is_void_v<Result>) {
            if (call != nullptr) (call->*Function)(arguments...);
        } else {
            return call != nullptr ? (call->*Function)(arguments...) : Result{};
        }
    });
}

}  // namespace

HALSCOPE_EXPORT const int halscope_tap_mark = 1;

HALSCOPE_EXPORT unsigned retro_api_version() {
    return abi::kApiVersion;
}
HALSCOPE_EXPORT void retro_get_system_info(abi::SystemInfo* info) {
    guarded([&] { Tap::instance().describe(*info); });
}
HALSCOPE_EXPORT void retro_set_environment(abi::Environment call) {
    guarded([&] { Tap::instance().set_environment(call); });
}
HALSCOPE_EXPORT void retro_set_video_refresh(abi::VideoRefresh call) {
    Tap::instance().frontend.video = call;
}
HALSCOPE_EXPORT void retro_set_audio_sample(abi::AudioSample call) {
    Tap::instance().frontend.sample = call;
}
HALSCOPE_EXPORT void retro_set_audio_sample_batch(abi::AudioBatch call) {
    Tap::instance().frontend.batch = call;
}
HALSCOPE_EXPORT void retro_set_input_poll(abi::InputPoll call) {
    Tap::instance().frontend.poll = call;
}
HALSCOPE_EXPORT void retro_set_input_state(abi::InputState call) {
    Tap::instance().frontend.state = call;
}
HALSCOPE_EXPORT void retro_init() {
    forward<&CoreFunctions::init>();
}

HALSCOPE_EXPORT void retro_deinit() {
    forward<&CoreFunctions::deinit>();
    Tap::instance().after_deinit();
}

HALSCOPE_EXPORT void retro_get_system_av_info(abi::AvInfo* info) {
    *info = {};
    forward<&CoreFunctions::get_system_av_info>(info);
}

HALSCOPE_EXPORT void retro_set_controller_port_device(unsigned port, unsigned device) {
    forward<&CoreFunctions::set_controller_port_device>(port, device);
}

HALSCOPE_EXPORT void retro_reset() {
    forward<&CoreFunctions::reset>();
}
HALSCOPE_EXPORT void retro_run() {
    guarded([&] { Tap::instance().run(); });
}
HALSCOPE_EXPORT std::size_t retro_serialize_size() {
    return forward<&CoreFunctions::serialize_size>();
}
HALSCOPE_EXPORT bool retro_serialize(void* data, std::size_t size) {
    return guarded([&] { return Tap::instance().serialize(data, size); });
}
HALSCOPE_EXPORT bool retro_unserialize(const void* data, std::size_t size) {
    return guarded([&] { return Tap::instance().unserialize(data, size); });
}
HALSCOPE_EXPORT void retro_cheat_reset() {
    forward<&CoreFunctions::cheat_reset>();
}
HALSCOPE_EXPORT void retro_cheat_set(unsigned index, bool enabled, const char* code) {
    forward<&CoreFunctions::cheat_set>(index, enabled, code);
}
HALSCOPE_EXPORT bool retro_load_game(const abi::GameInfo* game) {
    return guarded([&] { return Tap::instance().load(game); });
}
HALSCOPE_EXPORT bool retro_load_game_special(unsigned type, const abi::GameInfo* games, std::size_t count) {
    return guarded([&] { return Tap::instance().load_special(type, games, count); });
}
HALSCOPE_EXPORT void retro_unload_game() {
    guarded([&] { Tap::instance().unload(); });
}
HALSCOPE_EXPORT unsigned retro_get_region() {
    return forward<&CoreFunctions::get_region>();
}
HALSCOPE_EXPORT void* retro_get_memory_data(unsigned id) {
    guarded([&] { Tap::instance().before_memory_is_read(id); });
    return forward<&CoreFunctions::get_memory_data>(id);
}
HALSCOPE_EXPORT std::size_t retro_get_memory_size(unsigned id) {
    return forward<&CoreFunctions::get_memory_size>(id);
}
