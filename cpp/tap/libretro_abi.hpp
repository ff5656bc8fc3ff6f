// The part of the libretro API that a forwarding core uses, declared anew so that the tap builds without a frontend's
// sources. Numbers and layouts are those of the public API: libretro.h of RetroArch 1.14, API version 1.
#pragma once
#include <cstddef>
#include <cstdint>

extern "C" {

namespace halscope::tap::abi {

using Environment = bool (*)(unsigned command, void* data);
using VideoRefresh = void (*)(const void* data, unsigned width, unsigned height, std::size_t pitch);
using AudioSample = void (*)(std::int16_t left, std::int16_t right);
using AudioBatch = std::size_t (*)(const std::int16_t* data, std::size_t frames);
using InputPoll = void (*)();
using InputState = std::int16_t (*)(unsigned port, unsigned device, unsigned index, unsigned id);

inline constexpr unsigned kApiVersion = 1;
inline constexpr unsigned kExperimental = 0x10000;

// RETRO_ENVIRONMENT_*
inline constexpr unsigned kSetMessage = 6;
inline constexpr unsigned kSetPixelFormat = 10;
inline constexpr unsigned kGetVariable = 15;
inline constexpr unsigned kSetVariables = 16;
inline constexpr unsigned kGetLibretroPath = 19;
inline constexpr unsigned kGetLogInterface = 27;
inline constexpr unsigned kSetMemoryMaps = 36 | kExperimental;
inline constexpr unsigned kGetSoftwareFramebuffer = 40 | kExperimental;
inline constexpr unsigned kGetAudioVideoEnable = 47 | kExperimental;
inline constexpr unsigned kSetCoreOptions = 53;
inline constexpr unsigned kSetCoreOptionsIntl = 54;
inline constexpr unsigned kGetMessageInterfaceVersion = 59;
inline constexpr unsigned kSetMessageExt = 60;
inline constexpr unsigned kSetCoreOptionsV2 = 67;
inline constexpr unsigned kSetCoreOptionsV2Intl = 68;
inline constexpr unsigned kGetSavestateContext = 72 | kExperimental;

// RETRO_MEMORY_*; 4 is what the libretro/snes9x of 2026 answers for the ROM.
inline constexpr unsigned kSaveRam = 0, kSystemRam = 2, kVideoRam = 3, kRom = 4;

// GET_AUDIO_VIDEO_ENABLE
inline constexpr int kVideoEnabled = 1, kAudioEnabled = 2;

// enum retro_savestate_context
inline constexpr int kContextRunAheadSameInstance = 1, kContextRunAheadSameBinary = 2, kContextNetplay = 3;

// enum retro_pixel_format
inline constexpr unsigned kRgb1555 = 0, kXrgb8888 = 1, kRgb565 = 2;

inline constexpr unsigned kAccessRead = 2;              // RETRO_MEMORY_ACCESS_READ
inline constexpr unsigned kDeviceJoypad = 1;            // RETRO_DEVICE_JOYPAD
inline constexpr unsigned kJoypadMask = 256;            // RETRO_DEVICE_ID_JOYPAD_MASK
inline constexpr std::uint64_t kDescriptorIsConst = 1;  // RETRO_MEMDESC_CONST

struct SystemInfo {
    const char *library_name, *library_version, *valid_extensions;
    bool need_fullpath, block_extract;
};

struct Geometry {
    unsigned base_width, base_height, max_width, max_height;
    float aspect_ratio;
};

struct Timing {
    double fps, sample_rate;
};

struct AvInfo {
    Geometry geometry;
    Timing timing;
};

struct GameInfo {
    const char* path;
    const void* data;
    std::size_t size;
    const char* meta;
};

struct Variable {
    const char *key, *value;
};

struct OptionValue {
    const char *value, *label;
};

inline constexpr std::size_t kMostOptionValues = 128;

struct OptionV1 {
    const char *key, *desc, *info;
    OptionValue values[kMostOptionValues];
    const char* default_value;
};

struct OptionsV1Intl {
    OptionV1 *us, *local;
};

struct OptionV2 {
    const char *key, *desc, *desc_categorized, *info, *info_categorized, *category_key;
    OptionValue values[kMostOptionValues];
    const char* default_value;
};

struct OptionsV2 {
    void* categories;
    OptionV2* definitions;
};

struct OptionsV2Intl {
    OptionsV2 *us, *local;
};

struct Message {
    const char* text;
    unsigned frames;
};

struct MessageExt {
    const char* text;
    unsigned milliseconds, priority;
    int level, target, type;
    std::int8_t progress;
};

struct MemoryDescriptor {
    std::uint64_t flags;
    void* pointer;
    std::size_t offset, start, select, disconnect, length;
    const char* address_space;
};

struct MemoryMap {
    const MemoryDescriptor* descriptors;
    unsigned count;
};

struct Framebuffer {
    void* data;
    unsigned width, height;
    std::size_t pitch;
    int format;
    unsigned access_flags, memory_flags;
};

struct LogInterface {
    void (*log)(int level, const char* format, ...);
};

}  // namespace halscope::tap::abi
}
