-- Posts the bodies of a file in turn and prints what came of it as a line of JSON.
-- Arguments: the file, one body a line with ###### in it; the first number that takes its place. As no two requests
-- are alike, no server can answer from memory.

local heads, tails, number, turn = {}, {}, 0, 0

function init(arguments)
  number = tonumber(arguments[2])
  for line in io.lines(arguments[1]) do
    local request = wrk.format("POST", nil, { ["Content-Type"] = "application/json", ["Host"] = wrk.headers["Host"] }, line)
    local at = request:find("######", 1, true)
    heads[#heads + 1] = request:sub(1, at - 1)
    tails[#tails + 1] = request:sub(at + 6)
  end
end

function request()
  turn = turn % #heads + 1
  number = number + 1
  return heads[turn] .. string.format("%06d", 100000 + number % 900000) .. tails[turn]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
