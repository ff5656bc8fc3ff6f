; Text on BG3: the scene's page, written once, and the status line, written every frame.
;
; A page is a row of entries: row ($FF ends the page), column, high byte of the map entry (vhopppcc), characters, 0.
.include "memory.inc"

TEXT_PAGE   = STAGING_BANK << 16 | TEXT_MAP
STATUS_ROW  = 1
COINS_COLUMN = 28

.segment "TEXT_CODE"
.a16
.i16
draw_text_page:
        ldx #$07FE
        lda #$0000                      ; the space is glyph 0
:       sta f:TEXT_PAGE,x
        dex
        dex
        bpl :-
        ldy scene_def
        lda a:19,y
        sta pointer
        lda a:20,y
        sta pointer + 1
        ldy #$0000
@entry: lda [pointer],y
        and #$00FF
        cmp #$00FF
        beq @send
        asl
        asl
        asl
        asl
        asl
        asl
        sta scratch                     ; 64 bytes a row
        iny
        lda [pointer],y
        and #$00FF
        asl
        adc scratch
        tax
        iny
        lda [pointer],y
        and #$00FF
        xba
        sta scratch
        iny
@glyph: lda [pointer],y
        iny
        and #$00FF
        beq @entry
        sec
        sbc #$0020
        ora scratch
        sta f:TEXT_PAGE,x
        inx
        inx
        bra @glyph

@send:  ldx #$003E                      ; the status line goes on from what the page says
:       lda f:TEXT_PAGE + STATUS_ROW * 64,x
        sta hud_row,x
        dex
        dex
        bpl :-
        jsr map_address
        sta VMADDL
        lda #$1801
        sta DMAP0
        lda #TEXT_MAP
        sta A1T0L
        lda #$0800
        sta DAS0L
        a8
        lda #STAGING_BANK
        sta A1B0
        lda #$01
        sta MDMAEN
        a16
        rtl

; A = VRAM word address of BG3's map.
map_address:
        ldy scene_def
        lda a:3,y
        and #$00FC
        xba
        rts

; The coins, two BCD digits with the palette of the text around them.
draw_hud:
        ldy scene_def
        lda a:32,y
        and #$00FF
        beq @none
        lda coins
        lsr
        lsr
        lsr
        lsr
        and #$000F
        ora #$2010                      ; glyph of "0", in front of everything
        sta hud_row + COINS_COLUMN * 2
        lda coins
        and #$000F
        ora #$2010
        sta hud_row + COINS_COLUMN * 2 + 2
        jsr map_address
        clc
        adc #STATUS_ROW * 32
        ldx queue_used
        sta queue + 0,x
        lda #hud_row
        sta queue + 2,x
        lda #$0000
        sta queue + 4,x
        lda #64
        sta queue + 5,x
        txa
        clc
        adc #$0008
        sta queue_used
@none:  rtl
