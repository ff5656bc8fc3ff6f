"""A stand-in for the snes9x cores of today, which no package registry has: the installed core inside a small one.

What differs for Halscope is changed: it has no memory maps and hands out no ROM, it prints to standard output, and its
states have version 14 and that version's longer blocks. The machine inside is the real one.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from halscope.hosts.libretro import available_cores

SOURCE = r"""
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct info { const char *name, *version, *extensions; bool full_path, block_extract; };
enum { MEMORY_MAPS = 36 | 0x10000, ROM = 4, HEAD = 14, MORE = 64 };
typedef bool environment(unsigned, void *);
static environment *ask;
static void *inner, *old;

__attribute__((constructor)) static void open_inner(void) { inner = dlopen(INNER, RTLD_NOW | RTLD_LOCAL); }

/* The same function of the core inside. */
#define CALL(result, name, parameters, ...) ((result (*) parameters)dlsym(inner, #name))(__VA_ARGS__)
#define FORWARD(result, name, parameters, ...) \
    result name parameters { return CALL(result, name, parameters, __VA_ARGS__); }
#define SET(name) void retro_set_##name(void *call) { CALL(void, retro_set_##name, (void *), call); }
FORWARD(unsigned, retro_api_version, (void))
FORWARD(void, retro_get_system_av_info, (void *to), to)
FORWARD(bool, retro_load_game_special, (unsigned type, const void *games, size_t count), type, games, count)
FORWARD(unsigned, retro_get_region, (void))
FORWARD(void, retro_set_controller_port_device, (unsigned port, unsigned device), port, device)
FORWARD(void, retro_init, (void))
FORWARD(void, retro_deinit, (void))
FORWARD(void, retro_reset, (void))
FORWARD(void, retro_run, (void))
FORWARD(void, retro_unload_game, (void))
FORWARD(void, retro_cheat_reset, (void))
FORWARD(void, retro_cheat_set, (unsigned index, bool on, const char *code), index, on, code)
SET(video_refresh) SET(audio_sample) SET(audio_sample_batch) SET(input_poll) SET(input_state)

void retro_get_system_info(struct info *to) {
    CALL(void, retro_get_system_info, (struct info *), to);
    to->version = "1.63 stand-in"; }
static bool without_maps(unsigned command, void *data) { return command != MEMORY_MAPS && ask(command, data); }
void retro_set_environment(environment *call) {
    ask = call; CALL(void, retro_set_environment, (environment *), without_maps); }
bool retro_load_game(const void *game) {
    puts("Map_LoROMMap");
    return CALL(bool, retro_load_game, (const void *), game); }
size_t retro_get_memory_size(unsigned id) {
    return id == ROM ? 0 : CALL(size_t, retro_get_memory_size, (unsigned), id); }
void *retro_get_memory_data(unsigned id) {
    return id == ROM ? NULL : CALL(void *, retro_get_memory_data, (unsigned), id); }

/* The state of version 9 as one of version 14, or back. From version 11 on PPU has a byte more before the CGRAM
   and two at its end, and TIM has four more at its end. */
static void convert(char *to, const char *from, size_t size, bool newer) {
    const char *end = from + size;
    memcpy(to, newer ? "#!s9xsnp:0014\n" : "#!s9xsnp:0009\n", HEAD);
    for (to += HEAD, from += HEAD; end - from >= 11 && from[3] == ':';) {
        const bool ppu = !memcmp(from, "PPU", 3), tim = !memcmp(from, "TIM", 3);
        const size_t extra[2] = {ppu, ppu ? 2 : tim ? 4 : 0};
        size_t length;
        sscanf(from + 4, "%6zu", &length);
        if (!newer) length -= extra[0] + extra[1];
        const size_t parts[2] = {ppu ? 0x3F : 0, length - (ppu ? 0x3F : 0)};
        to += sprintf(to, "%.3s:%06zu:", from, newer ? length + extra[0] + extra[1] : length);
        from += 11;
        for (int n = 0; n < 2; n++) {
            memcpy(to, from, parts[n]);
            to += parts[n], from += parts[n];
            if (newer) memset(to, 0, extra[n]), to += extra[n];
            else from += extra[n];
        }
    }
    memcpy(to, from, end - from);
}
static size_t old_size(void) {
    const size_t size = CALL(size_t, retro_serialize_size, (void));
    old = realloc(old, size + MORE);
    return size; }
size_t retro_serialize_size(void) { return old_size() + 1 + 2 + 4; }
bool retro_serialize(void *to, size_t size) {
    const size_t inside = old_size();
    if (size < inside + 7 || !CALL(bool, retro_serialize, (void *, size_t), old, inside)) return false;
    convert(to, old, inside, true);
    return true; }
bool retro_unserialize(const void *from, size_t size) {
    const size_t inside = old_size();
    if (size != inside + 7 || memcmp(from, "#!s9xsnp:0014\n", HEAD)) return false;
    convert(old, from, size, false);
    return CALL(bool, retro_unserialize, (const void *, size_t), old, inside); }
"""


def build(folder: Path) -> Path:
    """Compile it around the installed snes9x; skip the test where there is none, or no compiler."""
    inner = next((core.path for core in available_cores() if core.name == "snes9x"), None)
    compiler = shutil.which("cc")
    if inner is None or compiler is None:
        pytest.skip("no snes9x core is installed, or no C compiler")
    source, core = folder / "newer.c", folder / "newer_snes9x_libretro.so"
    source.write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", f'-DINNER="{inner}"', "-o", core, source, "-ldl"], check=True)
    return core
