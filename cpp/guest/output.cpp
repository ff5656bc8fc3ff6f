#include "guest/output.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

namespace halscope::guest {
namespace {

struct Buffer {
    std::mutex mutex;
    std::string text;
};

// Never destroyed: a library may print while the process exits.
Buffer& buffer() {
    static Buffer& kept = *new Buffer;
    return kept;
}

#if defined(__GLIBC__)
ssize_t write_cookie(void* /*cookie*/, const char* text, std::size_t size) {
    print(text, size);
    return static_cast<ssize_t>(size);
}
#endif

}  // namespace

std::string take_output() {
    Buffer& kept = buffer();
    const std::lock_guard lock(kept.mutex);
    return std::exchange(kept.text, {});
}

void print(const char* text, std::size_t size) noexcept {
    Buffer& kept = buffer();
    const std::lock_guard lock(kept.mutex);
    try {
        kept.text.append(text, std::min(size, kMostOutput - kept.text.size()));
    } catch (const std::bad_alloc&) {
        // The output is lost; a core's print must not fail.
    }
}

std::FILE* output_stream() noexcept {
#if defined(__GLIBC__)
    static std::FILE* const stream = [] {
        std::FILE* made = fopencookie(nullptr, "w", {nullptr, write_cookie, nullptr, nullptr});
        if (made != nullptr) std::setvbuf(made, nullptr, _IOLBF, BUFSIZ);
        return made;
    }();
    return stream;
#else
    return nullptr;
#endif
}

}  // namespace halscope::guest
