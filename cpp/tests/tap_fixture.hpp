// What tests of the tap around the small core share: a game, the ring that the tap publishes, and writes to it.
#pragma once
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tap/commands.hpp"
#include "tap/ring_reader.hpp"
#include "tap/shared_file.hpp"
#include "tests/small_frontend.hpp"

namespace halscope::tests {

inline constexpr std::uint64_t kReaderId = 7;

inline unsigned& failures() {
    static unsigned count = 0;
    return count;
}
inline void expect(bool is, const char* what) {
    if (is) return;
    std::printf("differs: %s\n", what);
    ++failures();
}

inline void set_variable(const char* name, const std::string& value) {
#ifdef _WIN32
    ::_putenv_s(name, value.c_str());
#else
    ::setenv(name, value.c_str(), 1);
#endif
}

// An empty folder in which the taps of this process put their rings.
inline std::filesystem::path folder_for_rings() {
    namespace fs = std::filesystem;
    const fs::path folder = fs::temp_directory_path() / ("halscope-tap-" + std::to_string(tap::process_id()));
    fs::create_directory(folder);
    fs::permissions(folder, fs::perms::owner_all);
    set_variable(tap::kFolderVariable, folder.string());
    return folder;
}

inline std::vector<char> game(std::size_t bytes = 0x8000) {
    std::vector<char> rom(bytes);
    std::uint32_t state = 1;
    for (char& byte : rom) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    for (std::size_t n = 0; n < 2; ++n) rom[0x7FDC + n] = static_cast<char>(~rom[0x7FDE + n]);  // a SNES header
    return rom;
}

// The payload of one write.
inline std::vector<std::uint8_t> write_of(tap::Space space, std::uint32_t offset, std::span<const std::uint8_t> data) {
    const std::array<std::uint32_t, 5> head{1, static_cast<std::uint32_t>(space), offset,
                                            static_cast<std::uint32_t>(data.size()), 0};
    std::vector<std::uint8_t> payload(sizeof head + data.size());
    std::memcpy(payload.data(), head.data(), sizeof head);
    std::memcpy(payload.data() + sizeof head, data.data(), data.size());
    return payload;
}

inline std::uint8_t byte_of(const std::optional<tap::ReadFrame>& frame, tap::Part part, std::size_t at) {
    if (!frame) return 0;
    const auto& read = frame->parts[static_cast<std::size_t>(part)];
    return read && at < read->bytes.size() ? read->bytes[at] : 0;
}

// Runs the frontend, and returns the frame that it has published for a reader that wants this.
inline std::optional<tap::ReadFrame> run_wanting(const SmallFrontend& frontend, tap::RingReader& ring,
                                                 std::uint64_t wants, std::uint64_t reader = kReaderId) {
    ring.beat(reader, wants);
    frontend.run();
    return ring.read(ring.published());
}

// The ring of the only game, claimed.
struct Claimed {
    std::unique_ptr<tap::SharedFile> file;
    std::optional<tap::RingReader> ring;
};

inline Claimed claim(const std::filesystem::path& folder) {
    Claimed claimed;
    const auto rings = tap::live_rings(folder);
    if (rings.size() != 1) return claimed;
    claimed.file = tap::SharedFile::open(rings.front());
    tap::Layout layout;
    if (!tap::read_header(claimed.file->words(), claimed.file->bytes(), layout).empty()) return claimed;
    claimed.ring.emplace(claimed.file->words(), layout);
    if (claimed.ring->claim(kReaderId, false) != 0) claimed.ring.reset();
    return claimed;
}

}  // namespace halscope::tests
