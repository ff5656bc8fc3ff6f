; HDMA that moves: an indirect table in WRAM whose pointers vblank changes, and two direct tables that take turns.
.include "memory.inc"

.global swell_wave_place

TABLE      = $7E5000            ; indirect: two entries of 112 lines
RIPPLE_A   = $7E5100            ; direct: 28 runs of 8 lines
RIPPLE_B   = $7E5200
A1T_RIPPLE = A1T0L + 5 * 16     ; of channel 5
HALF       = 112                ; lines
RUNS       = 28
RUN_LINES  = 8
STRIDE     = 3                  ; steps of the wave between two runs
PERIOD     = 64                 ; steps of the wave

.segment "CODE"
.a16
.i16

swell_setup:
        stz swell_phase
        jsr write_pointers
        stz ripple_next
        stz ripple_shown
        lda #.loword(RIPPLE_B)
        sta ripple_back
        jsr build_ripple
        lda #.loword(RIPPLE_A)
        sta ripple_back
        jsr build_ripple
        lda #.loword(RIPPLE_B)
        sta ripple_back
        rts

; Main loop: the table that is not shown gets the next step.
swell_update:
        lda ripple_next
        inc
        and #PERIOD - 1
        sta ripple_next
        jmp build_ripple

; Vblank: one step of the pointers, and the other table.
swell_vblank:
        lda swell_phase
        inc
        and #PERIOD - 1
        sta swell_phase
        jsr write_pointers
        lda ripple_back
        sta A1T_RIPPLE
        eor #.loword(RIPPLE_A ^ RIPPLE_B)
        sta ripple_back
        lda ripple_next
        sta ripple_shown
        rts

write_pointers:
        a8
        lda #$80 | HALF
        sta f:TABLE
        sta f:TABLE + 3
        lda #$00
        sta f:TABLE + 6
        a16
        lda swell_phase
        asl
        clc
swell_wave_place:
        adc #.loword(swell_wave)
        sta f:TABLE + 1
        clc
        adc #HALF * 2
        sta f:TABLE + 4
        rts

build_ripple:
        phb
        pea ^RIPPLE_A << 8 | ^RIPPLE_A
        plb
        plb
        ldy ripple_back
        lda #RUNS
        sta scratch
        lda f:ripple_next
        sta scratch + 2
@run:   a8
        lda #RUN_LINES
        sta a:0,y
        a16
        lda scratch + 2
        and #PERIOD - 1
        asl
        tax
        lda f:swell_wave,x
        sta a:1,y
        lda scratch + 2
        clc
        adc #STRIDE
        sta scratch + 2
        iny
        iny
        iny
        dec scratch
        bne @run
        a8
        lda #$00
        sta a:0,y
        a16
        plb
        rts
