; Scenes: loading one from the ROM, and a frame of its life.
;
; A scene's record, made by the build:
;   +0 OBSEL  +1 BG1SC  +2 BG2SC  +3 BG3SC  +4 BG12NBA  +5 BG34NBA  +6 BGMODE  +7 TM   +8 address of the stream slots
;   +10 load list   +13 event list   +16 ground line   +19 text (24-bit pointers)
;   +22 BG1 x, +24 its speed (1/16 pixels), +26 BG1 y, +28 BG2 speed, +30 BG2 y (words), +32 1 = has a status line
;
; A load list entry: block number ($FF ends the list), bank and address to decode to, bytes of header, frames and
; vblanks a frame where the block has no header, number of runs; then for each run: offset in the output, VRAM word
; address (or $8000 + CGRAM index), size.
.include "memory.inc"

.segment "CODE"
.a16
.i16

; ---- One frame: input, fades, logic, then the shadows are handed to the NMI ----------------------------------------
update_scene:
        a8
@wait:  wai
        lda vblank_job
        bne @wait                       ; the last frame is still waiting for its vblank
@pad:   lda HVBJOY
        lsr
        bcs @pad                        ; the joypad is being read
        a16
        lda JOY1L
        tax
        eor joy_held
        stx joy_held
        and joy_held
        sta joy_pressed

        jsr choose_scene
        jsr step_fade
        bcs @black
        jsr run_frame
        a8
        lda #$01
        sta vblank_job
        a16
        rts
@black: jsr wait_black
        jmp load_scene

; Start, Select, the end of the scene's time, and whoever writes next_scene, all lead to the same fade.
choose_scene:
        sec
        lda #READY_FRAMES
        sbc scene_frame
        sta scene_timer
        a8
        lda fade
        bne @stay
        lda next_scene
        cmp #NONE
        bne @leave                      ; somebody wrote the number already
        a16
        lda scene_timer
        beq @onward
        lda joy_pressed
        bit #JOY_START
        bne @onward
        bit #JOY_SELECT
        beq @stay
        a8
        lda scene
        bra @ask
@onward:
        a8
        lda scene
        inc
        and #SCENE_COUNT - 1
@ask:   sta next_scene
@leave: lda #$02
        sta fade
        stz ready_shadow
@stay:  a16
        rts

; Moves the brightness. Carry set: the screen is dark and the next scene can be loaded.
step_fade:
        a8
        lda fade
        beq @lit
        dec
        beq @in
        lda brightness
        beq @dark
        dec brightness
        bra @lit
@in:    inc brightness
        lda brightness
        cmp #$0F
        bcc @lit
        stz fade
        lda #$01
        sta ready_shadow
@lit:   a16
        clc
        rts
@dark:  .a8
        a16
        sec
        rts

; Forced blank, from vblank on.
wait_black:
        a8
        lda #$80
        sta brightness
        lda #$01
        sta vblank_job
@wait:  wai
        lda vblank_job
        bne @wait
        a16
        rts

; The logic of one frame; fills every shadow that the NMI sends.
run_frame:
        jsr spawn_events
        jsr update_actors
        ldy scene_def
        clc
        lda camera_x
        adc a:24,y
        sta camera_x
        clc
        lda back_x
        adc a:28,y
        sta back_x
        lda camera_x
        lsr
        lsr
        lsr
        lsr
        sta scroll_shadow + 0
        lda camera_y
        dec                             ; BG line 0 would be hidden above the first line shown
        sta scroll_shadow + 2
        lda back_x
        lsr
        lsr
        lsr
        lsr
        sta scroll_shadow + 4
        lda back_y
        dec
        sta scroll_shadow + 6
        jsr draw_actors
        jsl draw_hud
        jsr pick_stream
        inc scene_clock
        rts

; ---- Loading: forced blank is on and the NMI only counts ------------------------------------------------------------
load_scene:
        a8
        lda next_scene
        cmp #SCENE_COUNT
        bcs :+
        sta scene
