#include "tap/memories.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_set>

namespace halscope::tap {
namespace {

constexpr std::size_t kProbeBytes = 64;
constexpr std::uintptr_t kLeastAddress = 0x10000;  // nothing is mapped below
constexpr std::size_t kMostSaveBytes = 0x40000;

// The core's name and version.
std::pair<std::string, std::string> named(const InnerCore& core) {
    abi::SystemInfo info{};
    core.call().get_system_info(&info);
    return {info.library_name != nullptr ? info.library_name : "",
            info.library_version != nullptr ? info.library_version : ""};
}

template <typename Places>
Places places_in(const InnerCore& core) {
    const auto [name, version] = named(core);
    return {name, version, core.library().globals()};
}

// Whether the core draws each dot from VRAM.
bool draws_from_vram(const InnerCore& core) {
    const auto [name, version] = named(core);
    return name == "bsnes-mercury" && version.find("v094") == 0 && version.find("(Accuracy)") != std::string::npos;
}

}  // namespace

Memories::Memories(const InnerCore& core, std::span<const std::uint8_t> rom, std::span<void* const> maps,
                   const void* given)
    : core_(core),
      rom_(rom),
      given_(given),
      video_(places_in<VideoPlaces>(core)),
      registers_(places_in<RegisterPlaces>(core)) {
    caches_tiles_ = !draws_from_vram(core);
    look_up();
    // Asked once: bsnes-mercury prints a line each time.
    save_ = ask(abi::kSaveRam, std::min(core.call().get_memory_size(abi::kSaveRam), kMostSaveBytes));
    if (const std::uintptr_t address = find_rom(maps); address != 0)
        found_rom_ = {reinterpret_cast<std::uint8_t*>(address), rom.size()};
}

std::span<std::uint8_t> Memories::ask(unsigned id, std::size_t bytes) const noexcept {
    const auto& call = core_.call();
    void* const data = call.get_memory_data(id);
    if (data == nullptr || call.get_memory_size(id) < bytes) return {};
    // bsnes-libretro answers for every id with a fresh copy of the save file, which it never frees.
    if (call.get_memory_data(id) != data) return {};
    return {static_cast<std::uint8_t*>(data), bytes};
}

void Memories::look_up() noexcept {
    vram_ = ask(abi::kVideoRam, kVramBytes);
    wram_ = ask(abi::kSystemRam, kWramBytes);
}

bool Memories::is_rom(std::uintptr_t address) const {
    if (rom_.size() < kProbeBytes || address == 0 || reinterpret_cast<const void*>(address) == given_) return false;
    std::vector<std::uint8_t> there(kProbeBytes);
    if (!read_memory(address, there) || !std::equal(there.begin(), there.end(), rom_.begin())) return false;
    there.resize(rom_.size());
    return read_memory(address, there) && std::equal(there.begin(), there.end(), rom_.begin());
}

std::uintptr_t Memories::find_rom(std::span<void* const> maps) const {
    const auto& call = core_.call();
    const auto named = reinterpret_cast<std::uintptr_t>(call.get_memory_data(abi::kRom));
    if (call.get_memory_size(abi::kRom) >= rom_.size() && is_rom(named)) return named;
    for (void* const pointer : maps)
        if (const auto address = reinterpret_cast<std::uintptr_t>(pointer); is_rom(address)) return address;
    // A core that names no ROM still points at it: a copy that one of its global variables points at is in use, unlike
    // one that a search of the whole process finds in freed memory. Two such copies prove nothing.
    std::unordered_set<std::uintptr_t> tried;
    std::vector<std::uintptr_t> found;
    for (const auto globals : core_.library().globals()) {
        std::uintptr_t before = 0;
        for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= globals.size(); at += sizeof(std::uintptr_t)) {
            std::uintptr_t value = 0;
            std::memcpy(&value, globals.data() + at, sizeof value);
            // The end of a vector, beside its beginning, may be where another copy begins.
            const bool is_end = value - before == rom_.size() && std::ranges::find(found, before) != found.end();
            before = value;
            if (value >= kLeastAddress && tried.insert(value).second && !is_end && is_rom(value))
                found.push_back(value);
        }
    }
    return found.size() == 1 ? found.front() : 0;
}

void Memories::prove_places(std::span<const std::uint8_t> state) {
    video_.prove(state, vram_, std::array<Bytes, 3>{vram_, wram_, save_});
    if (const auto at = video_.vram_in_state()) registers_.prove(state, *at, vram_, wram_);
}

}  // namespace halscope::tap
