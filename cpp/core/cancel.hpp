// Cancelling work that runs on another thread.
#pragma once
#include <atomic>
#include <exception>

namespace halscope {

// A flag that is raised once, from any thread. Long work checks it every few milliseconds or more often; a test may
// derive a token that counts the checks.
class CancelToken {
  public:
    virtual ~CancelToken() = default;

    void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] virtual bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

  private:
    std::atomic<bool> cancelled_{false};
};

// Thrown by work whose token was raised; its partial results are discarded.
struct Cancelled : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return "cancelled"; }
};

// A null token is never raised.
inline void stop_if_cancelled(const CancelToken* token) {
    if (token != nullptr && token->cancelled()) throw Cancelled();
}

}  // namespace halscope
