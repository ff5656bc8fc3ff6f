-- Savestates: Mesen makes and loads them only while it calls a script for an instruction of the main processor.

local states = {}

local request -- what to do at the next instruction: {load = state or nil, done = function}
local watched -- the callback, until the end of the frame

local function on_instruction()
  local now = request
  if now then
    request = nil
    if now.load then
      now.done(emu.loadSavestate(now.load) and "" or "Mesen refused the state: it is damaged, or of another game")
    else
      now.done(emu.createSavestate())
    end
  end
end

-- Saves (`load` is nil) or loads a state at the next instruction, then calls `done` with the state or a problem ("").
function states.ask(load, done)
  request = { load = load, done = done }
  if not watched then
    watched = emu.addMemoryCallback(on_instruction, emu.callbackType.exec, 0, 0xFFFFFF, emu.cpuType.snes, emu.memType.snesMemory)
  end
end

-- Called at the end of a frame: every instruction costs a call as long as they are watched.
function states.rest()
  if watched and not request then
    emu.removeMemoryCallback(watched, emu.callbackType.exec, 0, 0xFFFFFF, emu.cpuType.snes, emu.memType.snesMemory)
    watched = nil
  end
end

return states
