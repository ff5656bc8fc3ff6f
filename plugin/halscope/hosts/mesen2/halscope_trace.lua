-- Tracing, on request: who calls the game's decoder with which stream, what DMA brings to VRAM, what the game reads in
-- the ROM, and which code writes the buffers that DMA takes its data from.

local MOST_EVENTS = 64 -- of a frame
local MOST_TRANSFERS = 48 -- of these: a loading frame starts more DMA, and calls must not be lost to it
local MOST_STATES = 4 -- getState() calls of a frame for events, 0.3 ms each, where there is no getCpuState()
local MOST_BUFFERS = 4 -- of which the writers are looked for at a time
local WATCHED = 0x100 -- bytes of a buffer
local BUFFER_FRAMES = 600 -- after which another buffer has its turn
local UNKNOWN = 0xFFFFFFFF

local mem = emu.memType
local BUS = mem.snesDebug -- the processor's bus without side effects

local trace = { ranges = {} }

local events, frame, states, transfers = {}, 0, 0, 0
local watched = {} -- memory callbacks: the keys are all that removing them takes
local buffers, buffer_count = {}, 0 -- by their place in WRAM; those whose writer is looked for

local function event(kind, ...)
  if #events < MOST_EVENTS then
    events[#events + 1] = ("<c1I4I4I4I4"):pack(kind, frame, ...)
  end
end

local function watch(callback, kind, low, high, memory)
  local reference = emu.addMemoryCallback(callback, kind, low, high, emu.cpuType.snes, memory)
  local one = { reference, kind, low, high, emu.cpuType.snes, memory }
  watched[one] = true
  return one
end

local function unwatch(one)
  watched[one] = nil
  emu.removeMemoryCallback(table.unpack(one))
end

-- The processor's registers, or nil if asking costs too much of this frame.
local function registers()
  if emu.getCpuState then
    return emu.getCpuState(emu.cpuType.snes)
  end
  states = states + 1
  if states > MOST_STATES then
    return
  end
  local short = {}
  for key, value in pairs(emu.getState()) do
    local name = key:match("^cpu%.(%w+)$")
    if name then
      short[name] = value
    end
  end
  return short
end

-- The file offset of an address of the processor, or UNKNOWN if it is not in the ROM.
local function rom_offset(address)
  local place = emu.convertAddress(address, mem.snesMemory, emu.cpuType.snes)
  return place and place.memType == mem.snesPrgRom and place.address or UNKNOWN
end

local function bus(address, bytes)
  local value = 0
  for n = bytes - 1, 0, -1 do
    value = value << 8 | emu.read(address + n & 0xFFFFFF, BUS)
  end
  return value
end

-- Reads a place of a pointer: "a", "x", "y", "db", "dp+0E" or "7E:0010".
local function at_place(place, cpu, bytes)
  local mask = (1 << 8 * bytes) - 1
  if place == "db" then
    return cpu.dbr & mask
  elseif #place == 1 then
    return cpu[place] & mask
  end
  local direct = place:match("^dp%+(%x+)$")
  if direct then
    return bus(cpu.d + tonumber(direct, 16) & 0xFFFF, bytes)
  end
  local bank, address = place:match("^(%x+):(%x+)$")
  return bus(tonumber(bank .. address, 16), bytes)
end

-- The address of the call that led here: JSL pushes three bytes, JSR two, both the address of the call's last byte.
local function caller(cpu)
  local far = bus(cpu.sp + 1, 3)
  if emu.read(far - 3 & 0xFFFFFF, BUS) == 0x22 then
    return far - 3 & 0xFFFFFF
  end
  local near = cpu.k << 16 | far & 0xFFFF
  return emu.read(near - 2 & 0xFFFFFF, BUS) == 0x20 and near - 2 & 0xFFFFFF or UNKNOWN
end

local function on_decoder(number, address_place, bank_place)
  return function()
    local cpu = registers()
    if cpu then
      local stream = at_place(bank_place, cpu, 1) << 16 | at_place(address_place, cpu, 2)
      event("C", caller(cpu), number << 24 | stream, rom_offset(stream))
    end
  end
end

local function on_buffer(buffer)
  return function()
    if not buffer.written and (emu.getCpuState or states == 0) then -- else the decoder's calls would go without
      local cpu = registers()
      if cpu then
        buffer.written = true
        event("B", cpu.k << 16 | cpu.pc, buffer.low, buffer.high)
      end
    end
  end
end

-- The offset in WRAM of an address of the processor, or nil.
local function wram_offset(address)
  local bank = address >> 16
  if bank & 0xFE == 0x7E then
    return address & 0x1FFFF
  elseif bank & 0x7F < 0x40 and address & 0xFFFF < 0x2000 then
    return address & 0x1FFF
  end
end

-- Called for each DMA start to VRAM.
function trace.transfer(source, vram_word, size)
  if transfers < MOST_TRANSFERS then
    transfers = transfers + 1
    event("D", source, vram_word, size)
  end
  local low = wram_offset(source)
  local key = low and low >> 11 -- buffers of 2 KiB: a streamed figure comes from many places of one
  if key and not buffers[key] and buffer_count < MOST_BUFFERS then
    -- Not watched from here: Mesen walks its list of callbacks while it calls them. Only a part of it is watched: what
    -- fills a buffer comes by there too, and each write is a call.
    buffers[key] = { low = low & -WATCHED, high = (low & -WATCHED) + WATCHED - 1, since = frame }
    buffer_count = buffer_count + 1
  end
end

local function on_rom_read(address)
  local offset = rom_offset(address)
  if offset == UNKNOWN then
    return
  end
  for _, range in ipairs(trace.ranges) do
    if offset >= range[1] and offset < range[2] then
      if range.frame ~= frame then -- the first read in a frame is told
        range.frame = frame
        event("R", offset, range[1], 0)
      end
      return
    end
  end
end

-- Watches decoders ({address, place of the pointer, place of its bank}) and ranges of the ROM ({first, end}), in place
-- of what was watched before. Not to be called from a memory callback.
function trace.start(decoders, ranges)
  for one in pairs(watched) do
    emu.removeMemoryCallback(table.unpack(one))
  end
  watched, events, transfers, buffers, buffer_count = {}, {}, 0, {}, 0
  trace.ranges = ranges
  for number, decoder in ipairs(decoders) do
    local offset = rom_offset(decoder[1])
    if offset ~= UNKNOWN then -- by its place in the ROM: calls through every mirror are seen
      watch(on_decoder(number - 1, decoder[2], decoder[3]), emu.callbackType.exec, offset, offset, mem.snesPrgRom)
    end
  end
  for _, range in ipairs(ranges) do
    watch(on_rom_read, emu.callbackType.read, range[1], range[2] - 1, mem.snesPrgRom)
  end
end

-- Called at the end of a frame; returns the events since the last call. `next_frame` numbers the events that follow.
function trace.take(next_frame)
  for key, buffer in pairs(buffers) do
    if not buffer.callback and not buffer.written then
      buffer.callback = watch(on_buffer(buffer), emu.callbackType.write, buffer.low, buffer.high, mem.snesWorkRam)
    elseif buffer.callback and (buffer.written or frame - buffer.since > BUFFER_FRAMES) then
      -- Each further write would be a call for nothing. One whose writer is unknown may come back.
      unwatch(buffer.callback)
      buffer_count = buffer_count - 1
      buffer.callback = nil
      if not buffer.written then
        buffers[key] = nil
      end
    end
  end
  local taken = events
  events, frame, states, transfers = {}, next_frame, 0, 0
  return table.concat(taken)
end

return trace
