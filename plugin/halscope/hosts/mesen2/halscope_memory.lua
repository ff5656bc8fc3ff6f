-- Reads the console's memories chunk by chunk, and knows which chunks of VRAM the game has written.

local CHUNK = 256 -- bytes that are read, compared and sent together
local CHUNK_WORDS = CHUNK // 4
local CHUNKS_A_FRAME = 96 -- 24 KiB of what was written: reading more would take over 3 ms, see docs/reference/mesen.md
local VRAM_SLICE = 8 -- chunks compared each frame whatever was seen: all of VRAM in 32 frames
local WRAM_SLICE = 16 -- the same for WRAM: all of it in 32 frames

local mem = emu.memType
local BUS = mem.snesDebug -- the processor's bus without side effects

-- Ids are those of the messages. `known` holds the chunks as Halscope has them.
local SPACES = {
  vram = { id = 0, kind = mem.snesVideoRam },
  cgram = { id = 1, kind = mem.snesCgRam },
  oam = { id = 2, kind = mem.snesSpriteRam },
  wram = { id = 3, kind = mem.snesWorkRam },
  rom = { id = 4, kind = mem.snesPrgRom },
  bwram = { id = 5, kind = mem.snesSaveRam },
  iram = { id = 6, kind = mem.sa1InternalRam },
}
local BY_ID = {}
for _, space in pairs(SPACES) do
  space.known = {}
  BY_ID[space.id] = space
end
local vram, wram = SPACES.vram, SPACES.wram

local memory = {
  CHUNK = CHUNK,
  spaces = SPACES,
  written = {}, -- registers that getState() lacks, as the game wrote them while the script ran
  frame = 0, -- counts on through rewinding and loaded states
  oldest_wram = 512 // WRAM_SLICE - 1, -- frames since the part of WRAM that waits longest was read
}

-- Reading -------------------------------------------------------------------------------------------------------------

local read32 = emu.read32
local words = {}
local CHUNK_FORMAT = "<" .. ("I4"):rep(CHUNK_WORDS)

-- There is no bulk read. Packing many words at once costs far less than packing each.
local function read_chunk(kind, at)
  for word = 1, CHUNK_WORDS do
    words[word] = read32(at, kind) & 0xFFFFFFFF -- a word with its highest bit set may arrive as a negative number
    at = at + 4
  end
  return CHUNK_FORMAT:pack(table.unpack(words, 1, CHUNK_WORDS))
end

local function read_bytes(kind, at, length)
  local bytes = {}
  for n = 1, length do
    bytes[n] = string.char(emu.read(at + n - 1, kind))
  end
  return table.concat(bytes)
end

local records = {} -- what has changed, for the next frame's message

