// Asking work that runs on another thread to stop.
#pragma once
#include <atomic>
#include <exception>

namespace halscope {

// A flag that is raised once, from any thread. Long work looks at it at least every few milliseconds; a test may
// derive a token that counts the looks.
class CancelToken {
  public:
    virtual ~CancelToken() = default;

    void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] virtual bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

  private:
    std::atomic<bool> cancelled_{false};
};

// Thrown out of work whose token was raised; what it had done so far is gone.
struct Cancelled : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return "cancelled"; }
};

// A null token is never raised.
inline void stop_if_cancelled(const CancelToken* token) {
    if (token != nullptr && token->cancelled()) throw Cancelled();
}

}  // namespace halscope
