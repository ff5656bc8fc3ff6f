// Page protection on Windows: VirtualProtect, and a vectored exception handler. Compiled in CI with mingw-w64.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <atomic>

#include "trace/pages.hpp"

namespace halscope::trace {
namespace {

std::atomic<OnFault> g_on_fault{nullptr};
void* g_handler = nullptr;

LONG CALLBACK on_exception(EXCEPTION_POINTERS* exception) {
    const EXCEPTION_RECORD& record = *exception->ExceptionRecord;
    const OnFault on_fault = g_on_fault.load();
    if (record.ExceptionCode != EXCEPTION_ACCESS_VIOLATION || record.NumberParameters < 2 || on_fault == nullptr)
        return EXCEPTION_CONTINUE_SEARCH;
    auto* const address = reinterpret_cast<std::uint8_t*>(record.ExceptionInformation[1]);
    return on_fault(address) ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

bool change(std::uint8_t* first, std::size_t bytes, DWORD protection) noexcept {
    DWORD before = 0;
    return ::VirtualProtect(first, bytes, protection, &before) != 0;
}

}  // namespace

std::size_t page_bytes() noexcept {
    static const std::size_t bytes = [] {
        SYSTEM_INFO info;
        ::GetSystemInfo(&info);
        return static_cast<std::size_t>(info.dwPageSize);
    }();
    return bytes;
}

bool protect_pages(std::uint8_t* first, std::size_t bytes) noexcept {
    return change(first, bytes, PAGE_NOACCESS);
}

bool open_pages(std::uint8_t* first, std::size_t bytes) noexcept {
    return change(first, bytes, PAGE_READWRITE);
}

bool catch_faults(OnFault on_fault) noexcept {
    g_on_fault = on_fault;
    // Handlers are called one after the other until one of them continues the program, so a later one is no trouble.
    if (g_handler == nullptr) g_handler = ::AddVectoredExceptionHandler(1, on_exception);
    return g_handler != nullptr;
}

void release_faults() noexcept {
    if (g_handler != nullptr) ::RemoveVectoredExceptionHandler(g_handler);
    g_handler = nullptr;
}

}  // namespace halscope::trace
