-- Requests for wrk: reads or writes of 10,000 files, values of 256 bytes, to Cleat or to etcd's JSON gateway.
--   wrk ... -s http.lua URL -- cleat|etcd read|write
local keys, size = 10000, 256
local next_request

local function base64(text)
    local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    local out = {}
    for i = 1, #text, 3 do
        local a, b, c = text:byte(i, i + 2)
        local number = a * 65536 + (b or 0) * 256 + (c or 0)
        for place = 3, 0, -1 do
            local digit = math.floor(number / 64 ^ place) % 64
            out[#out + 1] = (place < 2 and not (place == 1 and b or c)) and "=" or digits:sub(digit + 1, digit + 1)
        end
    end
    return table.concat(out)
end

local function cleat(op, name, value)
    if op == "read" then
        return wrk.format("GET", "/files/" .. name)
    end
    return wrk.format("PUT", "/files/" .. name, nil, value)
end

local function etcd(op, name, value)
    if op == "read" then
        return wrk.format("POST", "/v3/kv/range", nil, '{"key":"' .. base64(name) .. '"}')
    end
    return wrk.format("POST", "/v3/kv/put", nil, '{"key":"' .. base64(name) .. '","value":"' .. base64(value) .. '"}')
end

function init(args)
    local make = args[1] == "cleat" and cleat or etcd
    local value = string.rep("v", size)
    local requests = {}
    for key = 0, keys - 1 do
        requests[key] = make(args[2], string.format("bench-file-%05d", key), value)
    end
    math.randomseed(os.time())
    next_request = function()
        return requests[math.random(0, keys - 1)]
    end
end

function request()
    return next_request()
end

function done(summary, latency)
    local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write +
        summary.errors.timeout
    io.write(string.format("RESULT %.1f %.3f %.3f %d\n", summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, errors))
end
