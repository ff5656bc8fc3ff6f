"""Runs of snapshots to record, recordings of version 1, and damaged recordings with corrected checksums."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from halscope.formats.recording import RecordingWriter
from halscope_hooks import (
    RASTER_DTYPE,
    CpuRegisters,
    DmaChannel,
    PpuRegisters,
    RasterEffects,
    RasterWrites,
    RomIdentity,
    Snapshot,
)

ROM: Final = RomIdentity(path="game.sfc", sha1="a" * 40, sha256="b" * 64)
RASTER_EFFECTS: Final[tuple[RasterEffects, ...]] = ("none", "some", "unknown")
REGISTERS: Final = [field.name for field in fields(PpuRegisters)]

_HEADER = struct.Struct("<8sHHII")
_CHUNK = struct.Struct("<4sB3xIIqI")
_CHUNK_1 = struct.Struct("<4sBBHHHIqI")
_TRAILER = struct.Struct("<8sQII")


def run_of_snapshots(count: int, seed: int = 0, *, wram: bool = True, picture: bool = True) -> list[Snapshot]:
    """A run in which a little of everything changes from frame to frame, and occasionally nothing."""
    rng = np.random.default_rng(seed)
    vram = rng.integers(0, 256, 0x10000, np.uint8)
    memory = np.zeros(0x20000, np.uint8)
    snapshots: list[Snapshot] = []
    cgram, oam = rng.integers(0, 0x8000, 256, np.uint16), rng.integers(0, 256, 544, np.uint8)
    ppu = PpuRegisters()
    for frame in range(count):
        if frame % 5:
            at = int(rng.integers(0, 0xFF00))
            vram[at : at + 70] ^= 0x5A
            memory[rng.integers(0, 0x20000, 20)] += 1
            cgram[frame % 256] ^= 0x1234
            oam[rng.integers(0, 544)] ^= 1
            ppu = PpuRegisters(**{name: int(rng.integers(256)) for name in REGISTERS if rng.random() < 0.7})
        snapshots.append(
            Snapshot(
                vram=vram,
                cgram=cgram,
                oam=oam,
                ppu=ppu,
                frame=1000 + 2 * frame,
                wram=memory if wram else None,
                picture=np.full((224, 256, 3), frame, np.uint8) if picture else None,
                rom=ROM,
                raster_effects=RASTER_EFFECTS[frame % 3],
            )
        )
    return snapshots


def raster_writes(rng: np.random.Generator, rows: int) -> RasterWrites:
    """`count` writes, ascending by line."""
    raster = np.zeros(rows, RASTER_DTYPE)
    raster["line"] = np.sort(rng.integers(0, 312, rows))
    raster["register"] = rng.integers(0, 0x40, rows)
    raster["value"] = rng.integers(0, 256, rows)
    return raster


def cpu_registers(rng: np.random.Generator, *, dma: bool = True) -> CpuRegisters:
    """Registers, some of them not known."""
    limits = {"nmitimen": 0x100, "hdmaen": 0x100, "htime": 0x200, "vtime": 0x200}
    known = {name: int(rng.integers(limit)) for name, limit in limits.items() if rng.random() < 0.7}
    return CpuRegisters(**known, dma=tuple(_channel(rng) for _ in range(8)) if dma else ())


def _channel(rng: np.random.Generator) -> DmaChannel:
    wide = {"a1t", "das", "a2a"}
    names = [field.name for field in fields(DmaChannel)]
    return DmaChannel(**{name: int(rng.integers(0x10000 if name in wide else 0x100)) for name in names})


def assert_same(one: Snapshot, other: Snapshot) -> None:
    """Compare every field that a snapshot has."""
    for field in fields(Snapshot):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, np.ndarray):
            assert isinstance(right, np.ndarray), field.name
            assert left.dtype == right.dtype, field.name
            assert left.shape == right.shape, field.name
            assert np.array_equal(left, right), field.name
            assert not right.flags.writeable, field.name
        else:
            assert left == right, field.name


def record(path: Path, snapshots: Sequence[Snapshot], keyframe_every: int = 7) -> bytes:
    """Write a recording; returns its bytes."""
    with RecordingWriter(path, emulator="test", keyframe_every=keyframe_every) as writer:
        for snapshot in snapshots:
            writer.append(snapshot)
    return path.read_bytes()


def record_version_1(snapshots: Sequence[Snapshot], keyframe_every: int = 7) -> bytes:
    """A recording of version 1 as docs/reference/recording.md describes it, written without Halscope's own code."""
    rom = snapshots[0].rom
    document = {"emulator": "test", "rom": rom and asdict(rom), "registers": REGISTERS}
    text = json.dumps(document).encode()
    out = bytearray(_HEADER.pack(b"HALSREC\0", 1, 0, len(text), zlib.crc32(text)) + text)
    entries, before, shape_before = [], b"", (False, 0, 0)
    for number, snapshot in enumerate(snapshots):
        frame, shape = _frame_of_version_1(snapshot)
        key = number % keyframe_every == 0 or shape != shape_before
        payload = zlib.compress(frame) if key else _difference(before, frame)
        wram, height, width = shape
        head = (b"FRAM", int(not key), wram | (2 if height else 0), height, width, 0, len(payload), snapshot.frame)
        entries.append(len(out) | (key << 63))
        out += _CHUNK_1.pack(*head, zlib.crc32(_CHUNK_1.pack(*head, 0) + payload)) + payload
        before, shape_before = frame, shape
    index = struct.pack(f"<{len(entries)}Q", *entries)
    trailer = (b"HALSEND\0", len(out), len(entries))
    return bytes(out + index + _TRAILER.pack(*trailer, zlib.crc32(index + _TRAILER.pack(*trailer, 0))))


