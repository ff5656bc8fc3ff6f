; Tiles that no ROM holds: the program draws them, pixel by pixel, and sends them to VRAM.
.include "memory.inc"

.global drawn_setup

TILES    = 32                   ; eight in a row
VRAM_WORD = $0200

.segment "CODE"
.a16
.i16

; Colour of the pixel at x, y: (x ^ y) / 2, modulo 16.
drawn_setup:
        phb
        pea EXPAND_BANK << 8 | EXPAND_BANK
        plb
        plb
        stz scratch                     ; tile
        ldx #EXPAND_BUFFER
@tile:  stz scratch + 2                 ; row in the tile
@row:   lda scratch
        and #$FFF8
        clc
        adc scratch + 2
        sta scratch + 4                 ; y
        lda scratch
        and #$0007
        asl
        asl
        asl
        sta scratch + 6                 ; x
        ldy #$0008
@pixel: lda scratch + 6
        inc scratch + 6
        eor scratch + 4
        lsr
        a8
        lsr
        rol scratch + 8
        lsr
        rol scratch + 9
        lsr
        rol scratch + 10
        lsr
        rol scratch + 11
        a16
        dey
        bne @pixel
        lda scratch + 8
        sta a:0,x
        lda scratch + 10
        sta a:16,x
        inx
        inx
        inc scratch + 2
        lda scratch + 2
        cmp #$0008
        bne @row
        txa
        clc
        adc #16
        tax
        inc scratch
        lda scratch
        cmp #TILES
        bne @tile
        plb

        lda #EXPAND_BUFFER
        sta hal_source
        a8
        lda #EXPAND_BANK
        sta hal_source + 2
        a16
        ldx #VRAM_WORD
        ldy #TILES * 32
        jmp send_vram
