; The decoder of LC_LZ2. Unlike hal.s it reads across the end of a bank: after $FFFF it continues at the first mapped
; byte of the next bank.
;
; A command is ccclllll (count = l + 1) or 111ccchh llllllll (count = hl + 1); $FF ends the stream. Offsets are
; big-endian and count from the start of the output.
.include "memory.inc"

.globalzp hal_count, hal_end, hal_dest, hal_command

.segment "CODE"

; In: hal_source (24 bits), hal_base and hal_bank (where the output goes). Any widths; A, X and Y are lost.
lz2_decode:
        php
        phb
        axy16
        ldx hal_base
        a8
        lda hal_bank
        pha
        plb                             ; data bank = output; X = where the next byte goes

lz2_command:
        jsr next_byte
        cmp #$FF
        beq lz2_end
        cmp #$E0
        bcs @long
        sta hal_command
        and #$1F
        sta hal_count
        stz hal_count + 1
        lda hal_command
        lsr
        lsr
        lsr
        lsr
        bra @dispatch
@long:  sta hal_command
        and #$03
        sta hal_count + 1
        jsr next_byte
        sta hal_count
        lda hal_command
        lsr
@dispatch:
        a16
        and #$000E                      ; the command, twice
        inc hal_count
        stx hal_dest
        tax
        a8
        jmp (@commands,x)
@commands:
        .addr do_raw, do_byte, do_pair, do_rising, do_copy, do_copy, do_copy, do_copy

lz2_end:
        plb
        plp
        rtl

; A = the next byte of the stream. 8-bit A, 16-bit Y; Y is lost.
next_byte:
        lda [hal_source]
        ldy hal_source
        iny
        bne :+
        inc hal_source + 2
        ldy #NEXT_BANK
:       sty hal_source
        rts

do_raw:
        ldx hal_dest
:       jsr next_byte
        sta a:$0000,x
        inx
        jsr counted
        bne :-
        jmp lz2_command

do_byte:
        jsr next_byte
        ldx hal_dest
:       sta a:$0000,x
        inx
        jsr counted
        bne :-
        jmp lz2_command

do_pair:
        jsr next_byte
        sta hal_end
        jsr next_byte
        sta hal_end + 1
        ldx hal_dest
:       lda hal_end
        sta a:$0000,x
        inx
        jsr counted
        beq @done
        lda hal_end + 1
        sta a:$0000,x
        inx
        jsr counted
        bne :-
@done:  jmp lz2_command

do_rising:
        jsr next_byte
        ldx hal_dest
:       sta a:$0000,x
        inc
        inx
        jsr counted
        bne :-
        jmp lz2_command

do_copy:
        jsr next_byte
        xba
        jsr next_byte
        a16
        clc
        adc hal_base
        tay
        a8
        ldx hal_dest
:       lda a:$0000,y
        sta a:$0000,x
        iny
        inx
        jsr counted
        bne :-
        jmp lz2_command

; One byte less to do; zero: none left. Keeps A, X and Y; A stays 8 bits wide, which leaves Z alone.
counted:
        a16
        dec hal_count
        a8
        rts
