// Work in parts on several threads.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/cancel.hpp"

namespace halscope {

// How long work is done: on how many threads at most, and what may stop it. Results do not depend on either.
struct Work {
    unsigned threads = 1;
    const CancelToken* cancel = nullptr;
};

// As many threads as pay for the index, which is bound by memory beyond a few.
[[nodiscard]] inline unsigned usual_threads() noexcept {
    return std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
}

// Calls `part(k)` once for each k below `parts`, in any order, and returns when all have ended. Parts must not write
// what another one reads or writes. The token is looked at before each part. The first exception ends the others
// early and is thrown here.
template <typename Part>
void for_each_part(std::size_t parts, const Work& work, Part part) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    const auto run = [&] {
        try {
            for (std::size_t k = next++; k < parts; k = next++) {
                stop_if_cancelled(work.cancel);
                part(k);
            }
        } catch (...) {
            next = parts;
            const std::scoped_lock lock(mutex);
            if (!failure) failure = std::current_exception();
        }
    };
    std::vector<std::thread> helpers;
    const std::size_t threads = std::min<std::size_t>(std::max(work.threads, 1U), std::max<std::size_t>(parts, 1));
    try {
        while (helpers.size() + 1 < threads) helpers.emplace_back(run);
    } catch (...) {
        // The system has no more threads: those that there are do the work.
    }
    run();
    for (std::thread& helper : helpers) helper.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace halscope
