; The header that emulators read, and the vectors.
.include "memory.inc"

.segment "HEADER"
        .byte "HALSCOPE DEMO        "  ; 21 characters
        .byte $20                       ; LoROM, slow
        .byte $00                       ; ROM alone
        .byte $09                       ; 512 KiB
        .byte $00                       ; no SRAM
        .byte $01                       ; North America
        .byte $00
        .byte $00                       ; version 1.0
        .word $FFFF, $0000              ; complement and checksum: the build fills them in

.segment "VECTORS"
        .addr 0, 0, unused_vector, unused_vector, unused_vector, nmi, 0, unused_vector
        .addr 0, 0, unused_vector, 0, unused_vector, unused_vector, reset, unused_vector
