// The smallest libretro core that the tap publishes: it counts its frames in VRAM and WRAM, copies a byte of its ROM to
// VRAM, and shows a picture of one colour. It refuses a state whose second byte is not 0,
// when it has taken the first one. WRAM says what else it reads of the ROM: see small_core.hpp.
#include "tests/small_core.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>
#ifndef _WIN32
#include <signal.h>
#include <sys/mman.h>
#endif

#include "tap/libretro_abi.hpp"

#ifdef _WIN32
#define SMALL_CORE_EXPORT extern "C" __declspec(dllexport)
#else
#define SMALL_CORE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace abi = halscope::tap::abi;

namespace {

constexpr unsigned kWidth = 256, kHeight = 224;

std::array<std::uint8_t, 0x10000> vram;
std::array<std::uint8_t, 0x20000> wram;
std::array<std::uint8_t, 0x2000> save;
// On the heap: by a global pointer the tap finds the ROM, which retro_get_memory_data does not name.
std::vector<std::uint8_t> rom;
std::array<std::uint16_t, std::size_t{kWidth} * kHeight> picture;
std::uint8_t frame = 0;
abi::VideoRefresh show = nullptr;

using namespace halscope::tests::small_core;

std::uint8_t read(std::size_t offset) {
    return static_cast<const volatile std::uint8_t*>(rom.data())[offset];
}

// Reads what is listed in WRAM.
void read_list(std::size_t list) {
    for (std::size_t n = 0; n < wram[list] && n < kMostReads; ++n) {
        std::uint32_t offset = 0;
        std::memcpy(&offset, &wram[list + sizeof offset * (n + 1)], sizeof offset);
        vram[list + n] = offset < rom.size() ? read(offset) : 0;
    }
}

#ifndef _WIN32
// A page of the core's own that it has the system guard, as cores with fast memory do.
constexpr std::size_t kOwnBytes = 1 << 16;
void* own_page = nullptr;
struct sigaction before_own;

void on_own_fault(int number, siginfo_t* info, void* context) {
    if (info->si_addr == own_page) {
        mprotect(own_page, kOwnBytes, PROT_READ | PROT_WRITE);
    } else if ((before_own.sa_flags & SA_SIGINFO) != 0) {
        before_own.sa_sigaction(number, info, context);
    } else {
        signal(number, SIG_DFL);
    }
}

void let_go_of_own_page() {
    struct sigaction current{};
    if (own_page == nullptr || sigaction(SIGSEGV, nullptr, &current) != 0) return;
    if (current.sa_sigaction == on_own_fault) sigaction(SIGSEGV, &before_own, nullptr);
    munmap(own_page, kOwnBytes);
}

void use_own_page() {
    if (own_page == nullptr) {
        own_page = mmap(nullptr, kOwnBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct sigaction own{};
        own.sa_sigaction = on_own_fault;
        own.sa_flags = SA_SIGINFO;
        sigaction(SIGSEGV, &own, &before_own);
    }
    mprotect(own_page, kOwnBytes, PROT_NONE);
    auto* const byte = static_cast<volatile std::uint8_t*>(own_page);
    *byte = static_cast<std::uint8_t>(*byte + 1);
    vram[kOwnFaults] = *byte;
}
#else
void use_own_page() {}
void let_go_of_own_page() {}
#endif

}  // namespace

SMALL_CORE_EXPORT unsigned retro_api_version() {
    return abi::kApiVersion;
}
SMALL_CORE_EXPORT void retro_get_system_info(abi::SystemInfo* info) {
    *info = {"Small core", "1", "sfc", false, false};
}
SMALL_CORE_EXPORT void retro_get_system_av_info(abi::AvInfo* info) {
    *info = {{kWidth, kHeight, kWidth, kHeight, 4.0F / 3}, {60, 32000}};
}
SMALL_CORE_EXPORT void retro_set_environment(abi::Environment /*call*/) {}
SMALL_CORE_EXPORT void retro_set_video_refresh(abi::VideoRefresh call) {
    show = call;
}
SMALL_CORE_EXPORT void retro_set_audio_sample(abi::AudioSample /*call*/) {}
SMALL_CORE_EXPORT void retro_set_audio_sample_batch(abi::AudioBatch /*call*/) {}
SMALL_CORE_EXPORT void retro_set_input_poll(abi::InputPoll /*call*/) {}
SMALL_CORE_EXPORT void retro_set_input_state(abi::InputState /*call*/) {}
SMALL_CORE_EXPORT void retro_set_controller_port_device(unsigned /*port*/, unsigned /*device*/) {}
SMALL_CORE_EXPORT void retro_init() {}
SMALL_CORE_EXPORT void retro_deinit() {
    let_go_of_own_page();
}
SMALL_CORE_EXPORT void retro_reset() {
    frame = 0;
}
SMALL_CORE_EXPORT void retro_run() {
    ++frame;
    vram[0] = wram[0] = frame;
    vram[1] = rom[0x1234];
    if (wram[kOwnFaults] != 0) use_own_page();
    read_list(kReads);
    picture.fill(frame);
    show(picture.data(), kWidth, kHeight, kWidth * sizeof picture[0]);
    read_list(kLateReads);
}
SMALL_CORE_EXPORT std::size_t retro_serialize_size() {
    return 2;
}
SMALL_CORE_EXPORT bool retro_serialize(void* data, std::size_t /*size*/) {
    auto* const state = static_cast<std::uint8_t*>(data);
    state[0] = frame, state[1] = 0;
    if (rom.size() > kReadForStates) vram[kLateReads - 1] = read(kReadForStates);
    return true;
}
SMALL_CORE_EXPORT bool retro_unserialize(const void* data, std::size_t /*size*/) {
    const auto* const state = static_cast<const std::uint8_t*>(data);
    frame = state[0];
    return state[1] == 0;
}
SMALL_CORE_EXPORT void retro_cheat_reset() {}
SMALL_CORE_EXPORT void retro_cheat_set(unsigned /*index*/, bool /*enabled*/, const char* /*code*/) {}
SMALL_CORE_EXPORT bool retro_load_game(const abi::GameInfo* game) {
    const auto* const bytes = static_cast<const std::uint8_t*>(game->data);
    rom.assign(bytes, bytes + game->size);
    return rom.size() > 0x1234;
}
SMALL_CORE_EXPORT bool retro_load_game_special(unsigned /*type*/, const abi::GameInfo* games, std::size_t count) {
    return count == 2 && retro_load_game(&games[1]);  // a game for the Game Boy, and the cartridge that it is put into
}
SMALL_CORE_EXPORT void retro_unload_game() {}
SMALL_CORE_EXPORT unsigned retro_get_region() {
    return 0;
}
SMALL_CORE_EXPORT void* retro_get_memory_data(unsigned id) {
    switch (id) {
        case abi::kSaveRam:
            return save.data();
        case abi::kSystemRam:
            return wram.data();
        case abi::kVideoRam:
            return vram.data();
        default:
            return nullptr;
    }
}
SMALL_CORE_EXPORT std::size_t retro_get_memory_size(unsigned id) {
    switch (id) {
        case abi::kSaveRam:
            return save.size();
        case abi::kSystemRam:
            return wram.size();
        case abi::kVideoRam:
            return vram.size();
        default:
            return 0;
    }
}
