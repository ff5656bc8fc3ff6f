#include "tap/frontend.hpp"

namespace halscope::tap {

void Frontend::log(int level, const std::string& text) const {
    abi::LogInterface log{};
    if (environment != nullptr && environment(abi::kGetLogInterface, &log) && log.log != nullptr)
        log.log(level, "[Halscope tap] %s\n", text.c_str());
}

void Frontend::show(const std::string& text) const {
    constexpr unsigned kMilliseconds = 4000, kFrames = 240, kPriority = 1;
    if (environment == nullptr) return;
    unsigned version = 0;
    if (environment(abi::kGetMessageInterfaceVersion, &version) && version >= 1) {
        abi::MessageExt message{text.c_str(), kMilliseconds, kPriority, kLogInfo, 0, 0, -1};
        environment(abi::kSetMessageExt, &message);
        return;
    }
    abi::Message message{text.c_str(), kFrames};
    environment(abi::kSetMessage, &message);
}

void Situation::ask(const Frontend& frontend) noexcept {
    int context = 0;
    said_ = frontend.environment(abi::kGetSavestateContext, &context) || said_;
    if (context == abi::kContextRunAheadSameInstance || context == abi::kContextRunAheadSameBinary)
        runs_since_run_ahead_ = 0;
    if (context == abi::kContextNetplay) runs_since_netplay_ = 0;
}

void Situation::before_run(const Frontend& frontend, bool second_instance) noexcept {
    const auto count = [](unsigned& runs) { runs += runs < kMemory ? 1 : 0; };
    count(runs_since_run_ahead_);
    count(runs_since_netplay_);
    ask(frontend);
    if (second_instance) runs_since_run_ahead_ = 0;
    constexpr int kBoth = abi::kVideoEnabled | abi::kAudioEnabled;
    int enabled = kBoth;
    if (!frontend.environment(abi::kGetAudioVideoEnable, &enabled)) enabled = kBoth;
    // A frontend runs frames that it does not show neither seen nor heard. So does one that has no screen and no sound
    // at all, but that one has taken no states for run-ahead. Run-ahead with two instances never shows the first one:
    // its runs are heard, and are the game's own time.
    hidden_ = (enabled & kBoth) == 0 && (run_ahead() || netplay() || !said_);
    if (hidden_ && !said_) runs_since_run_ahead_ = 0;
    counts_ = loaded_ || second_instance || !run_ahead();
    loaded_ = false;
}

void Situation::state_was_saved(const Frontend& frontend) noexcept {
    ask(frontend);
}

void Situation::state_was_loaded(const Frontend& frontend) noexcept {
    ask(frontend);
    loaded_ = true;
}

}  // namespace halscope::tap
