; Every variable of the game. Addresses end up in the truth file, read from the linker's label file.
.include "memory.inc"

.zeropage
scratch:            .res 16     ; free for any routine, dead after it returns
pointer:            .res 3      ; 24-bit pointer of the routine at work
script_pointer:     .res 3      ; the actor script that is being read
event_pointer:      .res 3      ; next entry of the scene's event list
ground_pointer:     .res 3      ; the scene's ground line, a byte for each of 512 columns
hal_source:         .res 3      ; in: packed stream. The decoder keeps the bank here and the low word in Y
hal_base:           .res 2      ; in: where the output starts in its bank
hal_bank:           .res 1      ; in: bank of the output
hal_count:          .res 2      ; the command's count - 1
hal_end:            .res 2      ; where the command's output ends
hal_dest:           .res 2
hal_command:        .res 2
hal_bits:           .res 2      ; index into bit_reverse (high byte stays 0)
hal_saved:          .res 2      ; the source position while Y points into the output
part_x:             .res 2      ; the metasprite that is being drawn
part_y:             .res 2
part_tile:          .res 2
part_attr:          .res 2
part_count:         .res 2
draw_flip:          .res 2
oam_index:          .res 2

.segment "VARIABLES"            ; $0100: first, so that these addresses never move
frame_counter:      .res 4      ; u32, one more at every NMI
scene:              .res 1      ; 0 title, 1 meadow, 2 cave, 3 keep
ready:              .res 1      ; 1 while a scene is fully on screen: no fade, no forced blank
next_scene:         .res 1      ; write a scene's number here to go there; $FF when nothing is asked for
job_slot:           .res 1      ; slot that the queued stream fills, $FF if none
scene_frame:        .res 2      ; u16, ready frames since the scene appeared
scene_timer:        .res 2      ; u16, ready frames left
load_count:         .res 2      ; u16, scenes loaded since power-on
lag_frames:         .res 2      ; u16, NMIs that found the game not finished with its frame
coins:              .res 2      ; BCD
slot_frame:         .res MAX_SLOTS      ; the frame that each slot's VRAM holds now, $FF before the first
slot_want:          .res MAX_SLOTS      ; the frame that the actors ask for
job_frame:          .res 1
vblank_job:         .res 1      ; 1 when the shadows below are complete and wait for vblank
brightness:         .res 1      ; INIDISP
ready_shadow:       .res 1
fade:               .res 1      ; 0 steady, 1 in, 2 out
text_color:         .res 1
scene_clock:        .res 2      ; logic frames since the scene was loaded
joy_held:           .res 2
joy_pressed:        .res 2
camera_x:           .res 2      ; BG1 position in 1/16 pixels
camera_y:           .res 2      ; pixels
back_x:             .res 2      ; BG2 position in 1/16 pixels
back_y:             .res 2
scroll_shadow:      .res 8      ; BG1HOFS, BG1VOFS, BG2HOFS, BG2VOFS
scene_def:          .res 2      ; address of the scene's record
queue_used:         .res 2
queue:              .res QUEUE_BYTES    ; VRAM word address, source, source bank, size (7 of 8 bytes used)
block_frames:       .res 64     ; frame count of each loaded block, from its header where it has one
block_ticks:        .res 64     ; vblanks a frame, likewise
hud_row:            .res 64     ; BG3 map row of the status line

oam_shadow:         .res 544
oam_high_bits:      .res 128    ; x bit 8 and size of each sprite, before they are packed four to a byte

; One word for each actor in every array.
actor_sheet:        .res MAX_ACTORS * 2 ; address of its sheet record, 0 = free
actor_x:            .res MAX_ACTORS * 2 ; 1/16 pixels, the middle of the metasprite
actor_y:            .res MAX_ACTORS * 2
actor_vx:           .res MAX_ACTORS * 2
actor_vy:           .res MAX_ACTORS * 2
actor_ay:           .res MAX_ACTORS * 2
actor_attr:         .res MAX_ACTORS * 2 ; OAM attribute byte: vhoopppN with N from the tile
actor_flags:        .res MAX_ACTORS * 2
actor_script:       .res MAX_ACTORS * 2
actor_script_start: .res MAX_ACTORS * 2
actor_script_bank:  .res MAX_ACTORS * 2
actor_wait:         .res MAX_ACTORS * 2
actor_phase:        .res MAX_ACTORS * 2 ; 8.8 of a turn
actor_wave_speed:   .res MAX_ACTORS * 2
actor_wave_x:       .res MAX_ACTORS * 2 ; number of the wave table × 256
actor_wave_y:       .res MAX_ACTORS * 2
actor_first:        .res MAX_ACTORS * 2 ; animation: first frame, number of frames, vblanks a frame, vblanks left, step
actor_count:        .res MAX_ACTORS * 2
actor_ticks:        .res MAX_ACTORS * 2
actor_tick:         .res MAX_ACTORS * 2
actor_step:         .res MAX_ACTORS * 2
