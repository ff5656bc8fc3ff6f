// The real core behind the tap: its library and its 25 functions, and how it is chosen.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "tap/library.hpp"
#include "tap/libretro_abi.hpp"

namespace halscope::tap {

// Names the inner core. It goes before the configuration file.
inline constexpr const char* kInnerVariable = "HALSCOPE_TAP_INNER";
// Beside the tap: lines `key = value`, of which `inner` names the inner core's file. `#` begins a comment.
inline constexpr const char* kConfigName = "halscope_tap.cfg";

// A name that only taps export.
inline constexpr const char* kTapMark = "halscope_tap_mark";

struct CoreFunctions {
    void (*set_environment)(abi::Environment);
    void (*set_video_refresh)(abi::VideoRefresh);
    void (*set_audio_sample)(abi::AudioSample);
    void (*set_audio_sample_batch)(abi::AudioBatch);
    void (*set_input_poll)(abi::InputPoll);
    void (*set_input_state)(abi::InputState);
    void (*init)();
    void (*deinit)();
    unsigned (*api_version)();
    void (*get_system_info)(abi::SystemInfo*);
    void (*get_system_av_info)(abi::AvInfo*);
    void (*set_controller_port_device)(unsigned, unsigned);
    void (*reset)();
    void (*run)();
    std::size_t (*serialize_size)();
    bool (*serialize)(void*, std::size_t);
    bool (*unserialize)(const void*, std::size_t);
    void (*cheat_reset)();
    void (*cheat_set)(unsigned, bool, const char*);
    bool (*load_game)(const abi::GameInfo*);
    bool (*load_game_special)(unsigned, const abi::GameInfo*, std::size_t);
    void (*unload_game)();
    unsigned (*get_region)();
    void* (*get_memory_data)(unsigned);
    std::size_t (*get_memory_size)(unsigned);
};

class InnerCore {
  public:
    // Returns null and says why if there is no such core.
    static std::unique_ptr<InnerCore> open(const std::filesystem::path& path, std::string& error);

    [[nodiscard]] const CoreFunctions& call() const noexcept { return functions_; }
    [[nodiscard]] const Library& library() const noexcept { return *library_; }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  private:
    InnerCore(std::unique_ptr<Library> library, std::filesystem::path path) noexcept
        : library_(std::move(library)), path_(std::move(path)) {}

    std::unique_ptr<Library> library_;
    std::filesystem::path path_;
    CoreFunctions functions_{};
};

// Where the user names the inner core: the variable, or the configuration file beside `tap`. Empty if nowhere.
[[nodiscard]] std::filesystem::path chosen_core(const std::filesystem::path& tap);

// Writes the choice for the next load into the configuration file beside `tap`. False if that is not possible.
bool choose_core(const std::filesystem::path& tap, const std::filesystem::path& core);

}  // namespace halscope::tap
