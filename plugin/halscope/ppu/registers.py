"""Access to the PPU registers, of which a host may know only some."""

from __future__ import annotations

from halscope_hooks import PpuRegisters, UsageError


def require(ppu: PpuRegisters, *names: str) -> tuple[int, ...]:
    """Return the registers' values.

    Raises:
        UsageError: The host does not know all of them. The message names the unknown ones.
    """
    values = tuple(getattr(ppu, name) for name in names)
    if None in values:
        unknown = [name.upper() for name, value in zip(names, values, strict=True) if value is None]
        raise UsageError(
            f"PPU registers {', '.join(unknown)} are not known here: use a host or a savestate that has them"
        )
    return values


def known(value: int | None) -> int:
    """Return the value, or 0 if unknown. Use only where the caller reports it, or where 0 makes no difference."""
    return 0 if value is None else value


def screen_lines(ppu: PpuRegisters) -> int:
    """Return the picture's height: 239 with overscan (SETINI, $2133, bit 2), otherwise or if unknown 224."""
    return 239 if known(ppu.setini) & 0x04 else 224
