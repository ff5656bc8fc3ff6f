// Shared files on Windows: file mappings, and a lock on a byte behind the file, which the system releases when a
// process dies. Compiled in CI with mingw-w64.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <cstdlib>
#include <stdexcept>

#include "tap/ring_layout.hpp"
#include "tap/shared_file.hpp"
#include "tap/utf8_path.hpp"

namespace halscope::tap {
namespace {

namespace fs = std::filesystem;

constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr DWORD kLockedByteHigh = 1;  // the byte at 4 GiB, where no ring has any

[[noreturn]] void fail(const fs::path& path, const char* what) {
    throw std::runtime_error(to_utf8(path) + ": " + what + ": Windows error " + std::to_string(::GetLastError()));
}

class Handle {
  public:
    explicit Handle(HANDLE handle) noexcept : handle_(handle) {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() {
        if (is_open()) ::CloseHandle(handle_);
    }
    [[nodiscard]] HANDLE get() const noexcept { return handle_; }
    [[nodiscard]] bool is_open() const noexcept { return handle_ != nullptr && handle_ != INVALID_HANDLE_VALUE; }

  private:
    HANDLE handle_;
};

HANDLE open_existing(const fs::path& path) noexcept {
    return ::CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr, OPEN_EXISTING,
                         FILE_FLAG_OPEN_REPARSE_POINT, nullptr);
}

bool lock(HANDLE file, bool keep) noexcept {
    OVERLAPPED place{};
    place.OffsetHigh = kLockedByteHigh;
    const DWORD flags = LOCKFILE_FAIL_IMMEDIATELY | LOCKFILE_EXCLUSIVE_LOCK;
    if (::LockFileEx(file, flags, 0, 1, 0, &place) == 0) return false;
    if (!keep) ::UnlockFileEx(file, 0, 1, 0, &place);
    return true;
}

class WindowsFile final : public SharedFile {
  public:
    WindowsFile(HANDLE file, fs::path path, bool owner) : file_(file), path_(std::move(path)), owner_(owner) {}

    ~WindowsFile() override {
        if (words_ != nullptr) ::UnmapViewOfFile(words_);
        if (owner_) ::DeleteFileW(path_.c_str());  // it goes when the last reader has closed it
    }

    void map(std::size_t bytes) {
        const Handle mapping(::CreateFileMappingW(file_.get(), nullptr, PAGE_READWRITE, 0, 0, nullptr));
        if (!mapping.is_open()) fail(path_, "cannot be mapped");
        words_ = static_cast<Word*>(::MapViewOfFile(mapping.get(), FILE_MAP_ALL_ACCESS, 0, 0, bytes));
        if (words_ == nullptr) fail(path_, "cannot be mapped");
        bytes_ = bytes;
    }

    void show() override {
        fs::path shown = path_;
        shown.replace_extension();  // drops ".new"
        if (::MoveFileExW(path_.c_str(), shown.c_str(), 0) == 0) fail(path_, "cannot be renamed");
        path_ = shown;
    }

    [[nodiscard]] bool owner_is_there() const noexcept override { return owner_ || !lock(file_.get(), false); }

  private:
    Handle file_;
    fs::path path_;
    bool owner_;
};

fs::path usual_folder() {
    if (const wchar_t* given = ::_wgetenv(L"HALSCOPE_RUNTIME_DIR"); given != nullptr && *given != L'\0') return given;
    // Only the user and the system can enter it.
    if (const wchar_t* local = ::_wgetenv(L"LOCALAPPDATA"); local != nullptr && *local != L'\0')
        return fs::path(local) / "halscope" / "rings";
    return fs::temp_directory_path() / "halscope";
}

}  // namespace

fs::path runtime_folder() {
    const fs::path folder = usual_folder();
    std::error_code error;
    fs::create_directories(folder, error);
    if (!fs::is_directory(folder, error)) throw std::runtime_error(to_utf8(folder) + ": cannot be created");
    return folder;
}

std::unique_ptr<SharedFile> SharedFile::create(const fs::path& path, std::size_t bytes) {
    fs::path hidden = path;
    hidden += ".new";
    const HANDLE handle = ::CreateFileW(hidden.c_str(), GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr, CREATE_NEW,
                                        FILE_ATTRIBUTE_TEMPORARY, nullptr);
    if (handle == INVALID_HANDLE_VALUE) fail(hidden, "cannot be created");
    auto file = std::make_unique<WindowsFile>(handle, hidden, true);
    // Others hold a lock only for as long as it takes to look whether they get one.
    while (!lock(handle, true)) {
        if (::GetLastError() != ERROR_LOCK_VIOLATION && ::GetLastError() != ERROR_IO_PENDING)
            fail(hidden, "cannot be locked");
        ::Sleep(1);
    }
    LARGE_INTEGER size;
    size.QuadPart = static_cast<LONGLONG>(bytes);
    if (::SetFilePointerEx(handle, size, nullptr, FILE_BEGIN) == 0 || ::SetEndOfFile(handle) == 0)
        fail(hidden, "cannot be enlarged");
    file->map(bytes);
    return file;
}

std::unique_ptr<SharedFile> SharedFile::open(const fs::path& path) {
    const HANDLE handle = open_existing(path);
    if (handle == INVALID_HANDLE_VALUE) fail(path, "cannot be opened");
    auto file = std::make_unique<WindowsFile>(handle, path, false);
    LARGE_INTEGER size;
    if (::GetFileSizeEx(handle, &size) == 0) fail(path, "cannot be looked at");
    if (size.QuadPart < static_cast<LONGLONG>(kHeaderBytes) || size.QuadPart > static_cast<LONGLONG>(kMostSegmentBytes))
        throw std::runtime_error(to_utf8(path) + ": its size is not a ring's");
    file->map(static_cast<std::size_t>(size.QuadPart));
    return file;
}

std::optional<bool> owner_of_file_is_there(const fs::path& path) noexcept {
    const Handle handle(open_existing(path));
    if (!handle.is_open()) return std::nullopt;
    return !lock(handle.get(), false);
}

std::uint64_t process_id() noexcept {
    return ::GetCurrentProcessId();
}

std::uint64_t pid_namespace() noexcept {
    return 0;
}

}  // namespace halscope::tap
