"""The text font: 8x8 glyphs typed as 5x7 pixels, made bold, shaded and given a drop shadow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Sixteen glyphs per block, six columns each (the sixth is the gap), ASCII 32 to 127.
_GLYPHS = """
...... ..X... .X.X.. .X.X.. ..X... XX..X. .XX... ..X... ...X.. .X.... ...... ...... ...... ...... ...... ....X.
...... ..X... .X.X.. .X.X.. .XXXX. XX..X. X..X.. ..X... ..X... ..X... ..X... ..X... ...... ...... ...... ...X..
...... ..X... .X.X.. XXXXX. X.X... ...X.. X.X... ...... .X.... ...X.. X.X.X. ..X... ...... ...... ...... ...X..
...... ..X... ...... .X.X.. .XXX.. ..X... .X.... ...... .X.... ...X.. .XXX.. XXXXX. ...... XXXXX. ...... ..X...
...... ..X... ...... XXXXX. ..X.X. .X.... X.X.X. ...... .X.... ...X.. X.X.X. ..X... ..X... ...... ...... .X....
...... ...... ...... .X.X.. XXXX.. X..XX. X..X.. ...... ..X... ..X... ..X... ..X... ..X... ...... ..X... .X....
...... ..X... ...... .X.X.. ..X... X..XX. .XX.X. ...... ...X.. .X.... ...... ...... .X.... ...... ..X... X.....

.XXX.. ..X... .XXX.. XXXXX. ...X.. XXXXX. ..XX.. XXXXX. .XXX.. .XXX.. ...... ...... ....X. ...... .X.... .XXX..
X...X. .XX... X...X. ...X.. ..XX.. X..... .X.... ....X. X...X. X...X. ..X... ..X... ...X.. ...... ..X... X...X.
X..XX. ..X... ....X. ..X... .X.X.. XXXX.. X..... ...X.. X...X. X...X. ..X... ..X... ..X... XXXXX. ...X.. ....X.
X.X.X. ..X... ...X.. ...X.. X..X.. ....X. XXXX.. ...X.. .XXX.. .XXXX. ...... ...... .X.... ...... ....X. ...X..
XX..X. ..X... ..X... ....X. XXXXX. ....X. X...X. ..X... X...X. ....X. ..X... ..X... ..X... XXXXX. ...X.. ..X...
X...X. ..X... .X.... X...X. ...X.. X...X. X...X. ..X... X...X. ...X.. ..X... ..X... ...X.. ...... ..X... ......
.XXX.. .XXX.. XXXXX. .XXX.. ...X.. .XXX.. .XXX.. ..X... .XXX.. .XX... ...... .X.... ....X. ...... .X.... ..X...

.XXX.. .XXX.. XXXX.. .XXX.. XXXX.. XXXXX. XXXXX. .XXX.. X...X. .XXX.. ..XXX. X...X. X..... X...X. X...X. .XXX..
X...X. X...X. X...X. X...X. X...X. X..... X..... X...X. X...X. ..X... ...X.. X..X.. X..... XX.XX. XX..X. X...X.
X.XXX. X...X. X...X. X..... X...X. X..... X..... X..... X...X. ..X... ...X.. X.X... X..... X.X.X. X.X.X. X...X.
X.X.X. X...X. XXXX.. X..... X...X. XXXX.. XXXX.. X.XXX. XXXXX. ..X... ...X.. XX.... X..... X.X.X. X..XX. X...X.
X.XXX. XXXXX. X...X. X..... X...X. X..... X..... X...X. X...X. ..X... ...X.. X.X... X..... X...X. X...X. X...X.
X..... X...X. X...X. X...X. X...X. X..... X..... X...X. X...X. ..X... X..X.. X..X.. X..... X...X. X...X. X...X.
.XXX.. X...X. XXXX.. .XXX.. XXXX.. XXXXX. X..... .XXX.. X...X. .XXX.. .XX... X...X. XXXXX. X...X. X...X. .XXX..

