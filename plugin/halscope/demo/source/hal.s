; The HAL decoder. Like the games' own it checks nothing: a bad stream writes rubbish.
;
; A command is ccclllll (count = l + 1) or 111ccchh llllllll (count = hl + 1); $FF ends the stream. Offsets are
; big-endian and count from the start of the output. Input is read through [hal_source],y: within one 32 KiB window.
.include "memory.inc"

.segment "CODE"

; In: hal_source (24 bits), hal_base and hal_bank (where the output goes). Out: X = end of the output in its bank.
; Any widths; A and Y are lost.
hal_decode:
        php
        phb
        axy16
        ldy hal_source
        stz hal_source                  ; Y holds the low word from here on
        stz hal_bits
        ldx hal_base
        a8
        lda hal_bank
        pha
        plb                             ; data bank = output

next_command:
        lda [hal_source],y
        cmp #$E0
        bcs long_command
        iny
        sta hal_command
        and #$1F
        sta hal_count
        stz hal_count + 1
        lda hal_command
        lsr
        lsr
        lsr
        lsr
        bra dispatch
long_command:
        cmp #$FF
        beq end_of_stream
        iny
        sta hal_command
        and #$03
        sta hal_count + 1
        lda [hal_source],y
        iny
        sta hal_count
        lda hal_command
        lsr
dispatch:
        a16
        and #$000E                      ; the command, twice
        sta hal_command
        stx hal_dest
        txa
        sec
        adc hal_count
        sta hal_end                     ; destination + count
        ldx hal_command
        a8
        jmp (commands,x)

commands:
        .addr do_raw, do_rle8, do_rle16, do_sequence, do_copy, do_reversed_bits, do_backward, do_copy

end_of_stream:
        plb
        plp
        rtl

do_raw:
        ldx hal_dest
:       lda [hal_source],y
        sta a:$0000,x
        iny
        inx
        cpx hal_end
        bne :-
        jmp next_command

do_rle8:
        ldx hal_dest
        lda [hal_source],y
        iny
:       sta a:$0000,x
        inx
        cpx hal_end
        bne :-
        jmp next_command

do_rle16:
        a16
        lda hal_count
        inc
        asl                             ; count is in pairs
        clc
        adc hal_dest
        sta hal_end
        ldx hal_dest
        lda [hal_source],y
        iny
        iny
:       sta a:$0000,x
        inx
        inx
        cpx hal_end
        bne :-
        a8
        jmp next_command

do_sequence:
        ldx hal_dest
        lda [hal_source],y
        iny
:       sta a:$0000,x
        inc
        inx
        cpx hal_end
        bne :-
        jmp next_command

; Reads the big-endian offset and leaves Y on that place of the output, X on the destination.
.macro reference
        lda [hal_source],y
        xba
        iny
        lda [hal_source],y
        iny
        sty hal_saved
        a16
        clc
        adc hal_base
        tay
        a8
        ldx hal_dest
.endmacro

do_copy:
        reference
:       lda a:$0000,y
        sta a:$0000,x
        iny
        inx
        cpx hal_end
        bne :-
        ldy hal_saved
        jmp next_command

do_reversed_bits:
        reference
:       stx hal_dest
        lda a:$0000,y
        sta hal_bits
        ldx hal_bits
        lda f:bit_reverse,x
        ldx hal_dest
        sta a:$0000,x
        iny
        inx
        cpx hal_end
        bne :-
        ldy hal_saved
        jmp next_command

do_backward:
        reference
:       lda a:$0000,y
        sta a:$0000,x
        dey
        inx
        cpx hal_end
        bne :-
        ldy hal_saved
        jmp next_command

bit_reverse:
.repeat 256, n
        .byte ((n & 1) << 7) | ((n & 2) << 5) | ((n & 4) << 3) | ((n & 8) << 1) | ((n >> 1) & 8) | ((n >> 3) & 4) | ((n >> 5) & 2) | ((n >> 7) & 1)
.endrepeat
