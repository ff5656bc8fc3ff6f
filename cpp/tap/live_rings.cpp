// Looks through the folder of rings, the same way on every platform.
#include <algorithm>
#include <chrono>

#include "tap/shared_file.hpp"

namespace halscope::tap {

namespace fs = std::filesystem;

std::vector<fs::path> live_rings(const fs::path& folder) {
    std::vector<std::pair<fs::file_time_type, fs::path>> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const fs::path path = entry.path();
        const bool hidden = path.extension() == ".new";
        if (!hidden && path.extension() != kRingSuffix) continue;
        const auto owned = owner_of_file_is_there(path);
        if (!owned) continue;
        const auto written = fs::last_write_time(path, error);
        if (*owned) {
            if (!hidden) found.emplace_back(written, path);
        } else if (!hidden || fs::file_time_type::clock::now() - written > std::chrono::minutes(1)) {
            // An owner locks its hidden file a moment after it creates it, so a hidden file must have an age, too.
            fs::remove(path, error);
        }
    }
    std::ranges::sort(found);
    std::vector<fs::path> paths;
    for (auto& [written, path] : found) paths.push_back(std::move(path));
    return paths;
}

}  // namespace halscope::tap
