; Tiles of fewer bits become 2bpp and 4bpp tiles, as games do it on the way to VRAM.
;
; From DECODE_BANK, offset X, to EXPAND_BUFFER; Y = number of tiles. Both are 16 bits wide, A too.
.include "memory.inc"

SOURCE = DECODE_BANK << 16
TILE_ROWS = 8

.segment "CODE"
.a16
.i16

; Enter with Y tiles to do: saves the data bank, selects the target's, Y = 0.
.macro begin_expansion
        sty scratch
        phb
        pea EXPAND_BANK << 8 | EXPAND_BANK
        plb
        plb
        ldy #$0000
.endmacro

; Copies a tile's planes 0 and 1, two bytes a row.
.macro copy_planes_0_1
        lda #TILE_ROWS
        sta scratch + 2
:       lda f:SOURCE,x
        sta EXPAND_BUFFER,y
        inx
        inx
        iny
        iny
        dec scratch + 2
        bne :-
.endmacro

; Writes two planes of zeros.
.macro empty_planes
        lda #TILE_ROWS
        sta scratch + 2
        lda #$0000
:       sta EXPAND_BUFFER,y
        iny
        iny
        dec scratch + 2
        bne :-
.endmacro

; Reads a tile's single plane, a byte a row, and writes it with a plane of zeros.
.macro copy_plane_0
        lda #TILE_ROWS
        sta scratch + 2
:       lda f:SOURCE,x
        and #$00FF
        sta EXPAND_BUFFER,y
        inx
        iny
        iny
        dec scratch + 2
        bne :-
.endmacro

; Reads a tile's single plane and writes it twice.
.macro double_plane
        lda #TILE_ROWS
        sta scratch + 2
:       lda f:SOURCE,x
        and #$00FF
        sta scratch + 4
        xba
        ora scratch + 4
        sta EXPAND_BUFFER,y
        inx
        iny
        iny
        dec scratch + 2
        bne :-
.endmacro

; 3bpp, plane 3 = 0: colours 0 to 7.
expand_3bpp_low:
        begin_expansion
@tile:  copy_planes_0_1
        lda #TILE_ROWS
        sta scratch + 2
:       lda f:SOURCE,x
        and #$00FF                      ; plane 2, then plane 3
        sta EXPAND_BUFFER,y
        inx
        iny
        iny
        dec scratch + 2
        bne :-
        dec scratch
        bne @tile
        plb
        rts

; 3bpp, plane 3 = plane 0 | plane 1 | plane 2: colour c becomes c + 8, and 0 stays 0.
expand_3bpp_high:
        begin_expansion
@tile:  copy_planes_0_1
        lda #TILE_ROWS
        sta scratch + 2
:       lda f:SOURCE,x
        and #$00FF
        sta scratch + 4
        lda EXPAND_BUFFER - 16,y        ; planes 0 and 1 of this row
        sta scratch + 6
        xba
        ora scratch + 6
        ora scratch + 4
        xba
        and #$FF00
        ora scratch + 4
        sta EXPAND_BUFFER,y
        inx
        iny
        iny
        dec scratch + 2
        bne :-
        dec scratch
        bne @tile
        plb
        rts

; 2bpp in 4bpp: planes 2 and 3 = 0, colours 0 to 3.
expand_2bpp:
        begin_expansion
@tile:  copy_planes_0_1
        empty_planes
        dec scratch
        bne @tile
        plb
        rts

; 1bpp in 2bpp: plane 0 alone, colour 1.
expand_1bpp:
        begin_expansion
@tile:  copy_plane_0
        dec scratch
        bne @tile
        plb
        rts

; 1bpp in 2bpp: both planes the same, colour 3.
expand_1bpp_colour3:
        begin_expansion
@tile:  double_plane
        dec scratch
        bne @tile
        plb
        rts

; 1bpp in 4bpp: plane 0 alone, colour 1.
expand_1bpp_4bpp:
        begin_expansion
@tile:  copy_plane_0
        empty_planes
        dec scratch
        bne @tile
        plb
        rts

; 1bpp in 4bpp: all planes the same, colour 15.
expand_1bpp_4bpp_colour15:
        begin_expansion
@tile:  double_plane
        txa
        sec
        sbc #TILE_ROWS
        tax
        double_plane
        dec scratch
        bne @tile
        plb
        rts
