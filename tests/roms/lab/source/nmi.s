; Vertical blank: the scene's own work, then brightness and HDMA are switched together.
.include "memory.inc"

.segment "CODE"
.a16
.i16
nmi:
        rep #$30
        pha
        phx
        phy
        phb
        phd
        lda #$0000
        tcd
        a8
        pha
        plb
        lda RDNMI                       ; acknowledge
        lda vblank_job
        beq @late
        a16
        ldx #$0000
        jsr (scene_vblank,x)
        a8
        lda hdma_shadow
        sta HDMAEN
        lda brightness
        sta INIDISP
        lda ready_shadow
        sta ready
        beq @shown
        a16
        inc scene_frame
        a8
@shown: stz vblank_job
        bra @count
@late:  lda ready
        beq @count                      ; a scene is loading: that takes as long as it takes
        a16
        inc lag_frames
        a8
@count: a16
        inc frame_counter
        bne :+
        inc frame_counter + 2
:       pld
        plb
        ply
        plx
        pla
        rti
