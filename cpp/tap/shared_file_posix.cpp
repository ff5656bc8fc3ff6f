// Shared files on Linux and macOS: mmap, and flock, which the kernel releases when a process dies.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "tap/ring_layout.hpp"
#include "tap/shared_file.hpp"

namespace halscope::tap {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* what) {
    throw std::runtime_error(path.string() + ": " + what + ": " + std::generic_category().message(errno));
}

class Descriptor {
  public:
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const noexcept { return number_; }

  private:
    int number_;
};

bool is_locked(int descriptor) noexcept {
    if (::flock(descriptor, LOCK_SH | LOCK_NB) != 0) return true;
    ::flock(descriptor, LOCK_UN);
    return false;
}

class PosixFile final : public SharedFile {
  public:
    PosixFile(int descriptor, fs::path path, bool owner)
        : descriptor_(descriptor), path_(std::move(path)), owner_(owner) {}

    ~PosixFile() override {
        if (owner_) ::unlink(path_.c_str());
        if (words_ != nullptr) ::munmap(words_, bytes_);
    }

    void map(std::size_t bytes) {
        void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_.get(), 0);
        if (mapped == MAP_FAILED) fail(path_, "cannot be mapped");
        words_ = static_cast<Word*>(mapped);
        bytes_ = bytes;
    }

    void show() override {
        fs::path shown = path_;
        shown.replace_extension();  // drops ".new"
        if (::rename(path_.c_str(), shown.c_str()) != 0) fail(path_, "cannot be renamed");
        path_ = shown;
    }

    [[nodiscard]] bool owner_is_there() const noexcept override { return owner_ || is_locked(descriptor_.get()); }

  private:
    Descriptor descriptor_;
    fs::path path_;
    bool owner_;
};

// Whether a folder is the user's own, and nobody else can write to it.
bool is_private(const fs::path& folder) noexcept {
    struct stat found{};
    return ::lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == ::getuid() &&
           (found.st_mode & 0077) == 0;
}

fs::path usual_folder() {
    if (const char* given = std::getenv(kFolderVariable); given != nullptr && *given != '\0') return given;
    if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/')
        if (::access(runtime, W_OK) == 0) return fs::path(runtime) / "halscope";
    return fs::temp_directory_path() / ("halscope-" + std::to_string(::getuid()));
}

}  // namespace

fs::path runtime_folder() {
    const fs::path folder = usual_folder();
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail(folder, "cannot be created");
    if (!is_private(folder))
        throw std::runtime_error(folder.string() +
                                 ": must be a folder of your own that nobody else can enter (mode 0700)");
    return folder;
}

std::unique_ptr<SharedFile> SharedFile::create(const fs::path& path, std::size_t bytes) {
    fs::path hidden = path;
    hidden += ".new";
    const int descriptor = ::open(hidden.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) fail(hidden, "cannot be created");
    auto file = std::make_unique<PosixFile>(descriptor, hidden, true);
    // Others hold a lock only for as long as it takes to look whether they get one.
    if (::flock(descriptor, LOCK_EX) != 0) fail(hidden, "cannot be locked");
    if (::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) fail(hidden, "cannot be enlarged");
#ifdef __linux__
    // A page that finds no room when it is first touched would end the emulator.
    if (const int reason = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes)); reason != 0) {
        errno = reason;
        fail(hidden, "finds no room");
    }
#endif
    file->map(bytes);
    return file;
}

std::unique_ptr<SharedFile> SharedFile::open(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) fail(path, "cannot be opened");
    auto file = std::make_unique<PosixFile>(descriptor, path, false);
    struct stat found{};
    if (::fstat(descriptor, &found) != 0) fail(path, "cannot be looked at");
    if (!S_ISREG(found.st_mode) || found.st_uid != ::getuid())
        throw std::runtime_error(path.string() + ": is not a plain file of your own");
    if (found.st_size < static_cast<off_t>(kHeaderBytes) || found.st_size > static_cast<off_t>(kMostSegmentBytes))
        throw std::runtime_error(path.string() + ": its size is not a ring's");
    file->map(static_cast<std::size_t>(found.st_size));
    return file;
}

std::optional<bool> owner_of_file_is_there(const fs::path& path) noexcept {
    const Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (descriptor.get() < 0) return std::nullopt;
    return is_locked(descriptor.get());
}

std::uint64_t process_id() noexcept {
    return static_cast<std::uint64_t>(::getpid());
}

std::uint64_t pid_namespace() noexcept {
    struct stat found{};
    return ::stat("/proc/self/ns/pid", &found) == 0 ? static_cast<std::uint64_t>(found.st_ino) : 0;
}

}  // namespace halscope::tap
