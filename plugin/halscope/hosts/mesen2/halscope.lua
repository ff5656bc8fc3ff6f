-- Halscope inside Mesen 2 and MesenCE: sends what changes in video memory, and applies edits to the running game.
--
-- Load this file in Debug > Script Window, with "Allow access to I/O and OS functions" and "Allow network access" on
-- (Script > Settings > Script Window > Restrictions). It may run before Halscope does: it looks for a Halscope on this
-- computer every second.
-- No error stops it, and the emulator never waits for it.

local PROTOCOL = 2
local RETRY_FRAMES = 60 -- between two attempts to connect
local REFUSED_FRAMES = 600 -- the same after Halscope has refused this script
local REGISTERS = 0x80 -- id of the registers, which are sent like a memory

local function say(text)
  emu.displayMessage("Halscope", text)
  emu.log("Halscope: " .. text)
end

if not io or not os or not require then
  say("allow I/O and OS functions, and network access, in Script > Settings > Restrictions; then run it again")
  return
end
if not pcall(require, "halscope_memory") then -- Mesen looks beside the script's file
  say("open this script from the place that `halscope attach mesen2 --script` prints: it needs the files beside it")
  return
end
local memory = require("halscope_memory")
local registers = require("halscope_registers")
local sa1 = require("halscope_sa1")
local screen = require("halscope_screen")
local states = require("halscope_states")
local trace = require("halscope_trace")
local link = require("halscope_link")
if not link.load() then
  say("allow network access in Script > Settings > Restrictions; then run it again")
  return
end

local next_attempt = 0
local accepted = false -- Halscope has answered this script's greeting
local rom_mark, known_registers

local function rom_fields()
  sa1.begin()
  local rom, spaces = emu.getRomInfo(), memory.spaces
  local function size(space)
    return emu.getMemorySize(space.kind)
  end
  local sizes = ("<I4I4I4"):pack(size(spaces.rom), size(spaces.bwram), size(spaces.iram))
  return ("<s2s2s2"):pack(rom.name or "", rom.path or "", rom.fileSha1Hash or "") .. sizes
end

local function connect()
  next_attempt = memory.frame + RETRY_FRAMES
  accepted = false
  local token = link.connect()
  if token then
    rom_mark = memory.rom_mark()
    local emulator = emu.getCpuState and "MesenCE" or "Mesen 2"
    link.post("H", ("<s1I1s1s2"):pack(token, PROTOCOL, emulator, registers.names) .. rom_fields())
  end
end

local readers = {}

-- Accepted.
readers.O = function()
  accepted, known_registers = true, nil
  memory.forget()
  say("connected")
end

-- Refused: why.
readers.X = function(payload)
  say((("<s2"):unpack(payload)))
  link.close()
  next_attempt = memory.frame + REFUSED_FRAMES
end

readers.M = function(payload)
  say((("<s2"):unpack(payload)))
end

readers.L = function(payload)
  screen.outlines = {}
  local count, at = ("<I2"):unpack(payload)
  for n = 1, count do
    local outline = { ("<i2i2I2I2I4s1"):unpack(payload, at) }
    at = table.remove(outline)
    screen.outlines[n] = outline
  end
end

readers.N = function(payload)
  screen.labels = {}
  local count, at = ("<I1"):unpack(payload)
  for _ = 1, count do
    local sprite, label
    sprite, label, at = ("<I1s1"):unpack(payload, at)
    screen.labels[sprite] = label
  end
end

readers.W = function(payload)
  local id, count, at = ("<I4I2"):unpack(payload)
  local writes = {}
  for n = 1, count do
    local space, offset, checked, data, expected
    space, offset, checked, data, expected, at = ("<I1I4I1s4s4"):unpack(payload, at)
    writes[n] = { space, offset, data, checked == 1 and expected }
  end
  link.post("A", ("<I4s2"):pack(id, memory.write(writes)))
end

-- Save a state, load a state, reset.
readers.S = function(payload)
  local id = ("<I4"):unpack(payload)
  states.ask(nil, function(state)
    link.post("V", ("<I4s4"):pack(id, state))
  end)
