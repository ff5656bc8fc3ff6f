; Actors: everything that moves. They enter by the scene's event list, follow their scripts and are animated.
;
; An event, 20 bytes: +0 time ($FFFF ends the list) +2 actor × 2 +4 x +6 y (pixels) +8 OAM attributes +9 flags
;   +10 sheet record +12 script (24 bits) +15 first frame, +16 frames (0: as the block says), +17 vblanks a frame
;   (likewise) +18 phase of its wave
; A sheet record: +0 block number +1 stream slot or NONE +2 address of the parts +4 OAM tile (9 bits) of each frame
.include "memory.inc"

.segment "CODE"
.a16
.i16

; Brings in every actor whose time has come.
spawn_events:
        lda [event_pointer]
        cmp scene_clock
        beq @now
        bcc @now
        rts
@now:   ldy #2
        lda [event_pointer],y
        tax
        ldy #4
        lda [event_pointer],y
        asl
        asl
        asl
        asl
        sta actor_x,x
        ldy #6
        lda [event_pointer],y
        asl
        asl
        asl
        asl
        sta actor_y,x
        ldy #8
        lda [event_pointer],y
        and #$00FF
        sta actor_attr,x
        iny
        lda [event_pointer],y
        and #$00FF
        sta actor_flags,x
        iny
        lda [event_pointer],y
        sta actor_sheet,x
        ldy #12
        lda [event_pointer],y
        sta actor_script,x
        sta actor_script_start,x
        ldy #14
        lda [event_pointer],y
        sta actor_script_bank,x
        ldy #15
        lda [event_pointer],y
        and #$00FF
        sta actor_first,x
        iny
        lda [event_pointer],y
        and #$00FF
        sta actor_count,x
        iny
        lda [event_pointer],y
        and #$00FF
        sta actor_ticks,x
        ldy #18
        lda [event_pointer],y
        sta actor_phase,x
        stz actor_vx,x
        stz actor_vy,x
        stz actor_ay,x
        stz actor_wait,x
        stz actor_wave_speed,x
        stz actor_wave_x,x
        stz actor_wave_y,x
        stz actor_step,x
        lda actor_sheet,x               ; 0 for frames or time: take what the block's header says
        tay
        lda a:0,y
        and #$00FF
        tay
        lda actor_count,x
        bne :+
        lda block_frames,y
        and #$00FF
        sta actor_count,x
:       lda actor_ticks,x
        bne :+
        lda block_ticks,y
        and #$00FF
        sta actor_ticks,x
:       lda actor_ticks,x
        sta actor_tick,x
        clc
        lda event_pointer
        adc #20
        sta event_pointer
        jmp spawn_events

; Scripts, motion, animation.
update_actors:
        ldx #MAX_ACTORS * 2 - 2
@actor: lda actor_sheet,x
        beq @next
        lda actor_wait,x
        bne :+
        jsl run_script
        lda actor_sheet,x
        beq @next                       ; the script took it away
:       dec actor_wait,x
        clc
        lda actor_x,x
        adc actor_vx,x
        and #512 * 16 - 1               ; levels are 512 pixels around, like OAM's x
        sta actor_x,x
        clc
        lda actor_vy,x
        adc actor_ay,x
        sta actor_vy,x
        clc
        adc actor_y,x
        sta actor_y,x
        lda actor_flags,x
        lsr
        bcc @wave
        jsr wrap_height
@wave:  clc
        lda actor_phase,x
        adc actor_wave_speed,x
        sta actor_phase,x
        dec actor_tick,x
        bne @next
        lda actor_ticks,x
        sta actor_tick,x
        lda actor_step,x
        inc
        cmp actor_count,x
        bcc :+
        lda #$0000
:       sta actor_step,x
@next:  dex
        dex
        bpl @actor
        rts

; Actors of the screen leave at the top and come back from below, and the other way round: y stays in -64 to 255.
wrap_height:
        lda actor_y,x
        clc
        adc #64 * 16
        bmi @above
        cmp #320 * 16
        bcc @done
        sbc #320 * 16
        bra @store
@above: clc
        adc #320 * 16
@store: sec
        sbc #64 * 16
        sta actor_y,x
@done:  rts
