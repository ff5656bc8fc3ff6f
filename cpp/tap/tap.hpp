// The tap: one inner core, forwarded, and the ring of its game. exports.cpp gives its functions their libretro names.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tap/commands.hpp"
#include "tap/frontend.hpp"
#include "tap/inner_core.hpp"
#include "tap/memories.hpp"
#include "tap/options.hpp"
#include "tap/picture.hpp"
#include "tap/publisher.hpp"
#include "tap/rom_reads.hpp"
#include "tap/save_edits.hpp"

namespace halscope::tap {

class Tap {
  public:
    static Tap& instance();

    // Opens the chosen inner core if none is open. Null if there is none; the user was told why.
    const CoreFunctions* core();

    void describe(abi::SystemInfo& info);
    void set_environment(abi::Environment environment);
    // The frontend's callbacks end here: the next user of this library may be another one.
    void after_deinit() noexcept {
        reads_.stop();
        finished_ = true;
        frontend = {};
    }
    bool load(const abi::GameInfo* game);
    // Several images at once: Super Game Boy, BS-X, Sufami Turbo.
    bool load_special(unsigned type, const abi::GameInfo* games, std::size_t count);
    void unload();
    void run();
    bool serialize(void* data, std::size_t size);
    bool unserialize(const void* data, std::size_t size);
    // The frontend asks for a memory of the core. It stores the save RAM, so edits of it end here.
    void before_memory_is_read(unsigned id) noexcept;
    // The frontend calls the core, perhaps from within a run (netplay): what it makes the core read is not the game's.
    void open_rom() noexcept { reads_.end_run(); }

    Frontend frontend;

  private:
    // What the inner core calls.
    bool on_environment(unsigned command, void* data);
    void on_video(const void* data, unsigned width, unsigned height, std::size_t pitch);
    std::int16_t on_input(unsigned port, unsigned device, unsigned index, unsigned id);
    static bool environment_callback(unsigned command, void* data);
    friend struct Callbacks;

    void game_loaded(const abi::GameInfo* game);
    void read_options();
    void publish();
    bool save_state() noexcept;
    bool load_state(std::span<const std::uint8_t> state) noexcept;
    void obey_commands();
    Outcome obey(const RawCommand& command);
    Outcome write(const std::vector<MemoryWrite>& writes);
    [[nodiscard]] std::span<std::uint8_t> memory_of(Space space) noexcept;

    std::unique_ptr<InnerCore> inner_;
    std::unique_ptr<Options> options_;
    std::string version_, inner_path_;  // what is handed out as C strings
    std::filesystem::path tap_path_;    // beside which the configuration is
    std::string named_;                 // the value of the option that names the core of the next load
    bool finished_ = false, told_ = false;

    std::vector<std::uint8_t> rom_;
    std::vector<void*> rom_pointers_;  // from the core's memory maps
    std::unique_ptr<Memories> memories_;
    SaveEdits save_edits_;
    RomReads reads_;
    std::unique_ptr<Publisher> publisher_;
    std::unique_ptr<SharedFile> first_;  // the ring of the instance that publishes, if this is the second
    std::uint64_t second_runs_ = 0;
    std::size_t state_bytes_ = 0;

    Situation situation_;
    bool quiet_ = false;     // the inner core was called by the tap itself
    bool attached_ = false;  // a reader was there before this run
    std::uint64_t reader_ = 0;
    bool registers_ = true;  // the option
    bool shown_ = false;     // the core showed a picture in this run, or the one before again
    unsigned pixel_format_ = abi::kRgb1555;
    unsigned runs_since_options_ = 0;

    Picture picture_, drawn_;
    std::vector<Rectangle> outlines_;
    std::array<std::uint16_t, 4> pads_{};
    std::vector<std::uint8_t> state_, captured_;
    std::uint64_t runs_ = 0, captured_at_ = 0;
};

}  // namespace halscope::tap
