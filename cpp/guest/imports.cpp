#include "guest/imports.hpp"

#include "guest/output.hpp"
#include "guest/streams.hpp"

#if defined(__linux__) && defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <span>
#include <string_view>

namespace halscope::guest {
namespace {

std::time_t fixed_time(std::time_t* result) {
    if (result != nullptr) *result = static_cast<std::time_t>(kFixedTime);
    return static_cast<std::time_t>(kFixedTime);
}

int kept_vprintf(const char* format, va_list arguments) {
    return std::vfprintf(output_stream(), format, arguments);
}

__attribute__((format(printf, 1, 2))) int kept_printf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int size = kept_vprintf(format, arguments);
    va_end(arguments);
    return size;
}

// The forms with checks that glibc's headers call when a library was built with _FORTIFY_SOURCE.
int kept_vprintf_checked(int /*flag*/, const char* format, va_list arguments) {
    return kept_vprintf(format, arguments);
}

__attribute__((format(printf, 2, 3))) int kept_printf_checked(int /*flag*/, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int size = kept_vprintf(format, arguments);
    va_end(arguments);
    return size;
}

int kept_vdprintf(int descriptor, const char* format, va_list arguments) {
    if (descriptor != STDOUT_FILENO && descriptor != STDERR_FILENO) return ::vdprintf(descriptor, format, arguments);
    return kept_vprintf(format, arguments);
}

__attribute__((format(printf, 2, 3))) int kept_dprintf(int descriptor, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int size = kept_vdprintf(descriptor, format, arguments);
    va_end(arguments);
    return size;
}

int kept_vdprintf_checked(int descriptor, int /*flag*/, const char* format, va_list arguments) {
    return kept_vdprintf(descriptor, format, arguments);
}

__attribute__((format(printf, 3, 4))) int kept_dprintf_checked(int descriptor, int /*flag*/, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int size = kept_vdprintf(descriptor, format, arguments);
    va_end(arguments);
    return size;
}

int kept_puts(const char* text) {
    return std::fprintf(output_stream(), "%s\n", text);
}

int kept_putchar(int character) {
    return std::fputc(character, output_stream());
}

ssize_t kept_write(int descriptor, const void* data, std::size_t size) {
    if (descriptor != STDOUT_FILENO && descriptor != STDERR_FILENO) return ::write(descriptor, data, size);
    print(static_cast<const char*>(data), size);
    return static_cast<ssize_t>(size);
}

std::FILE* kept_stream = nullptr;  // what a held library finds in `stdout` and `stderr`

struct Replacement {
    std::string_view name;
    void* address;
};

// The clock, then everything that prints.
std::array<Replacement, 21> replacements() {
    return {{
        {"time", reinterpret_cast<void*>(&fixed_time)},
        {"printf", reinterpret_cast<void*>(&kept_printf)},
        {"vprintf", reinterpret_cast<void*>(&kept_vprintf)},
        {"__printf_chk", reinterpret_cast<void*>(&kept_printf_checked)},
        {"__vprintf_chk", reinterpret_cast<void*>(&kept_vprintf_checked)},
        {"puts", reinterpret_cast<void*>(&kept_puts)},
        {"putchar", reinterpret_cast<void*>(&kept_putchar)},
        {"putchar_unlocked", reinterpret_cast<void*>(&kept_putchar)},
        {"dprintf", reinterpret_cast<void*>(&kept_dprintf)},
        {"vdprintf", reinterpret_cast<void*>(&kept_vdprintf)},
        {"__dprintf_chk", reinterpret_cast<void*>(&kept_dprintf_checked)},
        {"__vdprintf_chk", reinterpret_cast<void*>(&kept_vdprintf_checked)},
        {"write", reinterpret_cast<void*>(&kept_write)},
        {"stdout", static_cast<void*>(&kept_stream)},
        {"stderr", static_cast<void*>(&kept_stream)},
        // std::cout, cerr, clog and the wide ones, as the Itanium C++ ABI spells them
        {"_ZSt4cout", static_cast<void*>(&output_ostream())},
        {"_ZSt4cerr", static_cast<void*>(&output_ostream())},
        {"_ZSt4clog", static_cast<void*>(&output_ostream())},
        {"_ZSt5wcout", static_cast<void*>(&output_wostream())},
        {"_ZSt5wcerr", static_cast<void*>(&output_wostream())},
        {"_ZSt5wclog", static_cast<void*>(&output_wostream())},
    }};
}

// The parts of a loaded library's dynamic section (ELF gABI, "Dynamic Section") that lead to its imports.
struct Dynamic {
    const ElfW(Sym) * symbols = nullptr;
    const char* names = nullptr;
    std::span<const ElfW(Rela)> data;   // DT_RELA: the addresses of variables, and of functions that are not called
    std::span<const ElfW(Rela)> calls;  // DT_JMPREL
};

Dynamic dynamic_of(const link_map& library) {
    Dynamic found;
    const ElfW(Rela)* data = nullptr;
    const ElfW(Rela)* calls = nullptr;
    std::size_t data_bytes = 0;
    std::size_t call_bytes = 0;
    for (const ElfW(Dyn)* entry = library.l_ld; entry->d_tag != DT_NULL; ++entry) {
        const auto address = entry->d_un.d_ptr;  // glibc has added the library's base to it
        if (entry->d_tag == DT_SYMTAB) found.symbols = reinterpret_cast<const ElfW(Sym)*>(address);
        if (entry->d_tag == DT_STRTAB) found.names = reinterpret_cast<const char*>(address);
        if (entry->d_tag == DT_RELA) data = reinterpret_cast<const ElfW(Rela)*>(address);
        if (entry->d_tag == DT_JMPREL) calls = reinterpret_cast<const ElfW(Rela)*>(address);
        if (entry->d_tag == DT_RELASZ) data_bytes = entry->d_un.d_val;
        if (entry->d_tag == DT_PLTRELSZ) call_bytes = entry->d_un.d_val;
    }
    if (data != nullptr) found.data = {data, data_bytes / sizeof *data};
    if (calls != nullptr) found.calls = {calls, call_bytes / sizeof *calls};
    return found;
}

bool is_import(std::size_t relocation) {
#if defined(__x86_64__)
    return relocation == R_X86_64_JUMP_SLOT || relocation == R_X86_64_GLOB_DAT || relocation == R_X86_64_64;
#else
    return relocation == R_AARCH64_JUMP_SLOT || relocation == R_AARCH64_GLOB_DAT || relocation == R_AARCH64_ABS64;
#endif
}

// The part of a library that the loader made read-only after it had filled in the imports (PT_GNU_RELRO).
struct Protected {
    ElfW(Addr) base;
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};

int find_protected(dl_phdr_info* info, std::size_t /*size*/, void* result) {
    auto& found = *static_cast<Protected*>(result);
    if (info->dlpi_addr != found.base) return 0;
    for (const ElfW(Phdr) & header : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
        if (header.p_type != PT_GNU_RELRO) continue;
        found.begin = info->dlpi_addr + header.p_vaddr;
        found.end = found.begin + header.p_memsz;
    }
    return 1;
}

// Stores a pointer in the table of imports; returns whether that was possible.
bool store(std::uintptr_t slot, void* value, const Protected& guarded) {
    const auto page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    void* const page = reinterpret_cast<void*>(slot / page_bytes * page_bytes);
    if (mprotect(page, page_bytes, PROT_READ | PROT_WRITE) != 0) return false;
    std::memcpy(reinterpret_cast<void*>(slot), &value, sizeof value);
    // The loader has protected whole pages alone, by rounding both ends down: what follows on the last one is written.
    const auto first = guarded.begin / page_bytes * page_bytes;
    const auto end = guarded.end / page_bytes * page_bytes;
    if (slot >= first && slot < end) mprotect(page, page_bytes, PROT_READ);
    return true;
}

}  // namespace

