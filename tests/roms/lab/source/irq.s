; A screen split by an interrupt: at a given line its handler changes BG1's scroll and the backdrop, vblank restores them.
.include "memory.inc"

.global irq_setup, irq_vblank

VTIMEL   = $4209
TIMEUP   = $4211
LINE     = 120                  ; the handler waits for its end: the row of this number is the first one that is changed
SCROLL   = 100
COLOUR   = $3C08
DUSK     = $0C64

.segment "CODE"
.a16
.i16
irq_setup:
        lda #LINE
        sta VTIMEL
        a8
        lda TIMEUP
        lda #$A1                        ; NMI, V-IRQ, joypads
        sta NMITIMEN
        a16
        cli
        rts

irq_vblank:
        a8
        stz BG1HOFS
        stz BG1HOFS
        stz CGADD
        lda #<DUSK
        sta CGDATA
        lda #>DUSK
        sta CGDATA
        a16
        rts

irq:
        rep #$30
        pha
        phb
        a8
        lda #$00
        pha
        plb
        lda TIMEUP                      ; acknowledge
:       bit HVBJOY
        bvc :-                          ; horizontal blank
        lda #<SCROLL
        sta BG1HOFS
        lda #>SCROLL
        sta BG1HOFS
        stz CGADD
        lda #<COLOUR
        sta CGDATA
        lda #>COLOUR
        sta CGDATA
        a16
        plb
        pla
        rti
