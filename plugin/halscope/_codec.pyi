"""Halscope's C++ core; use it through halscope's own modules."""

from collections.abc import Buffer, Callable, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
from halscope_hooks import Block, CodecError
from numpy.typing import NDArray

# core: calls that take a token raise halscope_hooks.CancelledError soon after cancel(); threads=0 uses as many threads
# as are worthwhile
@final
class CancelToken:
    def __init__(self) -> None: ...
    def cancel(self) -> None: ...
    @property
    def cancelled(self) -> bool: ...

# The vector instructions in use (scalar, ssse3, avx2 or neon), the levels this processor supports, a limit for tests
def simd_level() -> str: ...
def simd_levels() -> list[str]: ...
def limit_simd(most: str) -> None: ...

# A native codec. decoder returns a function decode(data, offset=0, *, strict=True) -> Block that raises `error(reason,
# offset)` on a fault; encode returns (stream, "", 0) or (None, reason, offset). native_codecs() returns all of them;
# the constructor raises TypeError
@final
class NativeCodec:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    def decoder(self, error: type[CodecError], doc: str = "") -> Callable[..., Block]: ...
    def encode(
        self, data: Buffer, fast: bool = False, cancel: CancelToken | None = None
    ) -> tuple[bytes | None, str, int]: ...
    def scan(
        self,
        rom: Buffer,
        window: int = 0,
        strict: bool = True,
        threads: int = 0,
        cancel: CancelToken | None = None,
    ) -> NDArray[Any]: ...

def native_codecs() -> tuple[NativeCodec, ...]: ...

# locate: flat functions over arrays, composed by halscope.rom; `numbers` are indices into `codecs`
def locate_command_evidence(
    rom: Buffer, offsets: NDArray[np.uint32], codec: NativeCodec, cancel: CancelToken | None = None, threads: int = 0
) -> NDArray[np.float32]: ...
def locate_stream_evidence(
    rom: Buffer,
    offsets: NDArray[np.uint32],
    codecs: Sequence[NativeCodec],
    numbers: NDArray[np.uint8],
    cancel: CancelToken | None = None,
    threads: int = 0,
) -> NDArray[np.float32]: ...
def locate_decode_all(
    rom: Buffer,
    offsets: NDArray[np.uint32],
    codecs: Sequence[NativeCodec],
    numbers: NDArray[np.uint8],
    cancel: CancelToken | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]: ...
