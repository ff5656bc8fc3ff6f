; From actors to OAM: each actor is a metasprite, a list of parts around its middle.
;
; Parts: a count, then for each part six words: dx, dx when flipped, dy, dy when flipped, tile offset, size (0 or 2).
.include "memory.inc"

LEFT_MARGIN = 64                ; the largest metasprite part leaves the screen within this many pixels

.segment "CODE"
.a16
.i16
draw_actors:
        stz oam_index
        ldx #$0000
@actor: lda actor_sheet,x
        beq @next
        jsr place_actor
        jsr draw_parts
@next:  inx
        inx
        cpx #MAX_ACTORS * 2
        bcc @actor

        ; Sprites that are left over rest below the screen, small, where they take part in no line.
        ldx oam_index
        lda #$F000
@rest:  cpx #512
        bcs @pack
        sta oam_shadow,x
        stz oam_shadow + 2,x
        phx
        pha
        txa
        lsr
        lsr
        tax
        pla
        a8
        stz oam_high_bits,x
        a16
        plx
        inx
        inx
        inx
        inx
        bra @rest

        ; Two bits of each sprite, four sprites to a byte.
@pack:  ldx #124
        ldy #31
        a8
@byte:  lda oam_high_bits + 3,x
        asl
        asl
        ora oam_high_bits + 2,x
        asl
        asl
        ora oam_high_bits + 1,x
        asl
        asl
        ora oam_high_bits,x
        sta oam_shadow + 512,y
        dey
        dex
        dex
        dex
        dex
        bpl @byte
        a16
        rts

; X = actor. Screen position, tile, attributes; asks for the frame where it is streamed.
place_actor:
        phx
        lda actor_phase,x
        xba
        and #$00FF
        sta scratch
        clc
        adc #$0040                      ; x leads by a quarter turn: with both waves it goes round
        and #$00FF
        ora actor_wave_x,x
        phx
        tax
        jsr wave
        plx
        sta part_x
        lda scratch
        ora actor_wave_y,x
        phx
        tax
        jsr wave
        plx
        sta part_y

        lda actor_x,x
        lsr
        lsr
        lsr
        lsr
        sta scratch + 2                 ; pixels
        clc
        adc part_x
        sta part_x
        lda actor_y,x                   ; signed
        cmp #$8000
        ror
        cmp #$8000
        ror
        cmp #$8000
        ror
        cmp #$8000
        ror
        clc
        adc part_y
        sta part_y
        lda actor_flags,x
        lsr
        bcs @screen
        lsr
        bcc @level
        ldy scratch + 2                 ; add the ground line at its column
        lda [ground_pointer],y
        and #$00FF
        clc
        adc part_y
        sta part_y
@level: sec
        lda part_x
        sbc scroll_shadow + 0
        sta part_x
        sec
        lda part_y
        sbc camera_y
        sta part_y
@screen:
        lda actor_attr,x
        sta draw_flip
        xba
        sta part_attr
        clc
        lda actor_first,x
        adc actor_step,x
        sta scratch
        lda actor_sheet,x
        tay
        lda a:1,y
        and #$00FF
        cmp #NONE
        beq @tiles
        phy
        sta scratch + 2                 ; streamed: ask the slot for the frame
        tax
        a8
        lda scratch
        sta slot_want,x
        a16
        lda scratch + 2
        asl
        asl
        asl
        asl
        ldy scene_def
        adc a:8,y
        tax
        lda a:3,x                       ; and the slot that shows the rest of it
        and #$00FF
        cmp #NONE
        beq @asked
        tax
        a8
        lda scratch
        sta slot_want,x
        a16
@asked: ply
        stz scratch                     ; its tiles stay where they are
@tiles: tya
        clc
        adc scratch
        adc scratch
        tax
        lda a:4,x
        sta part_tile
        lda a:2,y
        tay
        plx
        rts

; A = entry X of the wave tables, signed.
wave:
        lda f:wave_tables,x
        and #$00FF
        eor #$0080
        sec
        sbc #$0080
        rts

; Y = parts. Writes them to the shadow OAM. Keeps X.
draw_parts:
        phx
        lda a:0,y
        sta part_count
        iny
        iny
@part:  lda draw_flip
        bit #$0040
        beq :+
        lda a:2,y
        bra @x
:       lda a:0,y
@x:     clc
        adc part_x
        clc
        adc #LEFT_MARGIN
        and #$01FF
        cmp #LEFT_MARGIN + 256
        bcs @skip
        sbc #LEFT_MARGIN - 1            ; carry is clear
        and #$01FF
        sta scratch
        lda draw_flip
        bit #$0080
        beq :+
        lda a:6,y
        bra @y
:       lda a:4,y
@y:     clc
        adc part_y
        clc
        adc #LEFT_MARGIN
        cmp #LEFT_MARGIN + 224
        bcs @skip
        sbc #LEFT_MARGIN - 1
        xba
        and #$FF00
        sta scratch + 2
        ldx oam_index
        cpx #512
        bcs @skip
        lda scratch
        and #$00FF
        ora scratch + 2
        sta oam_shadow,x
        lda part_tile
        clc
        adc a:8,y
        ora part_attr
        sta oam_shadow + 2,x
        txa
        lsr
        lsr
        tax
        lda scratch
        xba
        and #$0001
        ora a:10,y
        a8
        sta oam_high_bits,x
        a16
        lda oam_index
        clc
        adc #$0004
        sta oam_index
@skip:  tya
        clc
        adc #12
        tay
        dec part_count
        beq @done
        jmp @part
@done:  plx
        rts
