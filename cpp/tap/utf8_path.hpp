// Paths as UTF-8, as frontends, configuration files and the ring have them; on Windows a plain std::string would be in
// the user's code page.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace halscope::tap {

[[nodiscard]] inline std::filesystem::path from_utf8(std::string_view text) {
    return std::u8string(text.begin(), text.end());
}

[[nodiscard]] inline std::string to_utf8(const std::filesystem::path& path) {
    const std::u8string text = path.u8string();
    return {text.begin(), text.end()};
}

}  // namespace halscope::tap
