-- Records what Mesen's callbacks tell of the demo ROM: run in Mesen's core with the demo ROM, files allowed.
-- HALSCOPE_MESEN_LOG names the file. Each line is a frame: where the game is (load_count scene scene_frame ready), then
-- in their order the writes to watched registers (register=value, $420B with the registers of its channels), and calls
-- of the decoder (call=bytes of the stack, stream's address).

local VARIABLES = { 268, 260, 264, 261 } -- load_count scene scene_frame ready, as the demo's truth file has them
local NEXT_SCENE, DECODER, STREAM = 262, tonumber(os.getenv("HALSCOPE_DEMO_DECODER")), tonumber(os.getenv("HALSCOPE_DEMO_STREAM"))
local SHOWN_FRAMES = 45 -- of each scene
local file = io.open(os.getenv("HALSCOPE_MESEN_LOG"), "w")
local mem, events = emu.memType, {}

local function add(format, ...)
  events[#events + 1] = format:format(...)
end

local function on_write(address, value)
  local register = address & 0xFFFF
  add("%06X=%02X", address, value)
  if register == 0x420B then
    for channel = 0, 7 do
      if value & 1 << channel ~= 0 then
        local bytes = {}
        for n = 0, 6 do
          bytes[n + 1] = ("%02X"):format(emu.read(0x4300 + channel * 16 + n, mem.snesDebug))
        end
        events[#events] = events[#events] .. ":" .. channel .. table.concat(bytes)
      end
    end
  end
end

local function on_decode()
  local state = emu.getState()
  local stack, stream = {}, {}
  for n = 1, 3 do
    stack[n] = ("%02X"):format(emu.read(state["cpu.sp"] + n, mem.snesDebug))
    stream[n] = ("%02X"):format(emu.read(STREAM + n - 1, mem.snesWorkRam))
  end
  add("call=%s:%s", table.concat(stack), table.concat(stream))
end

local shown, scene_wanted = 0, 0
local function on_end_of_frame()
  local at = {}
  for n, place in ipairs(VARIABLES) do
    at[n] = emu.read16(place, mem.snesWorkRam) & (n == 1 and 0xFFFF or n == 3 and 0xFFFF or 0xFF)
  end
  file:write(table.concat(at, " "), " ", table.concat(events, " "), "\n")
  events = {}
  if at[4] == 1 and at[2] == scene_wanted then
    shown = shown + 1
    if shown == SHOWN_FRAMES then
      shown, scene_wanted = 0, scene_wanted + 1
      if scene_wanted == 4 then
        file:close()
        emu.stop(7)
      else
        emu.write(NEXT_SCENE, scene_wanted, mem.snesWorkRam)
      end
    end
  end
end

for _, range in ipairs({ { 0x2115, 0x2117 }, { 0x212A, 0x212B }, { 0x2130, 0x2130 }, { 0x420B, 0x420B } }) do
  emu.addMemoryCallback(on_write, emu.callbackType.write, range[1], range[2], emu.cpuType.snes, mem.snesRegister)
end
emu.addMemoryCallback(on_decode, emu.callbackType.exec, DECODER, DECODER, emu.cpuType.snes, mem.snesPrgRom)
emu.addEventCallback(on_end_of_frame, emu.eventType.endFrame)
