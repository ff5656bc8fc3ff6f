// Foreign libraries on Windows. The copy is a temporary file, which is deleted when it was unloaded.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <array>
#include <system_error>

#include "tap/library.hpp"

namespace halscope::tap {
namespace {

namespace fs = std::filesystem;

class WindowsLibrary final : public Library {
  public:
    WindowsLibrary(HMODULE module, fs::path copy) : module_(module), copy_(std::move(copy)) {}
    ~WindowsLibrary() override {
        ::FreeLibrary(module_);
        ::DeleteFileW(copy_.c_str());
    }

    [[nodiscard]] void* symbol(const char* name) const noexcept override {
        return reinterpret_cast<void*>(::GetProcAddress(module_, name));
    }

    [[nodiscard]] std::vector<std::span<const std::uint8_t>> globals() const override {
        const auto* const base = reinterpret_cast<const std::uint8_t*>(module_);
        const auto* const dos = reinterpret_cast<const IMAGE_DOS_HEADER*>(base);
        const auto* const header = reinterpret_cast<const IMAGE_NT_HEADERS*>(base + dos->e_lfanew);
        const IMAGE_SECTION_HEADER* section = IMAGE_FIRST_SECTION(header);
        std::vector<std::span<const std::uint8_t>> found;
        for (unsigned n = 0; n < header->FileHeader.NumberOfSections; ++n, ++section)
            if ((section->Characteristics & IMAGE_SCN_MEM_WRITE) != 0)
                found.emplace_back(base + section->VirtualAddress, section->Misc.VirtualSize);
        return found;
    }

  private:
    HMODULE module_;
    fs::path copy_;
};

}  // namespace

std::unique_ptr<Library> Library::open_copy(const fs::path& path, std::string& error) {
    std::array<wchar_t, MAX_PATH> name{};
    std::error_code reason;
    const fs::path folder = fs::temp_directory_path(reason);
    if (reason || ::GetTempFileNameW(folder.c_str(), L"hal", 0, name.data()) == 0) {
        error = "no copy of it can be written to the folder for temporary files";
        return nullptr;
    }
    const fs::path copy = name.data();
    // Not std::filesystem's: libstdc++ takes two files of one drive for the same file, as mingw has no inode numbers.
    const bool copied = ::CopyFileW(path.c_str(), copy.c_str(), FALSE) != 0;
    const HMODULE module = copied ? ::LoadLibraryW(copy.c_str()) : nullptr;
    if (module == nullptr) {
        const DWORD code = ::GetLastError();
        error = (copied ? "it cannot be loaded: Windows error " : "the file cannot be read: Windows error ") +
                std::to_string(code);
        ::DeleteFileW(copy.c_str());
        return nullptr;
    }
    return std::make_unique<WindowsLibrary>(module, copy);
}

fs::path own_file() {
    HMODULE module = nullptr;
    const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if (::GetModuleHandleExW(flags, reinterpret_cast<LPCWSTR>(&own_file), &module) == 0) return {};
    std::array<wchar_t, 32768> name{};
    const DWORD length = ::GetModuleFileNameW(module, name.data(), static_cast<DWORD>(name.size()));
    return length == 0 ? fs::path() : fs::path(name.data());
}

bool read_memory(std::uintptr_t address, std::span<std::uint8_t> to) noexcept {
    SIZE_T read = 0;
    const auto* const from = reinterpret_cast<const void*>(address);
    return ::ReadProcessMemory(::GetCurrentProcess(), from, to.data(), to.size(), &read) != 0 && read == to.size();
}

}  // namespace halscope::tap
