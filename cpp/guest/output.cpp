#include "guest/output.hpp"

#if defined(__GLIBC__)
#include <fcntl.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <array>
#include <mutex>
#include <new>
#include <utility>

namespace halscope::guest {
namespace {

struct Buffer {
    std::mutex mutex;
    std::string text;
    int pipe = -1;  // where output_stream() is read from

    void append(const char* more, std::size_t size) noexcept {
        try {
            text.append(more, std::min(size, kMostOutput - text.size()));
        } catch (const std::bad_alloc&) {
            // The output is lost; a core's print must not fail.
        }
    }

    // Takes what has arrived in the pipe.
    void drain() noexcept {
#if defined(__GLIBC__)
        std::array<char, 4096> piece;
        for (ssize_t size; pipe >= 0 && (size = ::read(pipe, piece.data(), piece.size())) > 0;)
            append(piece.data(), static_cast<std::size_t>(size));
#endif
    }
};

// Never destroyed: a library may print while the process exits.
Buffer& buffer() {
    static Buffer& kept = *new Buffer;
    return kept;
}

}  // namespace

std::string take_output() {
    Buffer& kept = buffer();
    const std::lock_guard lock(kept.mutex);
    kept.drain();
    return std::exchange(kept.text, {});
}

void print(const char* text, std::size_t size) noexcept {
    Buffer& kept = buffer();
    const std::lock_guard lock(kept.mutex);
    kept.drain();
    kept.append(text, size);
}

std::FILE* output_stream() noexcept {
#if defined(__GLIBC__)
    // A pipe: a stream without a file (fopencookie, open_memstream) crashes at the first wide character in some
    // versions of glibc. Neither end ever waits: what does not fit is lost.
    static std::FILE* const stream = []() -> std::FILE* {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return nullptr;
        std::FILE* made = ::fdopen(ends[1], "w");
        if (made == nullptr) {
            ::close(ends[0]);
            ::close(ends[1]);
            return nullptr;
        }
        std::setvbuf(made, nullptr, _IOLBF, BUFSIZ);
        Buffer& kept = buffer();
        const std::lock_guard lock(kept.mutex);
        kept.pipe = ends[0];
        return made;
    }();
    return stream;
#else
    return nullptr;
#endif
}

}  // namespace halscope::guest
