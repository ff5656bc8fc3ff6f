; Every variable of the lab. Addresses end up in the truth file, read from the linker's label file.
.include "memory.inc"

.globalzp hal_count, hal_end, hal_dest, hal_command, hal_bits, hal_saved
.global job_slot

.zeropage
scratch:            .res 16     ; free for any routine, dead after it returns
pointer:            .res 3
hal_source:         .res 3      ; in: the stream, or the data of a raw load
hal_base:           .res 2      ; in: where the output starts in its bank
hal_bank:           .res 1      ; in: bank of the output
hal_count:          .res 2
hal_end:            .res 2
hal_dest:           .res 2
hal_command:        .res 2
hal_bits:           .res 2
hal_saved:          .res 2

.segment "VARIABLES"            ; $0100, the first ones where the demo has them
frame_counter:      .res 4      ; u32, one more at every NMI
scene:              .res 1      ; number of the scene
ready:              .res 1      ; 1 while a scene is on screen
next_scene:         .res 1      ; write a scene's number here to go there; $FF when nothing is asked for
job_slot:           .res 1      ; init.s sets it; the lab streams nothing
scene_frame:        .res 2      ; u16, frames since the scene appeared
load_count:         .res 2      ; u16, scenes loaded since power-on
lag_frames:         .res 2      ; u16, NMIs that found the program not finished with its frame
scene_clock:        .res 2      ; logic frames since the scene was loaded
vblank_job:         .res 1      ; 1 when the shadows are complete and wait for vblank
brightness:         .res 1      ; INIDISP
ready_shadow:       .res 1
hdma_shadow:        .res 1      ; HDMAEN
scene_update:       .res 2      ; the scene's routine for the main loop
scene_vblank:       .res 2      ; the scene's routine for vblank
joy_held:           .res 2
joy_pressed:        .res 2
cycle_step:         .res 2      ; how far the embers' colours in the buffer have gone round
cycle_shown:        .res 2      ; the same of CGRAM
cycle_wait:         .res 2
swell_phase:        .res 2      ; step of the wave that the indirect table begins with
ripple_back:        .res 2      ; the direct table that is not shown
ripple_next:        .res 2      ; step that it begins with
ripple_shown:       .res 2      ; step that the shown one begins with
