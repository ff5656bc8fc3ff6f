// Page protection on Linux, macOS and the BSDs: mprotect, and a handler of SIGSEGV and SIGBUS.
#include <dlfcn.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "trace/pages.hpp"

namespace halscope::trace {
namespace {

// macOS and the BSDs report some protection faults as SIGBUS.
constexpr std::array<int, 2> kSignals{SIGSEGV, SIGBUS};
constexpr int kMostNested = 8;  // faults passed on at once, after which two handlers pass one to each other for ever

std::atomic<OnFault> g_on_fault{nullptr};
std::array<struct sigaction, kSignals.size()> g_before{};
std::atomic<int> g_passed_on{0};

// Does what would have happened without our handler.
void pass_on(int number, siginfo_t* info, void* context) {
    const struct sigaction& before = g_before[number == kSignals[0] ? 0 : 1];
    const bool looping = g_passed_on.fetch_add(1) >= kMostNested;
    if (!looping && (before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(number, info, context);
    } else if (!looping && before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else {
        // The faulting instruction runs again, and the default action ends the process with this signal.
        struct sigaction usual{};
        usual.sa_handler = SIG_DFL;
        sigaction(number, &usual, nullptr);
        if (info->si_code <= 0) raise(number);  // another process sent it: no instruction would raise it again
    }
    g_passed_on.fetch_sub(1);
}

void on_signal(int number, siginfo_t* info, void* context) {
    const OnFault on_fault = g_on_fault.load();
    const bool from_system = info->si_code > 0;
    if (from_system && on_fault != nullptr && on_fault(static_cast<std::uint8_t*>(info->si_addr))) return;
    pass_on(number, info, context);
}

// Keeps the library with this code in memory for good: somebody else's handler may pass faults on to ours.
void stay_loaded() noexcept {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&on_signal), &info) != 0 && info.dli_fname != nullptr)
        dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

bool is_ours(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_signal;
}

}  // namespace

std::size_t page_bytes() noexcept {
    static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

bool protect_pages(std::uint8_t* first, std::size_t bytes) noexcept {
    return mprotect(first, bytes, PROT_NONE) == 0;
}

bool open_pages(std::uint8_t* first, std::size_t bytes) noexcept {
    return mprotect(first, bytes, PROT_READ | PROT_WRITE) == 0;
}

bool catch_faults(OnFault on_fault) noexcept {
    g_on_fault = on_fault;
    for (std::size_t n = 0; n < kSignals.size(); ++n) {
        struct sigaction current{};
        if (sigaction(kSignals[n], nullptr, &current) != 0) return false;
        if (is_ours(current)) continue;
        g_before[n] = current;
        struct sigaction ours{};
        ours.sa_sigaction = on_signal;
        ours.sa_flags = SA_SIGINFO | SA_ONSTACK;  // a stack that overflows has no room for a handler
        sigemptyset(&ours.sa_mask);
        if (sigaction(kSignals[n], &ours, nullptr) != 0) return false;
    }
    return true;
}

void release_faults() noexcept {
    for (std::size_t n = 0; n < kSignals.size(); ++n) {
        struct sigaction current{};
        if (sigaction(kSignals[n], nullptr, &current) != 0) continue;
        if (is_ours(current)) {
            sigaction(kSignals[n], &g_before[n], nullptr);
        } else {
            stay_loaded();
        }
    }
}

}  // namespace halscope::trace
