-- The SA-1's memories: BW-RAM, where games keep graphics and palettes before DMA takes them to the screen, and IRAM.

local memory = require("halscope_memory")
local bwram, iram = memory.spaces.bwram, memory.spaces.iram

local CHUNK = memory.CHUNK
local ROUND = 56 -- frames in which all of BW-RAM is compared, whatever was seen; 32 would cost too much for 256 KiB
local MOST_BWRAM, IRAM = 0x40000, 0x800 -- bytes

local sa1 = {
  bwram_age = 0, -- frames since the part that waits longest was read, as that of IRAM
  iram_age = IRAM // CHUNK - 1,
}

local chunks, slice = 0, 0 -- of BW-RAM, and how many of them a frame compares; 0: the game has none
local bwram_next, iram_next = 0, 0
local waiting, queue, first, last = {}, {}, 1, 0 -- chunks that DMA has taken, in that order

-- Call this whenever Halscope is told of the ROM: it is sent what belongs to that one.
function sa1.begin()
  local size = emu.getMemorySize(bwram.kind)
  local is_there = emu.getMemorySize(iram.kind) == IRAM and size <= MOST_BWRAM
  chunks = is_there and size // CHUNK or 0
  slice = math.ceil(chunks / ROUND)
  sa1.bwram_age = chunks > 0 and math.ceil(chunks / slice) - 1 or 0
  bwram_next, waiting, queue, first, last = 0, {}, {}, 1, 0
  sa1.has_iram = is_there
end

-- DMA takes bytes from a 24-bit address to VRAM or CGRAM: what is there has been written not long ago.
function sa1.mark_source(address, size)
  if chunks == 0 then
    return
  end
  local place = emu.convertAddress(address, emu.memType.snesMemory, emu.cpuType.snes)
  if place and place.memType == bwram.kind then
    for chunk = place.address // CHUNK, math.min((place.address + size - 1) // CHUNK, chunks - 1) do
      if not waiting[chunk] then
        waiting[chunk] = true
        last = last + 1
        queue[last] = chunk
      end
    end
  end
end

-- Reads this frame's slices, and as many chunks of what DMA has taken as there is room for.
function sa1.refresh(room)
  while room > 0 and first <= last do
    local chunk = queue[first]
    queue[first], waiting[chunk], first = nil, nil, first + 1
    memory.refresh_chunk(bwram, chunk)
    room = room - 1
  end
  for _ = 1, slice do
    memory.refresh_chunk(bwram, bwram_next)
    bwram_next = (bwram_next + 1) % chunks
  end
  if sa1.has_iram then
    memory.refresh_chunk(iram, iram_next)
    iram_next = (iram_next + 1) % (IRAM // CHUNK)
  end
end

return sa1
