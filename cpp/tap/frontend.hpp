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
// run-ahead or netplay. Where it is not said, it is guessed from what was seen in the last second.
class Situation {
  public:
    // Asks before a run.
    void before_run(const Frontend& frontend) noexcept;
    void state_was_loaded() noexcept { loaded_ = true; }

    [[nodiscard]] bool hidden() const noexcept { return hidden_; }
    [[nodiscard]] bool run_ahead() const noexcept { return run_ahead_ || runs_since_hidden_ < kMemory; }
    [[nodiscard]] bool netplay() const noexcept { return netplay_; }
    // Whether what this run does to the machine stays: run-ahead rolls back all but the first run after a loaded state.
    [[nodiscard]] bool run_counts() const noexcept { return !run_ahead() || counts_; }

  private:
    static constexpr unsigned kMemory = 60;

    bool hidden_ = false, run_ahead_ = false, netplay_ = false, loaded_ = true, counts_ = true;
    unsigned runs_since_hidden_ = kMemory;
};

}  // namespace halscope::tap
