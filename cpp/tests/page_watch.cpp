// First touches of a memory's pages: exact, in order, again after another page was touched, from several threads,
// beside writes; and faults that are none of ours end the process, or reach whoever handled them before. Run under
// ThreadSanitizer, and under wine.
#include "trace/page_watch.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <process.h>
#include <windows.h>
#else
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace {

using halscope::trace::page_bytes;
using halscope::trace::PageWatch;
using halscope::trace::Policy;

constexpr std::size_t kPages = 64;
constexpr int kHandled = 7;

using Offsets = std::vector<std::uint32_t>;

// A memory that begins 16 bytes behind a page's start, as a large malloc() does. Its whole pages have numbers from 0.
class Memory {
  public:
    Memory() : bytes_(new (std::align_val_t{1 << 16}) std::uint8_t[(kPages + 2) * page_bytes()]) {
        for (std::size_t n = 0; n < size(); ++n) data()[n] = value(n);
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() { ::operator delete[](bytes_, std::align_val_t{1 << 16}); }

    [[nodiscard]] std::uint8_t* data() const { return bytes_ + 16; }
    [[nodiscard]] static std::size_t size() { return (kPages + 1) * page_bytes(); }
    [[nodiscard]] static std::uint8_t value(std::size_t offset) { return static_cast<std::uint8_t>(offset * 7 + 1); }
    [[nodiscard]] static std::uint32_t at(std::size_t page, std::size_t offset) {
        return static_cast<std::uint32_t>((page + 1) * page_bytes() - 16 + offset);
    }
    // Reads as a core does: what the compiler knows of the memory does not count.
    [[nodiscard]] bool read(std::uint32_t offset) const {
        const volatile std::uint8_t* const byte = data() + offset;
        return *byte == value(offset);
    }

  private:
    std::uint8_t* bytes_;
};

bool check(bool good, const char* what) {
    if (!good) std::printf("page_watch: %s\n", what);
    return good;
}

// Reads in a frame, and returns the touches; empty if a byte was wrong.
Offsets touches(PageWatch& watch, const Memory& memory, const Offsets& reads) {
    watch.begin_frame();
    bool good = true;
    for (const std::uint32_t offset : reads) good = memory.read(offset) && good;
    const auto found = watch.end_frame();
    return good ? Offsets(found.begin(), found.end()) : Offsets{};
}

bool first_touches() {
    const Memory memory;
    PageWatch watch(memory.data(), memory.size(), Policy{.open_pages = 0});
    const Offsets reads{memory.at(5, 9), memory.at(5, 10), memory.at(2, 0), memory.at(5, 4000), memory.at(63, 4095)};
    const Offsets first{reads[0], reads[2], reads[4]};
    bool good = check(watch.pages() == kPages, "the whole pages were counted wrong");
    good &= check(touches(watch, memory, reads) == first, "the first touches of a frame are wrong");
    good &= check(touches(watch, memory, {reads[1]}) == Offsets{reads[1]}, "a page was not watched in the next frame");
    const std::pair<std::size_t, std::size_t> range{reads[0], reads[0] + 1};
    watch.watch({&range, 1});
    good &= check(touches(watch, memory, reads) == Offsets{reads[0]}, "a touch outside of the ranges was reported");
    watch.watch({});
    good &= check(touches(watch, memory, reads).empty(), "something was reported of no range");
    return good;
}

bool shared_pages() {
    const Memory memory;
    PageWatch watch(memory.data(), memory.size());
    // Two blocks in page 5: between them the game reads from page 2.
    const Offsets reads{memory.at(5, 100), memory.at(5, 101), memory.at(2, 8), memory.at(5, 900), memory.at(5, 901)};
    bool good = check(touches(watch, memory, reads) == Offsets{reads[0], reads[2], reads[3]},
                      "a page was not watched again after another one was touched");
    Offsets by_turns;
    for (std::uint32_t n = 0; n < 1000; ++n) by_turns.push_back(memory.at(n % 2 == 0 ? 5 : 2, n));
    const std::size_t most = 2 * std::size_t{Policy{}.touches_of_page};
    const std::size_t found = touches(watch, memory, by_turns).size();
    return check(found > 2 && found <= most, "pages that are read by turns are touched without end") && good;
}

// A page that is touched in every frame rests; but not while the game comes to other pages.
bool hot_pages() {
    const Memory memory;
    const Policy policy{.hot_after = 4, .first_rest = 8, .longest_rest = 16, .loading = 2};
    PageWatch watch(memory.data(), memory.size(), policy);
    const Offsets program{memory.at(1, 0)};
    unsigned found = 0;
    for (unsigned frame = 0; frame < 200; ++frame) found += touches(watch, memory, program).empty() ? 0 : 1;
    bool good = check(found >= 4 + 200 / 32 && found <= 4 + 200 / 8, "a hot page is watched too often, or never");
    while (!touches(watch, memory, program).empty()) continue;
    good &= check(touches(watch, memory, {memory.at(9, 77)}).size() == 1, "a cold page was not watched");
    good &= check(touches(watch, memory, program) == program, "a hot page rests while the game loads");
    return good;
}

bool writes_and_other_frames() {
    const Memory memory;
    PageWatch watch(memory.data(), memory.size());
    watch.begin_frame();
    memory.data()[memory.at(3, 5)] = 0x99;
    const auto found = watch.end_frame();
    bool good = check(found.size() == 1 && memory.data()[memory.at(3, 5)] == 0x99, "a write did not go through");
    memory.data()[memory.at(4, 5)] = 0x55;  // between frames, as live edits do
    good &= check(touches(watch, memory, {}).empty(), "a write between frames counts as a touch");
    // The system refuses a protected memory with an error instead of a fault.
    if (std::FILE* const file = std::tmpfile(); file != nullptr) {
        good &= check(std::fwrite(memory.data(), 1, memory.size(), file) == memory.size(), "a memory stayed protected");
        std::fclose(file);
    }
    return good;
}

bool several_threads() {
    const Memory memory;
    PageWatch watch(memory.data(), memory.size());
    bool good = true;
    for (unsigned frame = 0; frame < 50; ++frame) {
        watch.begin_frame();
        std::vector<std::thread> threads;
        std::atomic<unsigned> wrong{0};
        for (std::uint32_t part = 0; part < 3; ++part) {
            threads.emplace_back([&, part] {
                for (std::uint32_t n = 0; n < 4000; ++n)
                    wrong += memory.read((n * 97 + part * 31) % static_cast<std::uint32_t>(memory.size())) ? 0 : 1;
            });
        }
        if (frame % 2 == 0) watch.end_frame();  // while they read
        for (std::thread& thread : threads) thread.join();
        watch.end_frame();
        good &= wrong == 0;
    }
    return check(good, "a thread read a wrong byte");
}

bool two_memories() {
    const Memory one, other;
    PageWatch watch(one.data(), one.size());
    const auto second = std::make_unique<PageWatch>(other.data(), other.size());
    second->begin_frame();
    const Offsets reads{one.at(7, 7)};
    const bool good = touches(watch, one, reads) == reads && other.read(other.at(7, 9));
    const auto found = second->end_frame();
    return check(good && found.size() == 1 && found[0] == other.at(7, 9), "two memories get into each other's way");
}

// What a child does at a fault that is none of ours.
[[noreturn]] void fault(bool with_handler) {
#ifdef _WIN32
    // The second one ends the process with the exception's code, without a debugger.
    if (with_handler)
        ::SetUnhandledExceptionFilter([](EXCEPTION_POINTERS*) -> LONG { std::_Exit(kHandled); });
    else
        ::SetUnhandledExceptionFilter([](EXCEPTION_POINTERS*) -> LONG { return EXCEPTION_EXECUTE_HANDLER; });
#else
    struct sigaction action{};
    action.sa_handler = with_handler ? [](int) { ::_exit(kHandled); } : SIG_DFL;  // TSan has a handler of its own
    sigaction(SIGSEGV, &action, nullptr);
#endif
    const Memory memory;
    PageWatch watch(memory.data(), memory.size());
    watch.begin_frame();
    static volatile std::uintptr_t nowhere = 64;  // the compiler must not know it
    if (memory.read(memory.at(1, 1))) *reinterpret_cast<volatile std::uint8_t*>(nowhere) = 1;
    std::_Exit(0);
}

bool foreign_faults(const std::string& program) {
#ifdef _WIN32
    const auto run = [&](const char* how) { return ::_spawnl(_P_WAIT, program.c_str(), "page_watch", how, nullptr); };
    const bool good = run("handled") == kHandled && static_cast<DWORD>(run("unhandled")) == EXCEPTION_ACCESS_VIOLATION;
#else
    const auto run = [&](const char* how) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::execl(program.c_str(), "page_watch", how, nullptr);
            ::_exit(127);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    };
    const int handled = run("handled"), unhandled = run("unhandled");
    const bool good = WIFEXITED(handled) && WEXITSTATUS(handled) == kHandled && WIFSIGNALED(unhandled) &&
                      WTERMSIG(unhandled) == SIGSEGV;
#endif
    return check(good, "a real fault was not passed on");
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 2) fault(std::string(arguments[1]) == "handled");
    bool good = first_touches();
    good &= shared_pages();
    good &= hot_pages();
    good &= writes_and_other_frames();
    good &= several_threads();
    good &= two_memories();
    good &= foreign_faults(arguments[0]);
    return good ? 0 : 1;
}