def _frame_of_version_1(snapshot: Snapshot) -> tuple[bytes, tuple[bool, int, int]]:
    values = [getattr(snapshot.ppu, name) for name in REGISTERS]
    frame = snapshot.vram.tobytes() + snapshot.cgram.tobytes() + snapshot.oam.tobytes()
    frame += b"".join((value or 0).to_bytes(2, "little") for value in values)
    frame += bytes(value is not None for value in values)
    frame += bytes([RASTER_EFFECTS.index(snapshot.raster_effects)])
    height, width = (0, 0) if snapshot.picture is None else snapshot.picture.shape[:2]
    frame += b"" if snapshot.wram is None else snapshot.wram.tobytes()
    frame += b"" if snapshot.picture is None else snapshot.picture.tobytes()
    return frame + bytes(-len(frame) % 64), (snapshot.wram is not None, height, width)


def _difference(before: bytes, after: bytes) -> bytes:
    pages = range(0, len(after), 64)
    bits = "".join(str(int(before[at : at + 64] != after[at : at + 64])) for at in pages)
    if "1" not in bits:
        return b""
    bitmap = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))
    changed = b"".join(
        bytes(one ^ other for one, other in zip(before[at : at + 64], after[at : at + 64], strict=True))
        for at, bit in zip(pages, bits, strict=True)
        if bit == "1"
    )
    return zlib.compress(bitmap + changed)


@dataclass
class Parts:
    """A recording of version 2 in parts; `join` reassembles it with correct checksums, whatever was changed."""

    document: dict[str, Any]
    chunks: list[list[Any]]  # kind, frame number, payload, raster

    @classmethod
    def of(cls, data: bytes) -> Parts:
        """Split a complete recording into its parts."""
        length = _HEADER.unpack_from(data)[3]
        at, end = _HEADER.size + length, data.rindex(b"HALSEND")
        chunks = []
        while data[at : at + 4] == b"FRAM" and at < end:
            _, kind, payload, raster, frame, _ = _CHUNK.unpack_from(data, at)
            begin, at = at + _CHUNK.size, at + _CHUNK.size + payload + raster
            chunks.append([kind, frame, data[begin : begin + payload], data[begin + payload : at]])
        return cls(json.loads(data[_HEADER.size : _HEADER.size + length]), chunks)

    def change_frame(self, number: int, change: Callable[[bytearray], object]) -> None:
        """Change the unpacked bytes of a chunk's frame (in a keyframe, including the sizes before it)."""
        kind, _, payload, _ = self.chunks[number]
        table = 4 * len(self.document["sections"]) if kind == 0 else 0
        plain = bytearray(payload[:table] + zlib.decompress(payload[table:]) if payload else b"")
        change(plain)
        self.chunks[number][2] = bytes(plain[:table]) + zlib.compress(plain[table:]) if plain else b""

    def join(self) -> bytes:
        """Reassemble the file."""
        text = json.dumps(self.document).encode()
        head = (b"HALSREC\0", 2, 0, len(text))
        out = bytearray(_HEADER.pack(*head, zlib.crc32(_HEADER.pack(*head, 0) + text)) + text)
        entries = []
        for kind, frame, payload, raster in self.chunks:
            entries.append(len(out) | ((kind == 0) << 63))
            first = (b"FRAM", kind, len(payload), len(raster), frame)
            crc = zlib.crc32(_CHUNK.pack(*first, 0) + payload + raster)
            out += _CHUNK.pack(*first, crc) + payload + raster
        index = struct.pack(f"<{len(entries)}Q", *entries)
        trailer = (b"HALSEND\0", len(out), len(entries))
        return bytes(out + index + _TRAILER.pack(*trailer, zlib.crc32(index + _TRAILER.pack(*trailer, 0))))
