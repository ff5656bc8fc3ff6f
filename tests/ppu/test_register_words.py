"""The PPU's registers in words: every one is known, at its address, with what its bits mean."""

from __future__ import annotations

from dataclasses import fields

from halscope.ppu import describe_registers
from halscope_hooks import PpuRegisters


def test_every_register_has_a_name_an_address_and_words() -> None:
    everything = {one.name: (1 << 8) - 1 for one in fields(PpuRegisters)}
    found = describe_registers(PpuRegisters(**everything))
    assert {one["field"] for one in found} == set(everything)
    addresses = [one["address"] for one in found if not one["field"].startswith("m7")]
    assert addresses == sorted(set(addresses))
    assert all(0x2100 <= one["address"] <= 0x2133 and one["fields"] and one["title"] for one in found)


def test_an_unknown_register_is_said_to_be_unknown() -> None:
    (one,) = describe_registers(PpuRegisters(obsel=0x63), ["tm"])
    assert (one["name"], one["value"], one["fields"]) == ("TM", None, [])


def words(**registers: int) -> dict[str, str]:
    (found,) = describe_registers(PpuRegisters(**registers), registers)
    return dict(found["fields"])


def test_bits_mean_what_the_hardware_does() -> None:
    assert words(obsel=0x6B) == {
        "sizes": "16×16 and 32×32",
        "first table": "VRAM word $6000 (byte $c000)",
        "second table (tiles $100 on)": "VRAM word $0000 (byte $0000)",  # 0x6000 + 0x2000 wraps
    }
    assert words(bgmode=0x19)["mode"].startswith("1: BG1 and BG2 4 bpp, BG3 2 bpp")
    assert words(bgmode=0x19)["BG1 tiles"] == "16×16"
    assert words(bg2sc=0x5D) == {"map": "VRAM word $5c00 (byte $b800)", "size": "64×32 tiles"}
    assert words(bg12nba=0x42)["BG2"] == "VRAM word $4000 (byte $8000)"
    assert words(w12sel=0x3A) == {"BG1": "inside window 1 and inside window 2", "BG2": "outside window 1"}
    assert words(cgwsel=0x52) == {
        "main screen black": "outside the colour window",
        "colour math prevented": "outside the colour window",
        "operand": "sub screen",
        "direct colour (8 bpp)": "off",
    }
    assert words(cgadsub=0xA1) == {"operation": "subtract", "halved": "off", "layers": "BG1, backdrop"}
    assert words(m7a=0xFF80) == {"factor": "-0.5"}
    assert words(inidisp=0x8F)["forced blank"].startswith("on")
