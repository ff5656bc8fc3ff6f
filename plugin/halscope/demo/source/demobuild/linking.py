"""Link the assembled engine with placed data: filler between the items, addresses, checksum."""

from collections.abc import Iterable
from pathlib import Path

from demobuild import emit, toolchain
from demobuild.memory_map import LOROM, MemoryMap
from demobuild.placement import Placed, linker_config


def assemble_all(sources: Iterable[Path], folder: Path, *includes: Path) -> list[Path]:
    """Assemble the files in the given order."""
    return [toolchain.assemble(source, folder, *includes) for source in sources]


def link_image(
    objects: list[Path], placed: list[Placed], folder: Path, banks: int, *includes: Path, memory_map: MemoryMap = LOROM
) -> tuple[bytes, dict[str, int]]:
    """Add the filler to the objects and link them. Return the image, its checksum included, and every label."""
    lines = []
    for one in placed:
        if one.filler:
            (folder / f"{one.item.segment}.bin").write_bytes(one.filler)
            lines += emit.incbin(one.item.segment, one.item.segment.lower(), f"{one.item.segment}.bin")
    fillers = folder / "fillers.s"
    fillers.write_text("\n".join(lines) + "\n")
    config = folder / "image.cfg"
    config.write_text(linker_config(placed, banks, memory_map))
    linked, labels = toolchain.link([*objects, toolchain.assemble(fillers, folder, *includes)], config, folder)
    header = memory_map.code_offset + toolchain.LOROM_HEADER
    return toolchain.with_checksum(memory_map.arranged(linked), header), labels
