-- The registers, as getState() has them: decoded, field by field. Halscope puts the bytes together again.

local UNKNOWN = -0x80000000 -- for a key that this build does not have

-- Halscope is told the names, so their order is free.
local KEYS = {}
local function add(prefix, names)
  for name in names:gmatch("%S+") do
    KEYS[#KEYS + 1] = prefix .. name
  end
end
add("ppu.", [[forcedBlank screenBrightness bgMode mode1Bg3Priority mainScreenLayers subScreenLayers mosaicSize
  mosaicEnabled oamMode oamBaseAddress oamAddressOffset oamRamAddress enableOamPriority hiResMode screenInterlace
  objInterlace overscanMode colorMathEnabled colorMathSubtractMode colorMathHalveResult fixedColor extBgEnabled cgramAddress
  cgramAddressLatch]])
add("ppu.mode7.", [[centerX centerY fillWithTile0 horizontalMirroring hscroll largeMap matrix[0] matrix[1] matrix[2]
  matrix[3] verticalMirroring vscroll]])
for n = 0, 4 do
  add("ppu.", ("windowMaskMain[%d] windowMaskSub[%d]"):format(n, n))
end
for n = 0, 3 do
  add(("ppu.layers[%d]."):format(n), "chrAddress doubleHeight doubleWidth hscroll largeTiles tilemapAddress vscroll")
end
for n = 0, 1 do
  local window = ("ppu.window[%d]."):format(n)
  add(window, "left right")
  for layer = 0, 5 do
    add(window, ("activeLayers[%d] invertedLayers[%d]"):format(layer, layer))
  end
end
add("internalRegisters.", [[enableNmi enableHorizontalIrq enableVerticalIrq enableAutoJoypadRead horizontalTimer
  verticalTimer]])
add("dmaController.", "hdmaChannels")
for n = 0, 7 do
  add(("dmaController.channel[%d]."):format(n), [[decrement destAddress fixedTransfer hdmaBank hdmaIndirectAddressing
    hdmaLineCounterAndRepeat hdmaTableAddress invertDirection srcAddress srcBank transferMode transferSize
    unusedControlFlag]])
end
add("halscope.", "wbglog wobjlog cgwsel") -- what memory.watch has seen; the state lacks enumerations

local FORMAT = "<" .. ("i4"):rep(#KEYS)
local values = {}

return {
  names = table.concat(KEYS, "\n"),
  pack = function(state)
    for n, key in ipairs(KEYS) do
      local value = state[key]
      values[n] = value == true and 1 or value == false and 0 or value or UNKNOWN
    end
    return FORMAT:pack(table.unpack(values, 1, #KEYS))
  end,
}