:       lda #NONE
        sta next_scene
        sta job_slot
        lda #$80
        sta INIDISP
        stz brightness
        stz ready_shadow
        lda #$01
        sta fade
        ldx #MAX_SLOTS - 1
        lda #NONE
:       sta slot_frame,x
        sta slot_want,x
        dex
        bpl :-
        a16
        inc load_count
        stz scene_frame
        stz scene_clock
        stz queue_used
        stz back_x
        ldx #MAX_ACTORS * 2 - 2
:       stz actor_sheet,x
        dex
        dex
        bpl :-

        lda scene
        and #$00FF
        asl
        tax
        lda scene_table,x
        sta scene_def
        tay
        a8
        lda a:0,y
        sta OBSEL
        lda a:1,y
        sta BG1SC
        lda a:2,y
        sta BG2SC
        lda a:3,y
        sta BG3SC
        lda a:4,y
        sta BG12NBA
        lda a:5,y
        sta BG34NBA
        lda a:6,y
        sta BGMODE
        lda a:7,y
        sta TM
        a16
        lda a:13,y
        sta event_pointer
        lda a:14,y
        sta event_pointer + 1
        lda a:16,y
        sta ground_pointer
        lda a:17,y
        sta ground_pointer + 1
        lda a:22,y
        sta camera_x
        lda a:26,y
        sta camera_y
        lda a:30,y
        sta back_y
        jsr load_blocks
        jsl draw_text_page
        jsr run_frame
        jsr run_queue
        a8
        lda job_slot
        cmp #NONE
        beq :+
        a16
        and #$00FF
        tax
        a8
        lda job_frame
        sta slot_frame,x
        lda #NONE
        sta job_slot
:       a16
        jsr flush_streams
        jmp upload_oam

; Decodes every block of the scene's load list and sends its runs to VRAM and CGRAM.
load_blocks:
        ldy scene_def
        lda a:10,y
        sta pointer
        lda a:11,y
        sta pointer + 1
        ldy #$0000
@block: lda [pointer],y
        and #$00FF
        cmp #$00FF
        bne :+
        rts
:       iny
        sta scratch + 8                 ; block number
        sta scratch
        asl
        adc scratch
        tax
        lda block_table,x
        sta hal_source
        a8
        lda block_table + 2,x
        sta hal_source + 2
        lda [pointer],y
        iny
        sta hal_bank
        sta scratch + 2
        a16
        lda [pointer],y
        iny
        iny
        sta hal_base
        sta scratch
        phy
        jsl hal_decode
        ply

        ldx scratch + 8
        a8
        lda [pointer],y                 ; header bytes
        sta scratch + 10
        stz scratch + 11
        iny
        lda [pointer],y
        sta block_frames,x
        iny
        lda [pointer],y
        sta block_ticks,x
        iny
        lda scratch + 10
        beq @runs
        lda [scratch]                   ; the block has a header: its first byte counts the frames
        sta block_frames,x
        lda scratch + 10
        cmp #$03
        bcc @runs
        phy
        ldy #$0001
        lda [scratch],y                 ; the second is a frame's time
        sta block_ticks,x
        ply
@runs:  lda [pointer],y
        iny
        sta scratch + 10
        stz scratch + 11
@run:   a16
        lda scratch + 10
        beq @block
        dec scratch + 10
        clc
        lda [pointer],y
        adc scratch
        sta A1T0L
        iny
        iny
        lda [pointer],y
        bmi @colors
        sta VMADDL
        lda #$1801
        bra @send
@colors:
        a8
        sta CGADD
        a16
        lda #$2200
@send:  sta DMAP0
        iny
        iny
        lda [pointer],y
        sta DAS0L
        iny
        iny
        a8
        lda scratch + 2
        sta A1B0
        lda #$01
        sta MDMAEN
        bra @run
