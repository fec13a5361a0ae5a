-- Asks for the paths of a file in turn.
local paths = {}
local next_path = 0

function init(args)
  for line in io.lines(args[1]) do
    paths[#paths + 1] = wrk.format("GET", line)
  end
end

function request()
  next_path = next_path % #paths + 1
  return paths[next_path]
end
