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

void Situation::before_run(const Frontend& frontend) noexcept {
    int enabled = abi::kVideoEnabled | abi::kAudioEnabled;
    if (!frontend.environment(abi::kGetAudioVideoEnable, &enabled)) enabled = abi::kVideoEnabled | abi::kAudioEnabled;
    const bool silent = (enabled & (abi::kVideoEnabled | abi::kAudioEnabled)) == 0;
    int context = 0;
    const bool said = frontend.environment(abi::kGetSavestateContext, &context);
    if (!said) context = 0;
    run_ahead_ = context == abi::kContextRunAheadSameInstance || context == abi::kContextRunAheadSameBinary;
    netplay_ = context == abi::kContextNetplay;
    // A frontend runs frames that it does not show neither seen nor heard. So does one that has no screen and no sound
    // at all, but it says that its states are usual ones. Run-ahead with two instances never shows the first one: its
    // runs are heard, and are the game's own time.
    hidden_ = silent && (context != 0 || !said);
    runs_since_hidden_ = hidden_ ? 0 : runs_since_hidden_ + (runs_since_hidden_ < kMemory ? 1 : 0);
    counts_ = loaded_ || context == abi::kContextRunAheadSameBinary;
    loaded_ = false;
}

}  // namespace halscope::tap
