; Vertical blank: sprites, streamed tiles, scroll positions and brightness go to the PPU together.
;
; One vblank carries the OAM (544 bytes), at most one stream (1 KiB) and the status line (64 bytes): 1.6 KiB, done
; about 13 lines after vblank begins, so that everything a frame shows changes within one vblank or not at all.
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
        axy16
        jsr upload_oam
        jsr run_queue
        a8
        lda job_slot
        cmp #NONE
        beq @scroll
        a16
        and #$00FF
        tax
        a8
        lda job_frame
        sta slot_frame,x
        lda #NONE
        sta job_slot
@scroll:
        lda scroll_shadow + 0
        sta BG1HOFS
        lda scroll_shadow + 1
        sta BG1HOFS
        lda scroll_shadow + 2
        sta BG1VOFS
        lda scroll_shadow + 3
        sta BG1VOFS
        lda scroll_shadow + 4
        sta BG2HOFS
        lda scroll_shadow + 5
        sta BG2HOFS
        lda scroll_shadow + 6
        sta BG2VOFS
        lda scroll_shadow + 7
        sta BG2VOFS
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

; Sends the shadow OAM. A, X, Y 16 bits wide in and out.
upload_oam:
        stz OAMADDL
        lda #$0400                      ; one byte at a time to $2104
        sta DMAP0
        lda #oam_shadow
        sta A1T0L
        lda #544
        sta DAS0L
        a8
        stz A1B0
        lda #$01
        sta MDMAEN
        a16
        rts

; Sends every entry of the queue to VRAM and empties it. A, X, Y 16 bits wide in and out.
run_queue:
        lda #$1801                      ; two bytes to $2118 and $2119
        sta DMAP0
        ldx #$0000
@entry: cpx queue_used
        bcs @done
        lda queue + 0,x
        sta VMADDL
        lda queue + 2,x
        sta A1T0L
        lda queue + 4,x                 ; the bank, and the size's low byte one register too far:
        sta A1B0
        lda queue + 5,x                 ; this puts it right
        sta DAS0L
        a8
        lda #$01
        sta MDMAEN
        a16
        txa
        clc
        adc #$0008
        tax
        bra @entry
@done:  stz queue_used
        rts
