#include "tap/inner_core.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "tap/utf8_path.hpp"

namespace halscope::tap {
namespace {

namespace fs = std::filesystem;

std::string trimmed(std::string text) {
    const auto first = text.find_first_not_of(" \t\r\"");
    const auto last = text.find_last_not_of(" \t\r\"");
    return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

}  // namespace

std::unique_ptr<InnerCore> InnerCore::open(const fs::path& path, std::string& error) {
    auto library = Library::open_copy(path, error);
    if (library == nullptr) return nullptr;
    if (library->symbol(kTapMark) != nullptr) {
        error = "it is a tap itself, not the core behind it";  // it would open itself for ever
        return nullptr;
    }
    std::unique_ptr<InnerCore> core(new InnerCore(std::move(library), path));
    CoreFunctions& f = core->functions_;
    const auto find = [&]<typename F>(F& function, const char* name) {
        function = reinterpret_cast<F>(core->library_->symbol(name));
        if (function == nullptr && error.empty()) error = std::string("it has no function ") + name;
    };
    find(f.set_environment, "retro_set_environment");
    find(f.set_video_refresh, "retro_set_video_refresh");
    find(f.set_audio_sample, "retro_set_audio_sample");
    find(f.set_audio_sample_batch, "retro_set_audio_sample_batch");
    find(f.set_input_poll, "retro_set_input_poll");
    find(f.set_input_state, "retro_set_input_state");
    find(f.init, "retro_init");
    find(f.deinit, "retro_deinit");
    find(f.api_version, "retro_api_version");
    find(f.get_system_info, "retro_get_system_info");
    find(f.get_system_av_info, "retro_get_system_av_info");
    find(f.set_controller_port_device, "retro_set_controller_port_device");
    find(f.reset, "retro_reset");
    find(f.run, "retro_run");
    find(f.serialize_size, "retro_serialize_size");
    find(f.serialize, "retro_serialize");
    find(f.unserialize, "retro_unserialize");
    find(f.cheat_reset, "retro_cheat_reset");
    find(f.cheat_set, "retro_cheat_set");
    find(f.load_game, "retro_load_game");
    find(f.load_game_special, "retro_load_game_special");
    find(f.unload_game, "retro_unload_game");
    find(f.get_region, "retro_get_region");
    find(f.get_memory_data, "retro_get_memory_data");
    find(f.get_memory_size, "retro_get_memory_size");
    if (!error.empty()) return nullptr;
    if (f.api_version() != abi::kApiVersion) {
        error = "it uses libretro API " + std::to_string(f.api_version());
        return nullptr;
    }
    return core;
}

fs::path chosen_core(const fs::path& tap) {
#ifdef _WIN32
    const std::wstring name(kInnerVariable, kInnerVariable + std::strlen(kInnerVariable));
    if (const wchar_t* given = ::_wgetenv(name.c_str()); given != nullptr && *given != L'\0') return given;
#else
    if (const char* given = std::getenv(kInnerVariable); given != nullptr && *given != '\0') return given;
#endif
    std::ifstream config(tap.parent_path() / kConfigName);
    for (std::string line; std::getline(config, line);) {
        const auto equals = line.find('=');
        if (equals == std::string::npos || trimmed(line.substr(0, equals)) != "inner") continue;
        const std::string value = line.substr(equals + 1);
        const fs::path whole = tap.parent_path() / from_utf8(trimmed(value));  // an absolute path stays as it is
        std::error_code error;
        if (fs::exists(whole, error)) return whole;  // whatever it contains
        // A comment begins after a blank: any other number sign belongs to the path.
        std::size_t comment = value.find('#');
        while (comment != std::string::npos && comment != 0 && value[comment - 1] != ' ' &&
               value[comment - 1] != '\t') {
            comment = value.find('#', comment + 1);
        }
        return tap.parent_path() / from_utf8(trimmed(value.substr(0, comment)));
    }
    return {};
}

bool choose_core(const fs::path& tap, const fs::path& core) {
    const fs::path path = tap.parent_path() / kConfigName;
    fs::path fresh = path;
    fresh += ".new";
    std::ofstream config(fresh);
    config
        << "# The core that Halscope's tap opens. Written by the tap's core option, or by halscope retroarch install.\n"
        << "inner = " << to_utf8(core) << '\n';
    config.close();
    std::error_code error;
    if (config) fs::rename(fresh, path, error);
    return config && !error;
}

}  // namespace halscope::tap
