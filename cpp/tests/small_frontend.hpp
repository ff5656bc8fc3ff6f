// The smallest libretro frontend that runs a SNES core: no picture, no sound, one pad.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tap/inner_core.hpp"
#include "tap/utf8_path.hpp"

namespace halscope::tests {

namespace abi = tap::abi;

class SmallFrontend {
  public:
    // Null if the core cannot be loaded, or does not take the game. With `slotted` the game is the cartridge that takes
    // another one.
    static std::unique_ptr<SmallFrontend> open(const std::filesystem::path& core, const std::vector<char>& rom,
                                               const std::filesystem::path& folder,
                                               const std::vector<char>* slotted = nullptr) {
        std::unique_ptr<SmallFrontend> made(new SmallFrontend);
        std::string error;
        made->library_ = tap::Library::open_copy(core, error);
        if (made->library_ == nullptr) return nullptr;
        made->rom_ = rom;
        folder_name() = tap::to_utf8(folder);
        core_name() = tap::to_utf8(core);
        const auto call = [&]<typename F>(const char* name, F) {
            return reinterpret_cast<F>(made->library_->symbol(name));
        };
        using Functions = tap::CoreFunctions;
        call("retro_set_environment", Functions{}.set_environment)(&environment);
        call("retro_set_video_refresh",
             Functions{}.set_video_refresh)([](const void*, unsigned, unsigned, std::size_t) {
            ++frames();
            if (const auto act = during_run()) act();
        });
        call("retro_set_audio_sample", Functions{}.set_audio_sample)([](std::int16_t, std::int16_t) {});
        call("retro_set_audio_sample_batch",
             Functions{}.set_audio_sample_batch)([](const std::int16_t*, std::size_t count) { return count; });
        call("retro_set_input_poll", Functions{}.set_input_poll)([] {});
        call("retro_set_input_state",
             Functions{}.set_input_state)([](unsigned port, unsigned, unsigned, unsigned id) -> std::int16_t {
            return port == 0 && id < kButtons && (held() >> id & 1) != 0 ? 1 : 0;
        });
        call("retro_init", Functions{}.init)();
        const abi::GameInfo game{"game.sfc", made->rom_.data(), made->rom_.size(), nullptr};
        if (slotted == nullptr) {
            if (!call("retro_load_game", Functions{}.load_game)(&game)) return nullptr;
        } else {
            const std::array<abi::GameInfo, 2> both{{{"game.gb", slotted->data(), slotted->size(), nullptr}, game}};
            constexpr unsigned kSuperGameBoy = 0x101;
            if (!call("retro_load_game_special", Functions{}.load_game_special)(kSuperGameBoy, both.data(),
                                                                                both.size()))
                return nullptr;
        }
        abi::AvInfo info{};
        call("retro_get_system_av_info", Functions{}.get_system_av_info)(&info);
        made->run_ = call("retro_run", Functions{}.run);
        made->memory_ = call("retro_get_memory_data", Functions{}.get_memory_data);
        made->serialize_ = call("retro_serialize", Functions{}.serialize);
        made->unload_ = call("retro_unload_game", Functions{}.unload_game);
        made->deinit_ = call("retro_deinit", Functions{}.deinit);
        return made;
    }

    ~SmallFrontend() {
        if (unload_ != nullptr) unload_();
        if (deinit_ != nullptr) deinit_();
    }
    SmallFrontend(const SmallFrontend&) = delete;
    SmallFrontend& operator=(const SmallFrontend&) = delete;

    void run() const { run_(); }
    [[nodiscard]] std::uint8_t* memory(unsigned id) const { return static_cast<std::uint8_t*>(memory_(id)); }

    bool save_state(std::vector<std::uint8_t>& state) const { return serialize_(state.data(), state.size()); }

    // The buttons of the first pad, by libretro's numbers.
    static std::uint16_t& held() {
        static std::uint16_t buttons = 0;
        return buttons;
    }

    // What is done when a picture is shown.
    static std::function<void()>& during_run() {
        static std::function<void()> act;
        return act;
    }

    // Pictures that were shown so far, by all frontends.
    static unsigned& frames() {
        static unsigned count = 0;
        return count;
    }

  private:
    static constexpr unsigned kButtons = 12;

    SmallFrontend() = default;

    static std::string& folder_name() {
        static std::string name;
        return name;
    }

    static std::string& core_name() {
        static std::string name;
        return name;
    }

    static bool environment(unsigned command, void* data) {
        constexpr unsigned kGetSystemDirectory = 9, kGetSaveDirectory = 31;
        if (command == kGetSystemDirectory || command == kGetSaveDirectory) {
            *static_cast<const char**>(data) = folder_name().c_str();
            return true;
        }
        if (command == abi::kGetLibretroPath) {
            *static_cast<const char**>(data) = core_name().c_str();
            return true;
        }
        return command == abi::kSetPixelFormat || command == abi::kSetMemoryMaps;
    }

    std::unique_ptr<tap::Library> library_;
    std::vector<char> rom_;
    void (*run_)() = nullptr;
    void* (*memory_)(unsigned) = nullptr;
    bool (*serialize_)(void*, std::size_t) = nullptr;
    void (*unload_)() = nullptr;
    void (*deinit_)() = nullptr;
};

inline std::vector<char> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace halscope::tests
