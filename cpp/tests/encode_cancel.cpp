// Encoding checks its cancel token throughout, and stops at the first check that finds it raised.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "core/cancel.hpp"
#include "hal/hal.hpp"

namespace {

using halscope::hal::Effort;
using Bytes = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

// Counts its checks, is raised at a given one, and records the longest time between two.
class CountingToken final : public halscope::CancelToken {
  public:
    explicit CountingToken(std::size_t raised_at) : raised_at_(raised_at) {}

    [[nodiscard]] bool cancelled() const noexcept override {
        const Clock::time_point now = Clock::now();
        if (looks_ > 0) longest_ = std::max(longest_, std::chrono::duration<double>(now - last_).count());
        last_ = now;
        return ++looks_ >= raised_at_;
    }
    [[nodiscard]] std::size_t looks() const noexcept { return looks_; }
    [[nodiscard]] double longest() const noexcept { return longest_; }

  private:
    std::size_t raised_at_;
    mutable std::size_t looks_ = 0;
    mutable double longest_ = 0;
    mutable Clock::time_point last_;
};

bool is_cancelled(const Bytes& data, Effort effort, const halscope::CancelToken& token) {
    try {
        static_cast<void>(halscope::hal::encode(data, effort, &token));
    } catch (const halscope::Cancelled&) {
        return true;
    }
    return false;
}

struct Input {
    const char* name;
    Bytes data;
};

std::vector<Input> inputs() {
    std::vector<Input> all = {{"zeros", Bytes(0x10000)}, {"ramp", {}}, {"noise", {}}, {"two letters", {}}};
    std::mt19937 random(1);
    for (std::size_t i = 0; i < 0x10000; ++i) {
        all[1].data.push_back(static_cast<std::uint8_t>(i));
        all[2].data.push_back(static_cast<std::uint8_t>(random() >> 7));
        all[3].data.push_back(random() % 2 == 0 ? std::uint8_t{0} : std::uint8_t{0x80});
    }
    return all;
}

}  // namespace

int main() {
    constexpr std::size_t kNever = SIZE_MAX;
    std::size_t failures = 0;
    for (const Input& input : inputs()) {
        for (const Effort effort : {Effort::optimal, Effort::fast}) {
            const CountingToken counting(kNever);
            bool right = !is_cancelled(input.data, effort, counting);
            // Every pass over the data checks once per 4096 positions: fast has two passes, optimal a dozen.
            const std::size_t least = effort == Effort::fast ? 30 : 100;
            right = right && counting.looks() >= least;
            for (std::size_t look = 1; look <= counting.looks(); look += 1 + counting.looks() / 12) {
                const CountingToken token(look);
                right = right && is_cancelled(input.data, effort, token) && token.looks() == look;
            }
            if (!right) ++failures;
            std::printf("%s, %s: %zu checks, at most %.2f ms apart%s\n", input.name,
                        effort == Effort::fast ? "fast" : "optimal", counting.looks(), counting.longest() * 1e3,
                        right ? "" : ": WRONG");
        }
    }
    return failures == 0 ? 0 : 1;
}