std::vector<std::string> hold(void* handle, bool keep_output) {
    link_map* library = nullptr;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &library) != 0 || library == nullptr) return {};
    // Not the library that this is a part of: its `write` would call itself for ever.
    Dl_info own{};
    if (dladdr(reinterpret_cast<void*>(&kept_write), &own) != 0 &&
        reinterpret_cast<ElfW(Addr)>(own.dli_fbase) == library->l_addr)
        return {};
    kept_stream = output_stream();
    if (kept_stream == nullptr) return {};
    const Dynamic dynamic = dynamic_of(*library);
    if (dynamic.symbols == nullptr || dynamic.names == nullptr) return {};
    Protected guarded{library->l_addr};
    dl_iterate_phdr(&find_protected, &guarded);
    const auto all = replacements();
    const auto wanted = std::span(all).first(keep_output ? all.size() : 1);
    std::vector<std::string> replaced;
    for (const auto& relocations : {dynamic.data, dynamic.calls}) {
        for (const ElfW(Rela) & relocation : relocations) {
            if (!is_import(ELF64_R_TYPE(relocation.r_info))) continue;
            const ElfW(Sym) & symbol = dynamic.symbols[ELF64_R_SYM(relocation.r_info)];
            if (symbol.st_shndx != SHN_UNDEF) continue;  // the library's own
            const std::string_view name = dynamic.names + symbol.st_name;
            for (const Replacement& replacement : wanted) {
                if (replacement.name != name) continue;
                if (store(library->l_addr + relocation.r_offset, replacement.address, guarded)) {
                    replaced.emplace_back(name);
                }
            }
        }
    }
    return replaced;
}

}  // namespace halscope::guest

#else

namespace halscope::guest {

std::vector<std::string> hold(void* /*handle*/, bool /*keep_output*/) {
    return {};
}

}  // namespace halscope::guest

#endif
