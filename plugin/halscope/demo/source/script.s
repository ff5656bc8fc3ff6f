; The script interpreter: one byte says what to do, its arguments follow. It runs until a script waits.
.include "memory.inc"

.segment "SCRIPT_CODE"
.a16
.i16

; X = actor. Keeps X.
run_script:
        lda actor_script,x
        sta script_pointer
        lda actor_script_bank,x
        a8
        sta script_pointer + 2
        a16
        ldy #$0000
        jmp next_command

; The argument at Y as a word; Y moves on.
.macro byte_argument
        lda [script_pointer],y
        iny
        and #$00FF
.endmacro
.macro signed_argument
        lda [script_pointer],y
        iny
        and #$00FF
        eor #$0080
        sec
        sbc #$0080
.endmacro

next_command:
        byte_argument
        asl
        phx
        tax
        jmp (.loword(commands),x)

commands:
        .word .loword(script_loop)
        .word .loword(script_wait)
        .word .loword(script_velocity)
        .word .loword(script_flip)
        .word .loword(script_priority)
        .word .loword(script_frames)
        .word .loword(script_wave)
        .word .loword(script_place)
        .word .loword(script_gravity)
        .word .loword(script_coin)
        .word .loword(script_gone)

script_loop:
        plx
        lda actor_script_start,x
        sta script_pointer
        ldy #$0000
        jmp next_command

script_wait:
        plx
        byte_argument
        sta actor_wait,x
        tya
        clc
        adc script_pointer
        sta actor_script,x
        rtl

script_velocity:
        plx
        signed_argument
        sta actor_vx,x
        signed_argument
        sta actor_vy,x
        jmp next_command

script_flip:
        plx
        byte_argument
        eor actor_attr,x
        and #$00C0
        eor actor_attr,x                ; bits 6 and 7 from the script, the others stay
        sta actor_attr,x
        jmp next_command

script_priority:
        plx
        byte_argument
        eor actor_attr,x
        and #$0030
        eor actor_attr,x
        sta actor_attr,x
        jmp next_command

script_frames:
        plx
        byte_argument
        sta actor_first,x
        byte_argument
        sta actor_count,x
        byte_argument
        sta actor_ticks,x
        sta actor_tick,x
        stz actor_step,x
        jmp next_command

script_wave:
        plx
        byte_argument
        xba
        sta actor_wave_x,x
        byte_argument
        xba
        sta actor_wave_y,x
        lda [script_pointer],y
        iny
        iny
        sta actor_wave_speed,x
        jmp next_command

script_place:
        plx
        lda [script_pointer],y
        iny
        iny
        sta actor_x,x
        lda [script_pointer],y
        iny
        iny
        sta actor_y,x
        jmp next_command

script_gravity:
        plx
        byte_argument
        sta actor_ay,x
        jmp next_command

script_coin:
        plx
        sed
        clc
        lda coins
        adc #$0001
        and #$00FF
        sta coins
        cld
        jmp next_command

script_gone:
        plx
        stz actor_sheet,x
        rtl