function memory.record(id, at, data)
  records[#records + 1] = ("<I1I4s2"):pack(id, at, data)
end

function memory.take_records()
  local taken = table.concat(records)
  records = {}
  return taken
end

local function refresh(space, chunk)
  local at = chunk * CHUNK
  local data = read_chunk(space.kind, at)
  if space.known[chunk] ~= data then
    space.known[chunk] = data
    memory.record(space.id, at, data)
  end
end

memory.refresh_chunk = refresh

-- OAM and CGRAM are small: reading them each frame costs less than the callbacks that would say when to (DMA to $2104
-- fires 544 of them), and misses nothing.
local function refresh_whole(space, length)
  local parts = {}
  for at = 0, length - 1, CHUNK do
    local rest = length - at
    parts[#parts + 1] = rest >= CHUNK and read_chunk(space.kind, at) or read_bytes(space.kind, at, rest)
  end
  local data = table.concat(parts)
  if space.known[0] ~= data then
    space.known[0] = data
    memory.record(space.id, 0, data)
  end
  return data
end

-- HDMA tables in WRAM are read in the frame that they were followed in: a table of another moment would put colours on
-- wrong lines. At this time a channel still has its table's beginning and end.
local LONGEST_TABLE = 0x400 -- bytes; Halscope does not follow longer ones in WRAM
local CHANNELS = {}
for channel = 0, 7 do
  local key = ("dmaController.channel[%d]."):format(channel)
  CHANNELS[channel] = { bank = key .. "srcBank", first = key .. "srcAddress", last = key .. "hdmaTableAddress" }
end

local function refresh_hdma_tables(state)
  local enabled = state["dmaController.hdmaChannels"] or 0
  for channel = 0, 7 do
    if enabled & 1 << channel ~= 0 then
      local keys = CHANNELS[channel]
      local bank, low, high = state[keys.bank] or 0, state[keys.first] or 0, state[keys.last] or 0
      local is_mirror = bank & 0x7F < 0x40 and high <= 0x2000 -- the first 8 KiB, in banks 00-3F and 80-BF
      if (bank & 0xFE == 0x7E or is_mirror) and low <= high and high - low <= LONGEST_TABLE then
        local base = is_mirror and 0 or (bank & 1) << 16
        for chunk = (base + low) // CHUNK, math.min(base + high, 0x1FFFF) // CHUNK do
          refresh(wram, chunk)
        end
      end
    end
  end
end

-- What was written to VRAM --------------------------------------------------------------------------------------------

local dirty, queue, first, last = {}, {}, 1, 0 -- chunks in the order in which they were written, and the frame of each
local vmadd, increment, remap = 0, 1, 0 -- $2116/7; $2115 bits 0-1 as words; $2115 bits 2-3

local function mark(chunk)
  chunk = chunk & 0xFF
  if not dirty[chunk] then
    dirty[chunk] = memory.frame
    last = last + 1
    queue[last] = chunk
  end
end

local function mark_transfer(steps)
  local from, to = vmadd, vmadd + (steps - 1) * increment
  if remap > 0 then
    local block = 0x80 << remap -- the words among which $2115 rotates the address
    from, to = from & -block, to | block - 1
  end
  if to - from >= 0x8000 then
    from, to = 0, 0x7FFF
  end
  for chunk = from * 2 // CHUNK, to * 2 // CHUNK do
    mark(chunk)
  end
  vmadd = vmadd + steps * increment & 0x7FFF
end

-- Increments of the VRAM address per byte, by transfer mode: in modes 1, 3 and 5 a word takes two bytes.
local STEPS = { [0] = 1, 0.5, 1, 0.5, 0.25, 0.5, 1, 0.5 }

-- $420B starts DMA; the channels still hold source, target and length. $2118 and $2119 are not watched: DMA alone
-- writes them up to 41,000 times in a frame. What the processor writes there itself, the slices find at the latest.
local function on_dma_start(_, channels)
  for channel = 0, 7 do
    if channels & 1 << channel ~= 0 then
      local base = 0x4300 + channel * 16
      local control = read32(base, BUS)
      local port = control >> 8 & 0xFF
      local is_vram = port == 0x18 or port == 0x19
      if control & 0x80 == 0 and (is_vram or port == 0x22) then
        local bank_and_size = read32(base + 4, BUS)
        local source, size = (bank_and_size & 0xFF) << 16 | control >> 16 & 0xFFFF, bank_and_size >> 8 & 0xFFFF
        size = size == 0 and 0x10000 or size
        memory.on_source(source, size)
        if is_vram then
          if memory.on_transfer then
            memory.on_transfer(source, vmadd, size)
          end
          mark_transfer(math.ceil(size * STEPS[control & 7]))
        end
      end
    end
  end
end

local function on_vram_port(address, value)
  local register = address & 0xFFFF
  if register == 0x2115 then
    increment = value & 3 == 0 and 1 or value & 3 == 1 and 32 or 128
    remap = value >> 2 & 3
    return
  end
  vmadd = register == 0x2116 and vmadd & 0x7F00 | value or vmadd & 0x00FF | (value & 0x7F) << 8
  if register == 0x2117 then
    mark(vmadd * 2 // CHUNK) -- what the processor writes itself usually begins here, and is short
  end
end

function memory.watch()
  local function add(callback, low, high)
    -- The absolute type: a game that writes $80:420B or another mirror is seen too.
    emu.addMemoryCallback(callback, emu.callbackType.write, low, high, emu.cpuType.snes, mem.snesRegister)
  end
  add(on_dma_start, 0x420B, 0x420B)
  add(on_vram_port, 0x2115, 0x2117)
  for register, name in pairs({ [0x212A] = "wbglog", [0x212B] = "wobjlog", [0x2130] = "cgwsel" }) do
    add(function(_, value) memory.written["halscope." .. name] = value end, register, register)
  end
end

-- A frame -------------------------------------------------------------------------------------------------------------

-- The game did not get here by running: another ROM, a loaded state, a reset.
function memory.forget_written()
  memory.written = {}
  memory.forget()
end

-- Whatever Halscope has, it is no longer true.
function memory.forget()
  for _, space in pairs(SPACES) do
    space.known = {}
  end
  for chunk = 0, 0xFF do
    mark(chunk)
  end
end

local vram_next, wram_next = 0, 0

-- Reads what was written and this frame's slices; returns OAM, and how many more chunks this frame may read.
function memory.refresh(state)
  local vmadd_now = state["ppu.vramAddress"] or vmadd
  if vmadd_now ~= vmadd then
    mark(vmadd_now * 2 // CHUNK) -- the processor has written since it set the address
    vmadd = vmadd_now
  end
  local room = CHUNKS_A_FRAME
  while room > 0 and first <= last do
    local chunk = queue[first]
    queue[first], dirty[chunk], first = nil, nil, first + 1
    refresh(vram, chunk)
    room = room - 1
  end
  for _ = 1, VRAM_SLICE do
    refresh(vram, vram_next)
    vram_next = vram_next + 1 & 0xFF
  end
  for _ = 1, WRAM_SLICE do
    refresh(wram, wram_next)
    wram_next = wram_next + 1 & 0x1FF
  end
  refresh_hdma_tables(state)
  refresh_whole(SPACES.cgram, 512)
  return refresh_whole(SPACES.oam, 544), room
end

-- Frames for which a chunk of VRAM has been waiting to be read; 0 if none is.
function memory.oldest_vram()
  return first <= last and memory.frame - dirty[queue[first]] or 0
end

-- Changes with the ROM, and is quick: getRomInfo() hashes the whole file each time.
function memory.rom_mark()
  local kind = SPACES.rom.kind
  return ("%d %d %d"):format(emu.getMemorySize(kind), read32(0x7FDC, kind), read32(0xFFDC, kind))
end

-- What was written to BW-RAM, which is the save file too: offset → byte, and the game's own byte before that.
local written, own = {}, {}

local function note_edit(offset, data)
  for n = 1, #data do
    local at = offset + n - 1
    local there = emu.read(at, SPACES.bwram.kind)
    if there ~= written[at] then -- else an earlier edit stands there
      own[at] = there
    end
    written[at] = data:byte(n)
  end
end

-- Puts back what the game has not written anew since. Mesen stores the save file at power-off, which no script sees.
function memory.take_back_edits()
  local kind = SPACES.bwram.kind
  for at, byte in pairs(written) do
    if emu.read(at, kind) == byte then
      emu.write(at, own[at], kind)
    end
  end
  written, own = {}, {}
end

-- Writes ({id, offset, data, expected or false}): all of them, or none and a reason.
function memory.write(writes)
  for n, write in ipairs(writes) do
    local space = BY_ID[write[1]]
    if not space or write[2] + #write[3] > emu.getMemorySize(space.kind) then
      return ("write %d is outside of its memory"):format(n)
    elseif write[4] then
      local there = read_bytes(space.kind, write[2], #write[4])
      if there ~= write[4] and there ~= write[3] then -- it may hold the edit already: the script ran before
        return ("write %d: the game no longer has the expected bytes there"):format(n)
      end
    end
  end
  for _, write in ipairs(writes) do
    local space, offset, data = BY_ID[write[1]], write[2], write[3]
    if space == SPACES.bwram then
      note_edit(offset, data)
    end
    for n = 1, #data do
      emu.write(offset + n - 1, data:byte(n), space.kind)
    end
    for chunk = offset // CHUNK, (offset + #data - 1) // CHUNK do
      if space == vram then
        mark(chunk)
      elseif space == wram or space == SPACES.bwram or space == SPACES.iram then
        refresh(space, chunk)
      end
    end
  end
  return ""
end

return memory
