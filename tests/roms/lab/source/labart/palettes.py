"""The lab's palettes: RGB with 5 bits per channel, 16 entries each; entry 0 is the backdrop or transparent."""

from __future__ import annotations

from art.palettes import palette

PALETTES = {
    "dusk": palette(
        "201838 382058 582868 803070 A83C68 D05058 E87048 F09848 "
        "F8C060 F8E098 F8F8D8 182850 204068 306080 588CA0 98C8C8"
    ),
    "shore": palette(
        "000000 101028 202840 384058 506070 788890 A8B0A8 183020 "
        "285030 407838 70A048 B8C868 503828 785838 A88858 D8C088"
    ),
    # 3bpp: the lower half is what a tile with plane 3 = 0 shows, the upper half what colour c + 8 shows.
    "crystal": palette(
        "080818 101838 202860 304090 5068B8 80A0D8 B0D8F0 F0F8F8 "
        "400040 600060 800080 A000A0 C000C0 E000E0 F800F8 F880F8"
    ),
    "robot": palette(
        "000000 004000 006000 008000 00A000 00C000 00E000 00F800 "
        "000000 181828 484858 8088A0 C8D0E0 D83830 F8A830 F8F8F8"
    ),
    "beetle_low": palette(
        "000000 101820 185038 289058 68D080 F8D048 F8F0B0 E86078 "
        "400000 400000 600000 800000 A00000 C00000 E00000 F80000"
    ),
}
