; Animation frames on their way to VRAM: chosen here, copied in vblank.
;
; A slot is a place in VRAM that holds one frame. Its record (16 bytes, made by the build):
;   +0 VRAM word address   +2 rows   +3 linked slot that shows the same frame, or NONE   +4 bytes in a row
;   +6 staging buffer in bank $7E, or 0   +8 address of the frames' 24-bit pointers   +10 size of a frame in bytes
.include "memory.inc"

VRAM_ROW = 16 * 16              ; words between two tile rows of a sprite page

.segment "CODE"
.a16
.i16

; Queues the first slot whose frame is not the one that is wanted. Carry set: there was one.
pick_stream:
        ldx #$0000
@slot:  a8
        lda slot_want,x
        cmp #NONE
        beq @next
        cmp slot_frame,x
        bne @found
@next:  a16
        inx
        cpx #MAX_SLOTS
        bcc @slot
        clc
        rts

@found: .a8
        sta job_frame
        txa
        sta job_slot
        a16
        ; Y = the slot's record
        txa
        asl
        asl
        asl
        asl
        ldy scene_def
        clc
        adc a:$0008,y                   ; scene record +8: its slots
        tay
        ; scratch+0..2 = where the frame is
        lda job_frame
        and #$00FF
        sta scratch
        asl
        adc scratch
        adc a:$0008,y
        tax
        lda a:$0000,x
        sta scratch
        lda a:$0001,x
        sta scratch + 1
        lda a:$0006,y
        beq @queue
        phy
        sta scratch + 4                 ; through the staging buffer
        lda a:$000A,y
        dec
        ldx scratch
        ldy scratch + 4
        phb
        mvn #DECODE_BANK, #STAGING_BANK ; staged frames are always decoded ones
        plb
        lda scratch + 4
        sta scratch
        a8
        lda #STAGING_BANK
        sta scratch + 2
        a16
        ply
@queue:
        ldx queue_used
        lda a:$0002,y
        and #$00FF
        sta scratch + 6                 ; rows left
        lda a:$0000,y
        sta scratch + 8
@row:   lda scratch + 8
        sta queue + 0,x
        clc
        adc #VRAM_ROW
        sta scratch + 8
        lda scratch
        sta queue + 2,x
        clc
        adc a:$0004,y
        sta scratch
        lda scratch + 2
        sta queue + 4,x                 ; bank
        lda a:$0004,y
        sta queue + 5,x
        txa
        clc
        adc #$0008
        tax
        dec scratch + 6
        bne @row
        stx queue_used
        sec
        rts

; During forced blank: sends everything that is wanted, at once.
flush_streams:
@again: jsr pick_stream
        bcc @done
        jsr run_queue
        lda job_slot
        and #$00FF
        tax
        a8
        lda job_frame
        sta slot_frame,x
        lda #NONE
        sta job_slot
        a16
        bra @again
@done:  rts
