; The frame's order of work, and loading a scene: everything is cleared, then the scene's generated loader runs.
.include "memory.inc"

.segment "CODE"
.a16
.i16
update_scene:
        jsr wait_vblank
        a8
:       lda HVBJOY
        lsr
        bcs :-                          ; the joypads are still being read
        a16
        lda JOY1L
        tax
        eor joy_held
        and JOY1L
        sta joy_pressed
        stx joy_held
        lda joy_pressed
        and #JOY_SELECT
        bne load_scene
        lda joy_pressed
        and #JOY_START
        beq :+
        lda scene
        and #$00FF
        inc
        a8
        sta next_scene
        a16
:       lda next_scene
        and #$00FF
        cmp #NONE
        bne load_scene
        inc scene_clock
        ldx #$0000
        jsr (scene_update,x)
        a8
        lda #$01
        sta vblank_job
        a16
nothing:
        rts

; Waits until vblank has taken what was prepared.
wait_vblank:
        a8
:       wai
        lda vblank_job
        bne :-
        a16
        rts

load_scene:
        ; Forced blank, from vblank on.
        lda #nothing
        sta scene_vblank
        sta scene_update
        a8
        lda #$80
        sta brightness
        stz hdma_shadow
        stz ready_shadow
        lda #$81
        sta NMITIMEN                    ; no IRQs
        lda #$01
        sta vblank_job
        a16
        jsr wait_vblank

        a8
        lda next_scene
        cmp #NONE
        beq :++
        cmp #SCENE_COUNT
        bcc :+
        lda #$00                        ; after the last scene, the first
:       sta scene
:       lda #NONE
        sta next_scene

        ; $2101 to $2133: zero twice, because half of them take two writes; then those that want more.
        ldx #$0033 - 1
:       stz OBSEL,x
        stz OBSEL,x
        dex
        bpl :-
        lda #$80
        sta VMAIN
        lda #$30
        sta CGWSEL                      ; no colour math
        lda #$E0
        sta COLDATA
.if STAGING <> WRAM
        lda #$80
        sta SBWE
        stz BWPA
.endif
        a16
        stz VMADDL
        lda #$1809                      ; fixed source, two bytes to $2118 and $2119
        ldx #$0000                      ; 64 KiB
        jsr clear_port
        lda #$2208
        ldx #$0200
        jsr clear_port
        lda #$0408
        ldx #544
        jsr clear_port
        inc load_count
        stz scene_frame
        stz scene_clock

        lda scene
        and #$00FF
        asl
        tax
        jsr (scene_loaders,x)

        a8
        lda #$0F
        sta brightness
        lda #$01
        sta ready_shadow
        sta vblank_job
        a16
        rts

; X = a list of pairs, low byte of a $21xx register and value, up to $FF.
write_registers:
        a8
        lda #>INIDISP
        sta pointer + 1
@pair:  lda a:0,x
        cmp #$FF
        beq @done
        sta pointer
        lda a:1,x
        sta (pointer)
        inx
        inx
        bra @pair
@done:  a16
        rts

; X = a list of HDMA channels, up to $FF: channel × 16, DMAP, BBAD, table (24 bits), bank of indirect data.
set_channels:
        lda a:0,x
        and #$00FF
        cmp #$00FF
        beq @done
        tay
        lda a:1,x
        sta a:DMAP0,y                   ; and BBAD
        lda a:3,x
        sta a:A1T0L,y
        a8
        lda a:5,x
        sta a:A1B0,y
        lda a:6,x
        sta a:DASB0,y
        a16
        txa
        clc
        adc #$0007
        tax
        bra set_channels
@done:  rts

; Sends bytes to VRAM, CGRAM, OAM or WRAM. hal_source = where from (24 bits), X = VRAM word, CGRAM index or WRAM address
; (WMADDH is set already), Y = size.
send_vram:
        stx VMADDL
        lda #$1801
        bra send
send_mode7:
        stx VMADDL                      ; to the words' high bytes; VMAIN is set so
        lda #$1900
        bra send
send_mode7_map:
        a8
        stz VMAIN                       ; step after the low byte
        a16
        stx VMADDL
        lda #$1800
        jsr send
        a8
        lda #$80
        sta VMAIN
        a16
        rts
send_cgram:
        a8
        txa
        sta CGADD
        a16
        lda #$2200
        bra send
send_wram:
        stx WMADDL
        lda #$8000
        bra send
send_oam:
        stz OAMADDL
        lda #$0400
send:   sta DMAP0
        sty DAS0L
        lda hal_source
        sta A1T0L
        a8
        lda hal_source + 2
        sta A1B0
        lda #$01
        sta MDMAEN
        a16
        rts

.if STAGING <> WRAM
; Copies Y bytes from hal_source to offset X of the bank hal_bank.
copy_to_bank:
        sty scratch
        phb
        a8
        lda hal_bank
        pha
        plb
        ldy #$0000
:       lda [hal_source],y
        sta a:$0000,x
        inx
        iny
        cpy scratch
        bne :-
        plb
        a16
        rts
.endif