XXXX.. .XXX.. XXXX.. .XXXX. XXXXX. X...X. X...X. X...X. X...X. X...X. XXXXX. .XXX.. X..... .XXX.. ..X... ......
X...X. X...X. X...X. X..... ..X... X...X. X...X. X...X. X...X. X...X. ....X. .X.... .X.... ...X.. .X.X.. ......
X...X. X...X. X...X. X..... ..X... X...X. X...X. X...X. .X.X.. .X.X.. ...X.. .X.... .X.... ...X.. X...X. ......
XXXX.. X...X. XXXX.. .XXX.. ..X... X...X. X...X. X.X.X. ..X... ..X... ..X... .X.... ..X... ...X.. ...... ......
X..... X.X.X. X.X... ....X. ..X... X...X. .X.X.. X.X.X. .X.X.. ..X... .X.... .X.... ...X.. ...X.. ...... ......
X..... X..X.. X..X.. ....X. ..X... X...X. .X.X.. XX.XX. X...X. ..X... X..... .X.... ...X.. ...X.. ...... ......
X..... .XX.X. X...X. XXXX.. ..X... .XXX.. ..X... X...X. X...X. ..X... XXXXX. .XXX.. ....X. .XXX.. ...... XXXXX.

.X.... ...... X..... ...... ....X. ...... ..XX.. ...... X..... ..X... ...X.. X..... .XX... ...... ...... ......
..X... ...... X..... ...... ....X. ...... .X..X. ...... X..... ...... ...... X..... ..X... ...... ...... ......
...... .XXX.. XXXX.. .XXX.. .XXXX. .XXX.. .X.... .XXXX. XXXX.. .XX... ..XX.. X..X.. ..X... XX.X.. XXXX.. .XXX..
...... ....X. X...X. X...X. X...X. X...X. XXXX.. X...X. X...X. ..X... ...X.. X.X... ..X... X.X.X. X...X. X...X.
...... .XXXX. X...X. X..... X...X. XXXXX. .X.... X...X. X...X. ..X... ...X.. XXX... ..X... X.X.X. X...X. X...X.
...... X...X. X...X. X...X. X...X. X..... .X.... .XXXX. X...X. ..X... X..X.. X..X.. ..X... X...X. X...X. X...X.
...... .XXXX. XXXX.. .XXX.. .XXXX. .XXX.. .X.... ...XX. X...X. .XXX.. .XX... X...X. .XXX.. X...X. X...X. .XXX..

...... ...... ...... ...... .X.... ...... ...... ...... ...... ...... ...... ...XX. ..X... XX.... ...... .X.X..
...... ...... ...... ...... .X.... ...... ...... ...... ...... ...... ...... ..X... ..X... ..X... ...... XXXXX.
XXXX.. .XXXX. X.XX.. .XXXX. XXXX.. X...X. X...X. X...X. X...X. X...X. XXXXX. ..X... ..X... ..X... .X..X. XXXXX.
X...X. X...X. XX..X. X..... .X.... X...X. X...X. X.X.X. .X.X.. X...X. ...X.. .X.... ..X... ...X.. X.XX.. XXXXX.
X...X. X...X. X..... .XXX.. .X.... X...X. X...X. X.X.X. ..X... X...X. ..X... ..X... ..X... ..X... ...... .XXX..
XXXX.. .XXXX. X..... ....X. .X..X. X..XX. .X.X.. X.X.X. .X.X.. .XXXX. .X.... ..X... ..X... ..X... ...... ..X...
X..... ....X. X..... XXXX.. ..XX.. .XX.X. ..X... .X.X.. X...X. .XXX.. XXXXX. ...XX. ..X... XX.... ...... ......
"""


def glyphs() -> NDArray[np.uint8]:
    """The sheet, uint8[48, 128]: 3 the lit upper part, 2 the shaded foot, 1 the shadow; DEL is a heart."""
    lines = [line.split() for line in _GLYPHS.strip().splitlines() if line]
    ink = np.zeros((48, 128), dtype=bool)
    level = np.full((8, 1), 3, dtype=np.uint8)
    level[5:] = 2
    sheet = np.zeros((48, 128), dtype=np.uint8)
    for index, row in enumerate(lines):
        for column, cell in enumerate(row):
            top, left = index // 7 * 8 + index % 7, column * 8
            for x, character in enumerate(cell):
                if character == "X":
                    ink[top, left + x : left + x + 2] = True
    # The shadow falls one pixel right and down; a glyph never reaches its cell's last row or column.
    sheet[1:, 1:][ink[:-1, :-1]] = 1
    sheet[:, :][ink] = np.broadcast_to(np.tile(level, (6, 1)), (48, 128))[ink]
    sheet.setflags(write=False)
    return sheet
