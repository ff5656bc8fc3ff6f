-- The connection to Halscope: found by a file, never waited for. Messages are described in docs/reference/mesen.md.

local LONGEST_MESSAGE = 1 << 20 -- bytes; Halscope sends nothing longer

local link = { open = false }

local socket -- LuaSocket's core; Mesen does not have its Lua part
local connection
local outgoing, sent = "", 0
local incoming = ""

-- Where Halscope writes port and token. Only the user can read it.
local function endpoint_path()
  local folder = os.getenv("HALSCOPE_MESEN_DIR")
  if not folder and package.config:sub(1, 1) == "\\" then
    folder = (os.getenv("LOCALAPPDATA") or "") .. "\\halscope\\mesen"
  elseif not folder then
    local state = os.getenv("XDG_STATE_HOME") or ""
    folder = (state ~= "" and state or (os.getenv("HOME") or "") .. "/.local/state") .. "/halscope/mesen"
  end
  return folder .. "/endpoint"
end

-- Returns whether the emulator lets scripts use the network.
function link.load()
  local good, result = pcall(require, "socket.core")
  socket = good and result
  return good
end

function link.close()
  if connection then
    connection:close()
  end
  connection, link.open = nil, false
  outgoing, sent, incoming = "", 0, ""
end

-- Connects if a Halscope waits for emulators; returns its token then.
function link.connect()
  local file = io.open(endpoint_path(), "r")
  if not file then
    return
  end
  local port, token = file:read("l", "l")
  file:close()
  port = math.tointeger(tonumber(port))
  if not port or not token or port < 1 or port > 0xFFFF then
    return
  end
  connection = socket.tcp()
  connection:settimeout(0)
  local done, problem = connection:connect("127.0.0.1", port)
  if not done and problem ~= "timeout" and not problem:find("progress") then
    link.close() -- the file was left behind by a Halscope that was killed
    return
  end
  link.open = true
  return token
end

function link.post(kind, payload)
  outgoing = outgoing:sub(sent + 1) .. ("<I4"):pack(#payload + 1) .. kind .. payload
  sent = 0
end

-- Whether Halscope has taken everything; otherwise a new frame would only wait behind an old one.
function link.idle()
  return outgoing == ""
end

function link.flush()
  while link.open and sent < #outgoing do
    local done, problem, partly = connection:send(outgoing, sent + 1)
    sent = done or partly or sent
    if problem == "timeout" then
      return -- the rest follows with the next frame
    elseif problem then
      link.close()
      return
    end
  end
  outgoing, sent = "", 0
end

-- Returns whether Halscope has closed the connection; its last message may say why.
local function read_all()
  local problem
  repeat
    local data, part
    data, problem, part = connection:receive(0x10000)
    incoming = incoming .. (data or part or "")
  until problem or #incoming > LONGEST_MESSAGE
  return problem ~= nil and problem ~= "timeout"
end

-- Calls the reader of each message that has arrived whole. A reader may close the link.
function link.receive(readers)
  local ended = read_all()
  while link.open and #incoming >= 5 do
    local length = ("<I4"):unpack(incoming)
    if length < 1 or length > LONGEST_MESSAGE then
      link.close()
      return
    end
    if #incoming < 4 + length then
      break
    end
    local kind, payload = incoming:sub(5, 5), incoming:sub(6, 4 + length)
    incoming = incoming:sub(5 + length)
    if readers[kind] then
      readers[kind](payload)
    end
  end
  if ended then
    link.close()
  end
end

return link
