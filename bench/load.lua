-- Arguments: a body to post (or nothing), then paths to ask for at random (or none).
local paths = {}

function init(args)
  if #args > 0 and #args[1] > 0 then
    wrk.method = "POST"
    wrk.body = args[1]
    wrk.headers["content-type"] = "application/json"
  end
  for n = 2, #args do paths[n - 1] = wrk.format(wrk.method, args[n]) end
  if #paths > 0 then
    request = function() return paths[math.random(#paths)] end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'result {"requestsPerSecond":%f,"p50Us":%d,"p99Us":%d,"errors":%d}\n',
    summary.requests / (summary.duration / 1e6),
    latency:percentile(50),
    latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
