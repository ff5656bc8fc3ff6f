"""What of a game's profile holds for a ROM: a line for its identity, each decoder and each table."""

from __future__ import annotations

from dataclasses import dataclass

from halscope_hooks import (
    NO_TRANSFORM,
    TILE_BYTES,
    Codec,
    CodecError,
    Decoder,
    GameProfile,
    PointerTable,
    Transform,
)

from halscope.app._workspace import Workspace
from halscope.games import code_at, reads_pointer, table_entries
from halscope.rom.image import Rom
from halscope.rom.mapping import snes_text


@dataclass(frozen=True, slots=True)
class Finding:
    """A part of a profile, and whether the ROM confirms it.

    Args:
        part: The part: "game", "decoder 00:B87E", "table 00:B992".
        holds: Whether it holds; `None` if that cannot be told from the ROM alone.
        detail: What was found.
    """

    part: str
    holds: bool | None
    detail: str


def game_report(workspace: Workspace) -> list[Finding]:
    """Check each part of the profile of a ROM's game. Empty if no profile matches."""
    game = workspace.game
    if game is None:
        return []
    profile, rom = game.match.profile, workspace.rom
    how = {"sha256": "by its hash", "title": "by its title", "file": "because its game file was given"}[game.match.by]
    detail = f"{profile.name}, taken {how}"
    holds: bool | None = True
    if profile.mapping not in (None, rom.mapping.value):
        holds, detail = False, f"{detail}; it has the mapping {profile.mapping}, this ROM {rom.mapping.value}"
    elif profile.sha256 and rom.sha256 not in profile.sha256:
        holds, detail = None, f"{detail}; the hash is that of another version or of a changed ROM"
    codecs = {codec.name: codec for codec in workspace.plugins.codecs()}
    return [
        Finding("game", holds, detail),
        *(_decoder(workspace, decoder, codecs) for decoder in profile.decoders),
        *(_table(workspace, table, codecs.get(table.codec)) for table in profile.tables),
        *(_transform(profile, transform) for transform in profile.transforms),
    ]


def _decoder(workspace: Workspace, decoder: Decoder, codecs: dict[str, Codec]) -> Finding:
    read = workspace.rom.read
    part = f"decoder {snes_text(decoder.snes_address)}"
    if decoder.codec not in codecs:
        return Finding(part, False, f"no codec {decoder.codec!r}; known are {', '.join(sorted(codecs))}")
    if not code_at(read, decoder.snes_address):
        return Finding(part, False, f"{decoder.codec}: no routine begins there: another region or version?")
    lines = [f"{decoder.codec}: a routine may begin there"]
    holds: bool | None = True
    if decoder.pointer is not None:
        seen = reads_pointer(read, decoder)
        place = f"{decoder.pointer.address} and {decoder.pointer.bank}"
        if seen is None:
            lines.append(f"its pointer comes in {place}, which only a running game shows")
        else:
            holds = seen or None
            lines.append(f"it {'reads' if seen else 'was not seen reading'} through the pointer in {place}")
    lines.append("its edge rule is unknown" if decoder.edge is None else f"edge rule {decoder.edge}")
    if (wrong := _unknown_transform(workspace.rom, decoder.transform)) is not None:
        holds = False
        lines.append(wrong)
    return Finding(part, holds, "; ".join(lines))


def _table(workspace: Workspace, table: PointerTable, codec: Codec | None) -> Finding:
    rom = workspace.rom
    part = f"table {snes_text(table.low)}"
    if codec is None:
        return Finding(part, False, f"no codec {table.codec!r}")
    entries = table_entries(table, rom.read)
    offsets = [rom.to_offset(entry.target) for entry in entries]
    sizes = [None if offset is None else _sizes(rom, codec, offset) for offset in offsets]
    found = [(offset, size) for offset, size in zip(offsets, sizes, strict=True) if offset is not None and size]
    across = sum(rom.crossed_edge(offset, packed) is not None for offset, (packed, _) in found)
    used = workspace.game is not None and any(
        known.codec == table.codec and len(found) and int(known.entries["low"][0]) in _places(rom, table)
        for known in workspace.game.tables
    )
    detail = f"{len(found)} of {table.count} entries lead to {table.codec} blocks"
    if across:
        rule = rom.edges.get(table.codec) or "unknown"
        detail += f", {across} of them across a bank edge (edge rule {rule})"
    if not used:
        detail += "; it is not used"
    holds = len(found) == table.count or None if used else False
    if (wrong := _unknown_transform(rom, table.transform)) is not None:
        holds, detail = False, f"{detail}; {wrong}"
    elif table.transform is not None and found:
        size = next((one.stored_bytes for one in rom.transforms if one.name == table.transform), TILE_BYTES)
        whole = sum(decoded % size == 0 for _, (_, decoded) in found)
        detail += f"; {whole} of them are whole tiles of {size} bytes ({table.transform})"
    return Finding(part, holds, detail)


def _transform(profile: GameProfile, transform: Transform) -> Finding:
    names = [*(decoder.transform for decoder in profile.decoders), *(table.transform for table in profile.tables)]
    users = names.count(transform.name)
    form = f"{transform.stored_bytes} bytes for a tile of {transform.vram_bytes} in VRAM"
    if (tiles := len(transform.figure) * len(transform.figure[0])) > 1:
        form += f", stored in figures of {tiles}"
    detail = f"{form}; decoders and tables that name it: {users}"
    return Finding(f"transform {transform.name}", True, detail)


def _unknown_transform(rom: Rom, name: str | None) -> str | None:
    """Return what is wrong with the name of a transform, or `None`."""
    known = (NO_TRANSFORM, *(transform.name for transform in rom.transforms))
    return None if name in (None, *known) else f"no transform {name!r}; known are {', '.join(known)}"


def _places(rom: Rom, table: PointerTable) -> set[int | None]:
    """Return the file offsets of the low bytes of a table."""
    return {rom.to_offset(table.low + at) for at in range(0, table.count * table.stride, table.stride)}


def _sizes(rom: Rom, codec: Codec, offset: int) -> tuple[int, int] | None:
    """Return the packed and the decoded size of a block, or `None` if no block begins there."""
    try:
        block = rom.decode(codec, offset)
    except CodecError:
        return None
    return (block.consumed, int(block.data.size)) if block.data.size else None
