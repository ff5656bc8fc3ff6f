; Actor scripts: what moves how. They lie between packed blocks, in two banks.
.include "script.inc"

PIP_IDLE  = 0                           ; frames of the hero's stream
PIP_WALK  = 4
PIP_JUMP  = 10
PIP_CHEER = 14

.export script_bob_letter, script_cheer, script_rest, script_hover, script_twinkle, script_drift_up
.export script_flutter_down, script_patrol, script_patrol_short, script_crawl, script_journey, script_hop, script_sway
.export script_peek_top, script_peek_bottom, script_peek_side, script_fly_left, script_fly_right, script_circle
.export script_glimmer, script_haunt_cave, script_haunt_keep, script_puff_once, script_duel, script_stomp, script_burst, script_lob

.segment "SCRIPTS_CALM"

script_bob_letter:
        S_WAVE 0, 2, 600
        S_WAIT 255
        S_LOOP

script_cheer:
        S_WAIT 255
        S_LOOP

script_rest:
        S_FRAMES 0, 2, 40
        S_WAIT 240
        S_LOOP

script_hover:
        S_WAVE 0, 1, 700
        S_WAIT 255
        S_LOOP

script_twinkle:
        S_WAVE 1, 1, 300
        S_WAIT 255
        S_LOOP

script_glimmer:
        S_WAVE 5, 3, 260
        S_WAIT 120
        S_FLIP FLIP_H
        S_WAIT 120
        S_FLIP FLIP_NONE
        S_LOOP

script_sway:
        S_WAVE 1, 0, 400
        S_WAIT 60
        S_FLIP FLIP_H
        S_WAIT 60
        S_FLIP FLIP_NONE
        S_LOOP

script_circle:
        S_WAVE 6, 4, 400
        S_WAIT 255
        S_LOOP

script_drift_up:
        S_WAVE 2, 0, 900
        S_VELOCITY 0, -12
        S_WAIT 90
        S_FLIP FLIP_H
        S_WAIT 90
        S_FLIP FLIP_NONE
        S_LOOP

script_flutter_down:
        S_WAVE 4, 1, 500
        S_VELOCITY 2, 9
        S_WAIT 80
        S_FLIP FLIP_H
        S_WAIT 80
        S_FLIP FLIP_H | FLIP_V
        S_WAIT 80
        S_FLIP FLIP_NONE
        S_LOOP

; Behind BG2, and with it: the hero's level moves faster by this much.
script_haunt_cave:
        S_WAVE 5, 2, 300
        S_VELOCITY 8, 0
        S_WAIT 200
        S_LOOP

script_haunt_keep:
        S_WAVE 5, 2, 340
        S_VELOCITY 4, 0
        S_WAIT 200
        S_LOOP

script_peek_top:
        S_WAVE 0, 3, 350
        S_WAIT 255
        S_LOOP

script_peek_bottom:
        S_WAVE 2, 3, 450
        S_WAIT 255
        S_LOOP

script_peek_side:
        S_WAVE 3, 3, 420
        S_WAIT 255
        S_LOOP

.segment "SCRIPTS_LIVELY"

; Walks ahead of the camera, jumps for coins, waits for the camera to catch up: 240 pixels in 240 frames.
script_journey:
        S_FRAMES PIP_WALK, 6, 5
        S_VELOCITY 24, 0
        S_WAIT 86
        S_FRAMES PIP_JUMP, 4, 10
        S_VELOCITY 24, -57
        S_GRAVITY 3
        S_WAIT 37
        S_GRAVITY 0
        S_VELOCITY 24, 0
        S_COIN
        S_FRAMES PIP_WALK, 6, 5
        S_WAIT 37
        S_VELOCITY 0, 0
        S_FRAMES PIP_IDLE, 4, 8
        S_WAIT 40
        S_FRAMES PIP_CHEER, 4, 8
        S_WAIT 40
        S_LOOP

script_patrol:
        S_FLIP FLIP_NONE
        S_VELOCITY -14, 0
        S_WAIT 80
        S_FLIP FLIP_H
        S_VELOCITY 14, 0
        S_WAIT 80
        S_LOOP

script_patrol_short:
        S_FLIP FLIP_NONE
        S_VELOCITY -8, 0
        S_WAIT 70
        S_FLIP FLIP_H
        S_VELOCITY 8, 0
        S_WAIT 70
        S_LOOP

script_crawl:
        S_FLIP FLIP_NONE
        S_VELOCITY -3, 0
        S_WAIT 120
        S_FLIP FLIP_H
        S_VELOCITY 3, 0
        S_WAIT 120
        S_LOOP

script_hop:
        S_FLIP FLIP_NONE
        S_WAIT 30
        S_VELOCITY -12, -48
        S_GRAVITY 3
        S_WAIT 31
        S_GRAVITY 0
        S_VELOCITY 0, 0
        S_WAIT 20
        S_FLIP FLIP_H
        S_VELOCITY 12, -48
        S_GRAVITY 3
        S_WAIT 31
        S_GRAVITY 0
        S_VELOCITY 0, 0
        S_LOOP

script_fly_left:
        S_WAVE 0, 3, 500
        S_FLIP FLIP_NONE
        S_VELOCITY -14, 0
        S_WAIT 255
        S_LOOP

script_fly_right:
        S_WAVE 0, 3, 500
        S_FLIP FLIP_H
        S_VELOCITY 30, 0
        S_WAIT 255
        S_LOOP

script_puff_once:
        S_WAIT 32
        S_GONE

; The hero against the golem: runs up, jumps, cheers, steps back.
script_duel:
        S_FLIP FLIP_NONE
        S_FRAMES PIP_WALK, 6, 5
        S_VELOCITY 12, 0
        S_WAIT 60
        S_FRAMES PIP_JUMP, 4, 10
        S_VELOCITY 0, -57
        S_GRAVITY 3
        S_WAIT 37
        S_GRAVITY 0
        S_VELOCITY 0, 0
        S_COIN
        S_FRAMES PIP_CHEER, 4, 8
        S_WAIT 50
        S_FLIP FLIP_H
        S_FRAMES PIP_WALK, 6, 5
        S_VELOCITY -12, 0
        S_WAIT 60
        S_FLIP FLIP_NONE
        S_VELOCITY 0, 0
        S_FRAMES PIP_IDLE, 4, 8
        S_WAIT 48
        S_LOOP

script_stomp:
        S_WAVE 1, 0, 512
        S_VELOCITY -4, 0
        S_WAIT 100
        S_VELOCITY 4, 0
        S_WAIT 100
        S_LOOP

script_burst:
        S_FRAMES 0, 6, 5
        S_WAIT 60
        S_VELOCITY 32, 16
        S_WAIT 30
        S_VELOCITY -32, -16
        S_WAIT 30
        S_VELOCITY 0, 0
        S_LOOP

script_lob:
        S_VELOCITY -24, -57
        S_GRAVITY 3
        S_WAIT 37
        S_GRAVITY 0
        S_VELOCITY 24, 0
        S_WAIT 37
        S_VELOCITY 0, 0
        S_WAIT 30
        S_LOOP
