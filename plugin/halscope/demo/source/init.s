; Power-on: every PPU and CPU register gets a value, all memories are cleared, then the main loop runs for ever.
.include "memory.inc"

.segment "CODE"
.a16
.i16
reset:
        sei
        clc
        xce                             ; native mode
        rep #$38                        ; decimal off, A and X 16 bits wide
        ldx #$1FFF
        txs
        lda #$0000
        tcd
        a8
        phk
        plb                             ; data bank 0: registers and the first 8 KiB of WRAM
        stz NMITIMEN
        lda #$80
        sta INIDISP                     ; forced blank

        ; $2101 to $2133: zero twice, because half of them take two writes. Those that want more follow.
        ldx #$0033 - 1
@ppu:   stz OBSEL,x
        stz OBSEL,x
        dex
        bpl @ppu
        lda #$80
        sta VMAIN                       ; step after the high byte, by one word
        stz M7A                         ; an identity matrix, in case a scene ever turns mode 7 on
        lda #$01
        sta M7A
        stz M7D
        sta M7D
        lda #$30
        sta CGWSEL                      ; no colour math
        lda #$E0
        sta COLDATA

        ; $4201 to $420D.
        ldx #$000D - 1
@cpu:   stz WRIO,x
        dex
        bpl @cpu
        lda #$FF
        sta WRIO

        ; Memories, by DMA from a zero in the ROM.
        axy16
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
        stz WMADDL
        a8
        stz WMADDH
        axy16
        lda #$8008                      ; the stack is wiped too, so this part is not a subroutine
        sta DMAP0
        lda #zero_byte
        sta A1T0L
        stz DAS0L
        a8
        stz A1B0
        lda #$01
        sta MDMAEN                      ; bank $7E
        stz DAS0L
        stz DAS0L + 1
        sta MDMAEN                      ; bank $7F: WMADD ran on into it
        lda #NONE
        sta next_scene
        sta job_slot
        lda #$81
        sta NMITIMEN                    ; NMI and automatic joypad reading
        axy16
        jsr load_scene

main_loop:
        jsr update_scene
        bra main_loop

; Writes X zeros (0 = 64 KiB) to the port in the high byte of A, with the DMA mode in its low byte.
clear_port:
        sta DMAP0
        stx DAS0L
        lda #zero_byte
        sta A1T0L
        a8
        stz A1B0
        lda #$01
        sta MDMAEN
        a16
        rts

zero_byte:
        .word 0

unused_vector:
        rti