end

readers.Z = function(payload)
  local id, state = ("<I4s4"):unpack(payload)
  states.ask(state, function(problem)
    link.post("A", ("<I4s2"):pack(id, problem))
  end)
end

readers.K = function()
  emu.reset()
end

readers.T = function(payload)
  local decoders, ranges = {}, {}
  local transfers, count, at = ("<I1I1"):unpack(payload)
  for n = 1, count do
    decoders[n] = { ("<I4s1s1"):unpack(payload, at) }
    at = table.remove(decoders[n])
  end
  count, at = ("<I1"):unpack(payload, at)
  for n = 1, count do
    ranges[n] = { ("<I4I4"):unpack(payload, at) }
    at = table.remove(ranges[n])
  end
  trace.start(decoders, ranges)
  memory.on_transfer = transfers == 1 and trace.transfer or nil
end

local function stop_tracing()
  trace.start({}, {})
  memory.on_transfer = nil
end

local function send_frame()
  local state = emu.getState()
  for key, value in pairs(memory.written) do
    state[key] = value
  end
  local packed = registers.pack(state)
  if packed ~= known_registers then
    known_registers = packed
    memory.record(REGISTERS, 0, packed)
  end
  local oam, room = memory.refresh(state)
  sa1.refresh(room)
  screen.draw(state, oam)
  local vram_age = math.min(memory.oldest_vram(), 0xFFFF)
  local ages = ("<I2I2I2I2"):pack(vram_age, memory.oldest_wram, sa1.bwram_age, sa1.iram_age)
  local pointer = ("<I1I1"):pack(screen.hovered, screen.take_click())
  link.post("F", ("<I4"):pack(memory.frame & 0xFFFFFFFF) .. ages .. pointer .. memory.take_records())
end

local function serve()
  if emu.getMemorySize(memory.spaces.vram.kind) ~= 0x10000 then
    return -- a game of another console
  end
  if not link.open then
    if memory.frame >= next_attempt then
      connect()
      link.flush()
    end
    return
  end
  link.flush()
  local taken = link.idle() -- whether Halscope has the last frame; answers to its messages do not count
  if link.open then
    link.receive(readers)
  end
  if not link.open then
    accepted = false
    screen.labels, screen.outlines = {}, {}
    stop_tracing()
    memory.take_back_edits()
    next_attempt = math.max(next_attempt, memory.frame + RETRY_FRAMES)
    return
  end
  if not accepted then
    return
  end
  if memory.frame % RETRY_FRAMES == 0 and memory.rom_mark() ~= rom_mark then
    rom_mark = memory.rom_mark()
    memory.forget_written()
    stop_tracing() -- its addresses are those of the other ROM
    link.post("R", rom_fields())
  end
  local events = trace.take(memory.frame + 1)
  if events ~= "" then
    link.post("E", events)
  end
  if taken then
    send_frame() -- otherwise what has changed is kept for a later frame
  end
  link.flush()
end

local last_problem

-- The start of vblank, before the game's NMI handler: memory still is what the picture was drawn from.
local function on_end_of_frame()
  memory.frame = memory.frame + 1
  states.rest()
  local good, problem = pcall(serve)
  if not good then
    link.close()
    accepted = false
    pcall(stop_tracing)
    next_attempt = memory.frame + RETRY_FRAMES
    if problem ~= last_problem then -- the log keeps 500 lines
      last_problem = problem
      emu.log("Halscope: " .. tostring(problem))
    end
  end
end

memory.on_source = sa1.mark_source
memory.watch()
emu.addEventCallback(memory.take_back_edits, emu.eventType.scriptEnded)
emu.addEventCallback(on_end_of_frame, emu.eventType.endFrame)
emu.addEventCallback(memory.forget_written, emu.eventType.stateLoaded)
emu.addEventCallback(memory.forget_written, emu.eventType.reset)
say("waiting for `halscope attach mesen2`")
