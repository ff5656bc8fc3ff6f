; Every way in which games find their data by tables and records. X = index in a table; the address goes to hal_source.
.include "memory.inc"

.global fetch_parallel, fetch_word_banks, fetch_words, fetch_dwords, fetch_sized, fetch_flagged, from_registers
.global run_script, send_frame
.global parallel_low, parallel_high, parallel_bank, wordbank_addresses, wordbank_banks, words_table, words_bank_place
.global words_home, dwords_table, sized_table, flagged_record

FLAGS        = $0003            ; in the low bits of a flagged word
RECORD_BANK  = 8                ; the record's last byte before its words
RECORD_WORDS = 9
SCRIPT_GRAPHICS = $80           ; a tag byte, a zero, then a pointer

.segment "CODE"
.a16
.i16

; Three tables of bytes side by side.
fetch_parallel:
        a8
        lda f:parallel_low,x
        sta hal_source
        lda f:parallel_high,x
        sta hal_source + 1
        lda f:parallel_bank,x
        sta hal_source + 2
        a16
        rts

; A table of addresses and a table of banks, words both.
fetch_word_banks:
        txa
        asl
        tax
        lda f:wordbank_addresses,x
        sta hal_source
        lda f:wordbank_banks,x
        a8
        sta hal_source + 2
        a16
        rts

; A table of words; the code knows the bank.
fetch_words:
        txa
        asl
        tax
        lda f:words_table,x
        sta hal_source
        a8
words_bank_place:
        lda #^words_home
        sta hal_source + 2
        a16
        rts

; A table of dwords.
fetch_dwords:
        txa
        asl
        asl
        tax
        lda f:dwords_table,x
        sta hal_source
        lda f:dwords_table + 2,x
        a8
        sta hal_source + 2
        a16
        rts

; A table of dwords, each followed by a byte.
fetch_sized:
        stx scratch
        txa
        asl
        asl
        adc scratch
        tax
        lda f:sized_table,x
        sta hal_source
        lda f:sized_table + 2,x
        a8
        sta hal_source + 2
        a16
        rts

; A record of nine bytes, the last one the bank, then words with flags in their low bits.
fetch_flagged:
        txa
        asl
        tax
        lda f:flagged_record + RECORD_WORDS,x
        and #.loword(~FLAGS)
        sta hal_source
        a8
        lda f:flagged_record + RECORD_BANK
        sta hal_source + 2
        a16
        rts

; A = bank, X = address.
from_registers:
        stx hal_source
        a8
        sta hal_source + 2
        a16
        rts

; pointer = a frame's record: two sizes, two addresses in the record's bank. X = VRAM word; the parts go side by side.
send_frame:
        stx scratch + 8
        ldy #$0004
        lda [pointer],y
        sta hal_source
        a8
        lda pointer + 2
        sta hal_source + 2
        a16
        lda [pointer]
        sta scratch + 10
        tay
        jsr send_vram
        ldy #$0006
        lda [pointer],y
        sta hal_source
        ldy #$0002
        lda [pointer],y
        tay
        lda scratch + 10
        lsr
        clc
        adc scratch + 8
        tax
        jmp send_vram

; pointer = a script. Most commands only pass time in a game and are skipped here; the one for graphics carries a pointer
; to a packed block, then VRAM word and size.
run_script:
        ldy #$0000
@next:  lda [pointer],y
        and #$00FF
        cmp #$00FF
        beq @done
        iny
        cmp #SCRIPT_GRAPHICS
        beq @graphics
        tax                             ; any other command: its number is that of its operands
        beq @next
@skip:  iny
        dex
        bne @skip
        bra @next
@graphics:
        iny                             ; the zero
        lda [pointer],y
        sta hal_source
        iny
        lda [pointer],y
        sta hal_source + 1
        iny
        iny
        lda #DECODE_BUFFER
        sta hal_base
        a8
        lda #DECODE_BANK
        sta hal_bank
        a16
        phy
        jsl hal_decode
        ply
        lda #DECODE_BUFFER
        sta hal_source
        a8
        lda #DECODE_BANK
        sta hal_source + 2
        a16
        lda [pointer],y
        tax
        iny
        iny
        lda [pointer],y
        iny
        iny
        phy
        tay
        jsr send_vram
        ply
        bra @next
@done:  rts
