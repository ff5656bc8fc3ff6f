// Splitting work into parts for several threads.
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

// How to run the work: the largest number of threads, and what may cancel it. Results depend on neither.
struct Work {
    unsigned threads = 1;
    const CancelToken* cancel = nullptr;
};

// As many threads as pay off for the index, which becomes memory-bound beyond a few.
[[nodiscard]] inline unsigned usual_threads() noexcept {
    return std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
}

// Calls `part(k)` once for each k below `parts`, in any order, and returns when all have finished. A part must not
// write what another reads or writes. The token is checked before each part. The first exception stops the remaining
// parts and is rethrown here.
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
        // The system has no more threads: those already started do the work.
    }
    run();
    for (std::thread& helper : helpers) helper.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace halscope
