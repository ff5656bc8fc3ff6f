"""A libretro core of a page of C, built by the test that needs it: it crashes, hangs, prints or refuses as told."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support import snes9x_state

SOURCE = r"""
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct info { const char *name, *version, *extensions; bool full_path, block_extract; };
struct geometry { unsigned width, height, max_width, max_height; float aspect; double fps, rate; };
__asm__(".data\nstate: .incbin \"" STATE "\"\nstate_end: .previous\n");
extern char state[], state_end[];
struct game { const char *path; const void *data; size_t size; const char *meta; };
static char memory[0x20000], vram[0x10000], rom[0x100000];
static int frame;
unsigned retro_api_version(void) { return API; }
void retro_get_system_info(struct info *i) {
    i->name = NAME; i->version = "1"; i->extensions = "sfc|smc"; i->full_path = i->block_extract = false; }
void retro_get_system_av_info(struct geometry *g) {
    g->width = g->max_width = 256; g->height = g->max_height = 224; g->aspect = 1; g->fps = 60; g->rate = 32000; }
bool retro_load_game(const struct game *game) {
    memcpy(rom, game->data, game->size); ON_LOAD; return TAKES_ROM; }
bool retro_load_game_special(unsigned t, const void *g, size_t n) { (void)t; (void)g; (void)n; return false; }
size_t retro_get_memory_size(unsigned id) {
    return id == 2 ? sizeof memory : id == 3 ? VRAM_BYTES : id == 4 ? ROM_BYTES : 0; }
void *retro_get_memory_data(unsigned id) {
    return !retro_get_memory_size(id) ? NULL : id == 2 ? memory : id == 3 ? vram : rom; }
size_t retro_serialize_size(void) { return state_end - state; }
bool retro_serialize(void *d, size_t n) { memcpy(d, state, n); return true; }
bool retro_unserialize(const void *d, size_t n) { (void)d; (void)n; return true; }
unsigned retro_get_region(void) { return 0; }
void retro_set_environment(void *f) { (void)f; }
void retro_set_video_refresh(void *f) { (void)f; }
void retro_set_audio_sample(void *f) { (void)f; }
void retro_set_audio_sample_batch(void *f) { (void)f; }
void retro_set_input_poll(void *f) { (void)f; }
void retro_set_input_state(void *f) { (void)f; }
void retro_set_controller_port_device(unsigned p, unsigned d) { (void)p; (void)d; }
void retro_init(void) {}
void retro_deinit(void) { ON_CLOSE; }
void retro_reset(void) {}
void retro_run(void) { frame++; ON_RUN; }
void retro_unload_game(void) {}
void retro_cheat_reset(void) {}
void retro_cheat_set(unsigned i, bool e, const char *c) { (void)i; (void)e; (void)c; }
"""


def build(folder: Path, name: str = "Snes9x", **defined: object) -> Path:
    """Compile a core; skip the test where there is no compiler.

    Args:
        folder: Where to put it.
        name: The core's library name; Snes9x is one whose state Halscope reads.
        defined: C code for ON_LOAD, ON_RUN (`frame` counts from 1) and ON_CLOSE; API, TAKES_ROM, VRAM_BYTES, and
            ROM_BYTES, the size of the memory that it hands out as ROM (0: none, so that a host may search for it).
    """
    core = folder / "small_libretro.so"
    _compile("cc", *_source(folder, name, defined), "-shared", "-o", core)
    return core


def build_with_cpp(folder: Path, code: str, *options: str, **defined: object) -> Path:
    """Compile a core with functions in C++ that the C code calls; `options` are for the compiler of both."""
    core, part, rest = folder / "small_libretro.so", folder / "small.o", folder / "part.cpp"
    rest.write_text(code)
    _compile("cc", *_source(folder, "Snes9x", defined), "-c", "-o", part)
    _compile("c++", *options, "-shared", "-o", core, part, rest)
    return core


def _source(folder: Path, name: str, defined: dict[str, object]) -> list[object]:
    """Write the C code and the state that it hands out; return it and the definitions for the compiler."""
    state, source = folder / "state.bin", folder / "small.c"
    state.write_bytes(snes9x_state.build_state(bytes(0x10000), bytes(512), bytes(544), wram=bytes(0x20000)))
    source.write_text(SOURCE)
    values: dict[str, object] = {"API": 1, "TAKES_ROM": "true", "VRAM_BYTES": 0x10000, "ROM_BYTES": 0x100000}
    values |= {"ON_LOAD": "", "ON_RUN": "", "ON_CLOSE": "", "NAME": f'"{name}"', "STATE": f'"{state}"'} | defined
    return [*(f"-D{key}={value}" for key, value in values.items()), source]


def _compile(language: str, *arguments: object) -> None:
    compiler = shutil.which(language)
    if compiler is None:
        pytest.skip(f"no {language} to build a small core with")
    subprocess.run([compiler, "-fPIC", *map(str, arguments)], check=True)
