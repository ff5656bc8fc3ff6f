// The frontend's callbacks, as the tap holds them, and the questions that the tap itself asks the frontend.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "tap/libretro_abi.hpp"

namespace halscope::tap {

struct Frontend {
    abi::Environment environment = nullptr;
    abi::VideoRefresh video = nullptr;
    abi::AudioSample sample = nullptr;
    abi::AudioBatch batch = nullptr;
    abi::InputPoll poll = nullptr;
    abi::InputState state = nullptr;

    void log(int level, const std::string& text) const;
    void show(const std::string& text) const;
};

inline constexpr int kLogInfo = 1, kLogWarning = 2, kLogError = 3;  // enum retro_log_level

// Finds out what the frontend does with the core: whether the present run is shown, and whether states are taken by
// run-ahead or netplay. RetroArch 1.14 says that only while it takes one, so it is remembered for a second.
class Situation {
  public:
    // Asks before a run. second_instance: another instance of the tap runs in this process, for run-ahead.
    void before_run(const Frontend& frontend, bool second_instance) noexcept;
    void state_was_saved(const Frontend& frontend) noexcept;
    void state_was_loaded(const Frontend& frontend) noexcept;

    [[nodiscard]] bool hidden() const noexcept { return hidden_; }
    [[nodiscard]] bool run_ahead() const noexcept { return runs_since_run_ahead_ < kMemory; }
    [[nodiscard]] bool netplay() const noexcept { return runs_since_netplay_ < kMemory; }
    // Whether what this run does to the machine stays: run-ahead rolls back all but the first run after a loaded state.
    [[nodiscard]] bool run_counts() const noexcept { return counts_; }

  private:
    static constexpr unsigned kMemory = 60;

    void ask(const Frontend& frontend) noexcept;

    bool hidden_ = false, loaded_ = true, counts_ = true, said_ = false;
    unsigned runs_since_run_ahead_ = kMemory, runs_since_netplay_ = kMemory;
};

}  // namespace halscope::tap
