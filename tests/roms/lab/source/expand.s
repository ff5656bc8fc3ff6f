; Decoded tiles of fewer bits become 4bpp tiles, as games do it on the way to VRAM.
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
