; A scene whose colours live in a buffer in WRAM: the main loop changes the buffer, every vblank copies it to CGRAM.
.include "memory.inc"

BUFFER      = PALETTE_BUFFER
DARK        = BUFFER + 2 * 32   ; where the halved copy of palette 0 goes
EMBERS      = BUFFER + 2 * 129  ; the colours that cycle
EMBER_COUNT = 7
CYCLE_FRAMES = 6

.segment "CODE"
.a16
.i16

; Once, when the buffer is filled: palette 2 becomes palette 0 at half its brightness.
palette_setup:
        ldx #15 * 2
:       lda f:BUFFER,x
        and #$7BDE                      ; without each channel's lowest bit
        lsr
        sta f:DARK,x
        dex
        dex
        bpl :-
        stz cycle_step
        stz cycle_shown
        lda #CYCLE_FRAMES
        sta cycle_wait
        rts

; Main loop: from time to time each ember takes the colour of the next one.
palette_update:
        dec cycle_wait
        bne @done
        lda #CYCLE_FRAMES
        sta cycle_wait
        lda f:EMBERS
        pha
        ldx #$0000
:       lda f:EMBERS + 2,x
        sta f:EMBERS,x
        inx
        inx
        cpx #(EMBER_COUNT - 1) * 2
        bne :-
        pla
        sta f:EMBERS,x
        lda cycle_step
        inc
        cmp #EMBER_COUNT
        bne :+
        lda #$0000
:       sta cycle_step
@done:  rts

; Vblank: all of CGRAM.
palette_vblank:
        lda #.loword(BUFFER)
        sta hal_source
        a8
        lda #^BUFFER
        sta hal_source + 2
        a16
        ldx #$0000
        ldy #$0200
        jsr send_cgram
        lda cycle_step
        sta cycle_shown
        rts
