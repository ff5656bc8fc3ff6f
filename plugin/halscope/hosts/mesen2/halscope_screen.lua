-- Draws on the emulator's screen: what Halscope asks for, and the sprite under the mouse.

local NO_SPRITE = 255
local TOP = 7 -- lines above the picture: Mesen centres its 224 lines among 239
local YELLOW, WHITE, HALF_BLACK = 0xFFFF00, 0xFFFFFF, 0x80000000

local SIZES = { -- width and height of small and of large sprites, by $2101 bits 5-7
  [0] = { 8, 8, 16, 16 }, { 8, 8, 32, 32 }, { 8, 8, 64, 64 }, { 16, 16, 32, 32 }, { 16, 16, 64, 64 },
  { 32, 32, 64, 64 }, { 16, 32, 32, 64 }, { 16, 32, 32, 32 },
}

local screen = {
  labels = {}, -- text for a sprite, by its number
  outlines = {},
  hovered = NO_SPRITE,
  clicked = NO_SPRITE, -- until it has been sent
}

-- The frontmost sprite whose rectangle holds a point of the picture.
local function sprite_at(x, y, state, oam)
  local sizes = SIZES[state["ppu.oamMode"]]
  if not sizes then
    return
  end
  local front = state["ppu.enableOamPriority"] and (state["ppu.oamRamAddress"] or 0) >> 1 or 0
  for n = front, front + 127 do
    local sprite = n & 127
    local left, top = oam:byte(sprite * 4 + 1, sprite * 4 + 2)
    local high = oam:byte(513 + sprite // 4) >> sprite % 4 * 2
    local width, height = sizes[1 + (high & 2)], sizes[2 + (high & 2)]
    left = left - (high & 1) * 256
    local row = y - top & 0xFF
    if x >= left and x < left + width and row < height then
      return sprite, left, y - row, width, height
    end
  end
end

local function draw_outline(x, y, width, height, colour, label)
  emu.drawRectangle(x, y, width, height, colour, false, 1)
  if label ~= "" then
    emu.drawString(x, math.max(0, y - 9), label, WHITE, HALF_BLACK, 0, 1)
  end
end

local was_pressed = false

function screen.draw(state, oam)
  local top = state["ppu.overscanMode"] and 0 or TOP
  for _, outline in ipairs(screen.outlines) do
    local x, y, width, height, colour, label = table.unpack(outline)
    draw_outline(x, y + top, width, height, colour, label)
  end
  local mouse = emu.getMouseState()
  local mode = state["ppu.bgMode"]
  -- The mouse counts pixels of the picture, which is 512 wide and twice as high in these modes.
  local scale = (mode == 5 or mode == 6 or state["ppu.hiResMode"] or state["ppu.screenInterlace"]) and 2 or 1
  screen.hovered = NO_SPRITE
  if mouse.x >= 0 and mouse.y >= 0 then
    local sprite, x, y, width, height = sprite_at(mouse.x // scale, mouse.y // scale - top, state, oam)
    if sprite then
      screen.hovered = sprite
      draw_outline(x, y + top, width, height, YELLOW, screen.labels[sprite] or ("OBJ %d"):format(sprite))
      if mouse.left and not was_pressed then
        screen.clicked = sprite
      end
    end
  end
  was_pressed = mouse.left
end

function screen.take_click()
  local sprite = screen.clicked
  screen.clicked = NO_SPRITE
  return sprite
end

return screen
