// A file of shared memory that other processes of the same user find by its folder; what platforms do differently about
// it is in shared_file_posix.cpp and shared_file_windows.cpp.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tap/shared_words.hpp"

namespace halscope::tap {

// Names the folder of the rings, for tests and for sandboxes that share another one.
inline constexpr const char* kFolderVariable = "HALSCOPE_RUNTIME_DIR";
inline constexpr const char* kRingSuffix = ".ring";

// The user's folder for rings: created if it is missing, readable by the user alone. Throws std::runtime_error where
// there is none that can be trusted.
[[nodiscard]] std::filesystem::path runtime_folder();

// A mapped file. The owner holds a lock on it until it closes or dies, whatever way it dies; readers see it by that.
class SharedFile {
  public:
    SharedFile(const SharedFile&) = delete;
    SharedFile& operator=(const SharedFile&) = delete;
    virtual ~SharedFile() = default;  // of an owner: removes the file

    // Creates a zeroed file of this size under a hidden name. `show` lets readers find it. Throws std::runtime_error.
    static std::unique_ptr<SharedFile> create(const std::filesystem::path& path, std::size_t bytes);
    // Maps another process's file. Throws std::runtime_error if it is not a plain file of the user's own.
    static std::unique_ptr<SharedFile> open(const std::filesystem::path& path);

    virtual void show() = 0;
    // Whether the owner still holds its lock.
    [[nodiscard]] virtual bool owner_is_there() const noexcept = 0;

    [[nodiscard]] Word* words() const noexcept { return words_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  protected:
    SharedFile() = default;
    Word* words_ = nullptr;
    std::size_t bytes_ = 0;
};

// The rings in a folder whose owners are alive, oldest first. Files that dead owners left behind are removed.
[[nodiscard]] std::vector<std::filesystem::path> live_rings(const std::filesystem::path& folder);

// Whether the owner of a ring's file, hidden or shown, holds its lock; empty if it cannot be opened.
[[nodiscard]] std::optional<bool> owner_of_file_is_there(const std::filesystem::path& path) noexcept;

[[nodiscard]] std::uint64_t process_id() noexcept;
// What process ids count in: 0 where the system has one space of them.
[[nodiscard]] std::uint64_t pid_namespace() noexcept;

}  // namespace halscope::tap
