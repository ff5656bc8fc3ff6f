// Foreign libraries on Linux and macOS. On Linux the copy is a file without a name, which no crash can leave behind.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "tap/library.hpp"
#ifdef __linux__
#include <link.h>
#include <sys/mman.h>
#include <sys/uio.h>
#endif

namespace halscope::tap {
namespace {

namespace fs = std::filesystem;

class PosixLibrary final : public Library {
  public:
    PosixLibrary(void* handle, int descriptor) : handle_(handle), descriptor_(descriptor) {}
    ~PosixLibrary() override {
        ::dlclose(handle_);
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    [[nodiscard]] void* symbol(const char* name) const noexcept override { return ::dlsym(handle_, name); }
    [[nodiscard]] std::vector<std::span<const std::uint8_t>> globals() const override;

  private:
    void* handle_;
    int descriptor_;  // stays open: while it does, no other copy gets the same name, by which the loader tells them
                      // apart
};

bool write_all(int descriptor, const std::vector<char>& bytes) noexcept {
    for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t written = ::write(descriptor, bytes.data() + at, bytes.size() - at);
        if (written < 0 && errno != EINTR) return false;
        if (written > 0) at += static_cast<std::size_t>(written);
    }
    return true;
}

std::unique_ptr<Library> load(const std::string& name, int descriptor, std::string& error) {
    void* const handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* const reason = ::dlerror();
        error = reason != nullptr ? reason : "it cannot be loaded";
        if (descriptor >= 0) ::close(descriptor);
        return nullptr;
    }
    return std::make_unique<PosixLibrary>(handle, descriptor);
}

std::unique_ptr<Library> load_named_copy(const std::vector<char>& bytes, std::string& error) {
    std::error_code none;
    const fs::path folder = fs::temp_directory_path(none);
    if (none) {
        error = "there is no folder for temporary files: " + none.message();
        return nullptr;
    }
    std::string name = (folder / "halscope-core-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0 || !write_all(descriptor, bytes)) {
        error =
            "no copy of it can be written to the folder for temporary files: " + std::generic_category().message(errno);
        if (descriptor >= 0) {
            ::close(descriptor);
            ::unlink(name.c_str());
        }
        return nullptr;
    }
    auto library = load(name, descriptor, error);
    ::unlink(name.c_str());
    return library;
}

}  // namespace

std::unique_ptr<Library> Library::open_copy(const fs::path& path, std::string& error) {
    std::error_code unknown;
    if (!fs::is_regular_file(path, unknown)) {  // reading a folder throws
        error = "the file cannot be read";
        return nullptr;
    }
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file || bytes.empty()) {
        error = "the file cannot be read";
        return nullptr;
    }
#ifdef __linux__
    if (const int descriptor = ::memfd_create(path.filename().c_str(), MFD_CLOEXEC); descriptor >= 0) {
        if (write_all(descriptor, bytes)) {
            if (auto library = load("/proc/self/fd/" + std::to_string(descriptor), descriptor, error)) return library;
        } else {
            ::close(descriptor);
        }
        error.clear();  // a system may forbid to run such files
    }
#endif
    return load_named_copy(bytes, error);
}

std::vector<std::span<const std::uint8_t>> PosixLibrary::globals() const {
    std::vector<std::span<const std::uint8_t>> found;
#ifdef __linux__
    struct Search {
        std::uintptr_t base;
        std::vector<std::span<const std::uint8_t>>* found;
    };
    link_map* map = nullptr;
    if (::dlinfo(handle_, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0 || map == nullptr) return found;
    Search search{map->l_addr, &found};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
            const auto& wanted = *static_cast<Search*>(data);
            if (info->dlpi_addr != wanted.base) return 0;
            for (int n = 0; n < info->dlpi_phnum; ++n) {
                const auto& part = info->dlpi_phdr[n];
                if (part.p_type == PT_LOAD && (part.p_flags & PF_W) != 0)
                    wanted.found->emplace_back(reinterpret_cast<const std::uint8_t*>(wanted.base + part.p_vaddr),
                                               part.p_memsz);
            }
            return 1;
        },
        &search);
#endif
    return found;
}

fs::path own_file() {
    Dl_info info{};
    if (::dladdr(reinterpret_cast<void*>(&own_file), &info) == 0 || info.dli_fname == nullptr) return {};
    std::error_code error;
    const fs::path absolute = fs::absolute(info.dli_fname, error);
    return error ? fs::path(info.dli_fname) : absolute;
}

bool read_memory(std::uintptr_t address, std::span<std::uint8_t> to) noexcept {
#ifdef __linux__
    const iovec local{to.data(), to.size()};
    const iovec remote{reinterpret_cast<void*>(address), to.size()};
    return ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(to.size());
#else
    (void)address, (void)to;
    return false;
#endif
}

}  // namespace halscope::tap
