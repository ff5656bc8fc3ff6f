// Loading a foreign shared library as a copy of its own; what platforms do differently about it is in
// library_posix.cpp and library_windows.cpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace halscope::tap {

// A copy, because loading the same file twice gives the same library, and two instances would share one machine.
class Library {
  public:
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    virtual ~Library() = default;

    // Returns null and says why if the file cannot be loaded.
    static std::unique_ptr<Library> open_copy(const std::filesystem::path& path, std::string& error);

    [[nodiscard]] virtual void* symbol(const char* name) const noexcept = 0;

    // The library's global variables; empty where the platform does not tell.
    [[nodiscard]] virtual std::vector<std::span<const std::uint8_t>> globals() const = 0;

  protected:
    Library() = default;
};

// The file that this code was loaded from; empty if it is not known.
[[nodiscard]] std::filesystem::path own_file();

// Copies memory of this process that may not be mapped. False if any of it is not.
[[nodiscard]] bool read_memory(std::uintptr_t address, std::span<std::uint8_t> to) noexcept;

}  // namespace halscope::tap