def locate_references(
    rom: Buffer,
    pages: NDArray[np.int64],
    targets: NDArray[np.uint32],
    cancel: CancelToken | None = None,
    threads: int = 0,
) -> NDArray[Any]: ...
def locate_tables(
    rom: Buffer,
    references: NDArray[Any],
    families: NDArray[np.uint32],
    grades: Buffer | None,
    strides: NDArray[np.uint32],
    hit: float,
    miss: float,
    threshold: float,
    cancel: CancelToken | None = None,
    threads: int = 0,
) -> NDArray[Any]: ...
def locate_shapes(
    rom: Buffer,
    pages: NDArray[np.int64],
    offsets: NDArray[np.uint32],
    families: NDArray[np.uint32],
    grades: Buffer,
    longs: NDArray[Any],
    evidence: NDArray[np.float32],
    cancel: CancelToken | None = None,
    threads: int = 0,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def locate_recurrence(
    rom: Buffer,
    offsets: NDArray[np.uint32],
    sizes: NDArray[np.uint32],
    cancel: CancelToken | None = None,
    threads: int = 0,
) -> NDArray[np.uint32]: ...
def locate_numbered(values: NDArray[np.uint32]) -> NDArray[np.uint32]: ...
def locate_build(
    outputs: Buffer, bounds: NDArray[np.uint32], rom: Buffer, cancel: CancelToken | None = None, threads: int = 0
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]: ...
def locate_lookup(
    outputs: Buffer,
    bounds: NDArray[np.uint32],
    rom: Buffer,
    buckets: NDArray[np.uint32],
    positions: NDArray[np.uint32],
    tiles: Buffer,
    limit: int,
) -> NDArray[Any]: ...
def locate_grams(memory: Buffer, grams: NDArray[np.uint32]) -> NDArray[np.uint32]: ...
def locate_informative(tiles: Buffer) -> NDArray[np.bool_]: ...
def locate_support(
    outputs: Buffer, bounds: NDArray[np.uint32], rom: Buffer, places: NDArray[Any], tiles: Buffer
) -> NDArray[np.uint32]: ...

@final
class LocateAtlas:
    def __init__(
        self,
        outputs: Buffer,
        bounds: NDArray[np.uint32],
        rom: Buffer,
        buckets: NDArray[np.uint32],
        positions: NDArray[np.uint32],
        family: NDArray[np.uint32],
        size: NDArray[np.uint32],
        offset: NDArray[np.uint32],
        evidence: NDArray[np.float32],
        kind: Buffer,
        plausible: Buffer,
        packed: Buffer,
        expected: Buffer,
        parts: Buffer,
        known: Buffer,
        transforms: NDArray[np.uint32],
        most_places: int,
        most_twins: int,
    ) -> None: ...

@final
class LocateFollower:
    def __init__(self, atlas: LocateAtlas, neighbours: bool = True) -> None: ...
    def update(
        self, tiles: Buffer, changed: NDArray[np.uint32] | None = None
    ) -> tuple[NDArray[np.uint32], NDArray[Any], NDArray[np.bool_]] | None: ...

def locate_checksum(data: Buffer, seed: int) -> int: ...

# snes: tiles, sprites and layers
def snes_decode_tiles(data: Buffer, bpp: int) -> NDArray[np.uint8]: ...
def snes_encode_tiles(pixels: Buffer, bpp: int) -> NDArray[np.uint8]: ...
def snes_parse_oam(oam: Buffer) -> NDArray[np.int16]: ...
def snes_sprites[T](
    kind: type[T],
    vram: Buffer,
    oam: Buffer,
    obsel: int,
    before: tuple[tuple[T, ...], Buffer, NDArray[np.int64]] | None = None,
) -> tuple[tuple[T, ...], NDArray[np.int64]]: ...
def snes_changed(before: Buffer, after: Buffer, unit: int) -> NDArray[np.int64]: ...
def snes_page_difference(before: Buffer, after: Buffer, page: int) -> bytes: ...
def snes_apply_difference(state: NDArray[np.uint8], difference: Buffer, page: int) -> NDArray[np.int64]: ...
def snes_walk_hdma(
    channels: Buffer,
    enabled: int,
    wram: Buffer,
    bwram: Buffer,
    iram: Buffer,
    rom: Buffer,
    pages: NDArray[np.int64],
    lines: int,
    cgadd_is_known: bool,
) -> tuple[bytes, bool]: ...
def snes_register_names() -> tuple[str, ...]: ...
def snes_layer_depths() -> tuple[tuple[int, ...], ...]: ...
def snes_compose(
    vram: Buffer,
    cgram: NDArray[np.uint16],
    oam: Buffer,
    registers: Sequence[int | None],
    raster: Buffer | None = None,
    field: int | None = None,
    style: int = 0,
) -> tuple[
    NDArray[np.uint16],
    NDArray[np.uint8],
    NDArray[np.int16],
    NDArray[np.uint8],
    NDArray[np.uint8],
    NDArray[np.uint8],
    tuple[str, ...],
    tuple[str, ...],
    bool,
    bool,
    bool,
]: ...
def snes_cgram_at(cgram: NDArray[np.uint16], cgadd: int | None, raster: Buffer, row: int) -> NDArray[np.uint16]: ...
def snes_row_changes(
    cgram: NDArray[np.uint16], registers: Sequence[int | None], raster: Buffer, lines: int
) -> bytes: ...
def snes_compare(
    composed: NDArray[np.uint8], shown: NDArray[np.uint8], half_pixel_left: bool, field: int | None
) -> tuple[int, NDArray[np.uint8]]: ...
def snes_drawn_picture(raw: NDArray[np.uint8], width: int, layout: int) -> NDArray[np.uint8]: ...
def snes_layer(
    vram: Buffer,
    cgram: NDArray[np.uint16],
    oam: Buffer,
    index: int,
    registers: Sequence[int | None],
    raster: Buffer | None = None,
) -> tuple[int, NDArray[np.uint8], NDArray[np.bool_], NDArray[np.uint8], NDArray[np.bool_], tuple[str, ...]]: ...

# guest: gives the library with this dlopen handle a clock that stands still and, if asked to, has it print into a
# buffer; returns the names of the imports that were replaced (none outside of Linux with glibc). load_library returns
# what `load` returns; constructors of a library that `load` loads print into the buffer, and so does for good a C++
# library that is part of it. take_library_output returns what was printed into the buffer since the last call.
def load_library[T](load: Callable[[], T]) -> T: ...
def hold_library(handle: int, keep_output: bool) -> list[str]: ...
def take_library_output() -> bytes: ...

# What a libretro core calls: the properties are addresses of functions for it, `pass_on_to` and `run` take addresses.
# They work between `enter` and `leave` on the same thread, and in `run`, which returns whether an environment call was
# passed on. `picture` is a view that the next picture of its size is written into, `None` before the first.
@final
class CoreCallbacks:
    def __init__(self) -> None: ...
    @property
    def environment(self) -> int: ...
    @property
    def video_refresh(self) -> int: ...
    @property
    def input_state(self) -> int: ...
    @property
    def input_poll(self) -> int: ...
    @property
    def audio_batch(self) -> int: ...
    def pass_on_to(self, environment: int) -> None: ...
    def enter(self) -> None: ...
    def leave(self) -> None: ...
    def run(self, retro_run: int) -> bool: ...
    def hold(self, port: int, buttons: int) -> None: ...
    def picture(self) -> NDArray[np.uint8] | None: ...
    def drop_picture(self) -> None: ...

# Bytes of this process's memory at places (address, bytes), one behind the other. The memory must stay mapped.
@final
class MemoryBytes:
    def __init__(self, places: Sequence[tuple[int, int]]) -> None: ...
    def read(self) -> bytes: ...

# Where bsnes-mercury keeps its registers: `prove` compares it with a state that was saved at the same moment, `refresh`
# brings an earlier state of the game up to date, or returns False. `variables` are the core's (address, bytes).
@final
class RegisterPlaces:
    def __init__(self, core: str, version: str, variables: Sequence[tuple[int, int]]) -> None: ...
    @property
    def proven(self) -> bool: ...
    def prove(self, state: Buffer, vram_at: int, vram: Buffer, wram: Buffer) -> None: ...
    def refresh(self, state: bytearray, vram: Buffer, wram: Buffer) -> bool: ...

# The shared-memory ring between an emulator and Halscope (docs/reference/ring.md). RuntimeError: the file is missing,
# not the user's own or not a ring, or was closed. One thread at a time calls an object.
def ring_folder() -> Path: ...
def live_rings(folder: Path | str) -> list[Path]: ...

@final
class RingReader:
    def __init__(self, path: Path | str) -> None: ...
    @property
    def pid(self) -> int: ...
    @property
    def nonce(self) -> int: ...
    @property
    def published(self) -> int: ...
    @property
    def runs(self) -> int: ...
    @property
    def slots(self) -> int: ...
    @property
    def context(self) -> int: ...
    @property
    def reader(self) -> int: ...
    @property
    def most_payload(self) -> int: ...
    def owner_is_there(self) -> bool: ...
    def text(self) -> NDArray[np.uint8]: ...
    def rom(self) -> NDArray[np.uint8]: ...
    def claim(self, reader: int, force: bool = False) -> int: ...
    def beat(self, reader: int, wants: int) -> bool: ...
    def release(self, reader: int) -> None: ...
    def want_pieces(self, pieces: Sequence[tuple[int, int]]) -> None: ...
    def wait(self, after: int, seconds: float) -> int: ...
    def read(self, number: int) -> dict[str, Any] | None: ...
    def send(self, kind: int, payload: Buffer) -> int: ...
    def outcome(self, command: int) -> int: ...
    def close(self) -> None: ...

@final
class RingWriter:
    def __init__(
        self,
        path: Path | str,
        capacities: dict[str, int],
        *,
        slots: int = 8,
        command_bytes: int = 1048576,
        text: Buffer = b"",
        rom: Buffer = b"",
    ) -> None: ...
    @property
    def wants(self) -> int: ...
    @property
    def reader_is_there(self) -> bool: ...
    def set_context(self, bits: int) -> None: ...
    def publish(
        self,
        parts: dict[str, Any],
        *,
        ages: dict[str, int] = {},
        picture: Sequence[int] = (0, 0, 0, 0),
        pads: Sequence[int] = (0, 0, 0, 0),
    ) -> int: ...
    def take_command(self) -> tuple[int, int, bytes] | None: ...
    def finish_command(self, command: int, outcome: int) -> None: ...
    def close(self) -> None: ...

# First touches of the pages of a memory in this process (cpp/trace). RuntimeError: the system does not let faults be
# caught, or the watch was closed. ValueError: too many memories are watched. One thread at a time calls an object.
@final
class PageWatch:
    def __init__(
        self,
        address: int,
        size: int,
        *,
        open_pages: int = 1,
        touches_of_page: int = 6,
        touches_of_frame: int = 48,
        hot_after: int = 24,
        first_rest: int = 32,
        longest_rest: int = 512,
        loading: int = 4,
    ) -> None: ...
    @property
    def pages(self) -> int: ...
    @property
    def first_page(self) -> int: ...  # offset of the first page that lies in the memory as a whole
    @property
    def page_bytes(self) -> int: ...
    # touches of the last frame, those of them that were not noted, hot pages that were not watched
    @property
    def counts(self) -> tuple[int, int, int]: ...
    def watch(self, ranges: Sequence[tuple[int, int]]) -> None: ...
    def begin_frame(self) -> None: ...
    def end_frame(self) -> NDArray[np.uint32]: ...  # the offsets that were touched, oldest first
    def close(self) -> None: ...
