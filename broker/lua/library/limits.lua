-- What scripts of queues with limits share: a library stands behind the prelude in scripts whose first line names it.
--
-- Permits: a member of `permits`, "<limit key> NUL <id>", for each job that runs. They are counted, never summed up, so
-- no count can be wrong. Rates: buckets of tokens that fill with time. `buckets` holds the moment, in µs, at which one
-- will be full again (the generic cell rate algorithm, ITU-T I.371, annex A); a full one has no entry. `barred`: the
-- keys that somebody waits for, and the time in ms from which on it is worth a try. The queue's own limit has the key ''.
local FOREVER = '+inf' -- until a permit comes back
local WAKE_US = 10000  -- who waits for tokens is woken for what comes in so long, not for each
local LATE_MS = 1000   -- what was moved back is reserved before that, or others are tried

-- Jobs of a queue without its dead letters. Whoever submits may read what runs, but not write it, and Redis asks for
-- that with all that is passed as KEYS: so these names are made from that of the bell.
local function length_of(bell)
    local queue = string.sub(bell, 1, -1 - #'bell')
    local n = redis.call('LLEN', queue .. 'suspects') + redis.call('ZCARD', queue .. 'delayed')
        + redis.call('ZCARD', queue .. 'parked')
    for p = 0, 9 do n = n + redis.call('LLEN', queue .. 'ready:' .. p) end
    for _, runner in ipairs(redis.call('HKEYS', queue .. 'workers')) do
        n = n + redis.call('HLEN', queue .. 'active:' .. runner)
    end
    return n
end

local function now_us()
    local t = redis.call('TIME')
    return t[1] * 1000000 + t[2]
end

-- The limit of the queue and that of each key: {cap = jobs at once, every = µs from token to token, burst}; nil: none.
local function read_limits(meta)
    local f = redis.call('HMGET', meta, 'concurrency', 'rate', 'rate_ms', 'burst',
        'key_concurrency', 'key_rate', 'key_rate_ms', 'key_burst')
    for i = 1, 8 do f[i] = tonumber(f[i] or nil) end
    local function from(i)
        local every = f[i + 1] and f[i + 2] and f[i + 2] * 1000 / f[i + 1]
        return (f[i] or every) and {cap = f[i], every = every, burst = f[i + 3] or 1} or nil
    end
    return from(1), from(5)
end

-- What a limit leaves to one key now.
local function look_at(limit, key, permits, buckets, now)
    local left = {permits = math.huge, tokens = math.huge, taken = 0}
    if limit and limit.cap then
        left.permits = limit.cap - (key == '' and redis.call('ZCARD', permits)
            or redis.call('ZLEXCOUNT', permits, '[' .. key .. '\0', '(' .. key .. '\1'))
    end
    if limit and limit.every then
        local full = tonumber(redis.call('ZSCORE', buckets, key) or 0)
        -- no further away than for an empty bucket: neither a clock set back nor a rate made faster holds anybody long
        left.full = math.max(math.min(full, now + limit.burst * limit.every), now)
        left.tokens = math.floor(limit.burst - (left.full - now) / limit.every + 0.001)
    end
    return left
end

local function room(left) return math.max(math.min(left.permits, left.tokens), 0) end

local function take(left, n) left.permits, left.tokens, left.taken = left.permits - n, left.tokens - n, left.taken + n end

local function keep_taken(limit, left, key, buckets)
    if not left.full or left.taken == 0 then return end
    left.full = left.full + left.taken * limit.every
    redis.call('ZADD', buckets, string.format('%.0f', left.full), key)
end

-- When there is room again, in ms, for one to whom nothing is left.
local function open_at(limit, left)
    if left.permits <= 0 or not left.full then return FOREVER end
    local wake = math.min(limit.burst, math.max(1, math.ceil(WAKE_US / limit.every)))
    return string.format('%.0f', math.ceil((left.full + (wake - limit.burst) * limit.every) / 1000))
end

-- Somebody waits for the key, until `at`; stewards are told of a time. With 'XX': if somebody waits already.
local function bar(q, key, at, condition)
    local changed = redis.call('ZADD', q.barred, condition or 'CH', 'CH', at, key)
    if changed == 1 and at ~= FOREVER then
        redis.call('PUBLISH', q.control, string.format('due %.0f', math.max(tonumber(at) - math.floor(q.now / 1000), 0)))
    end
end

local function parked_as(message, id) return limit_key(message) .. '\0' .. (9 - priority(message)) .. '\0' .. id end

local function parked_id(member) return string.match(member, '^%Z*%z%d%z(.*)$') end

-- ms until a delayed job is due or a limit opens; -1: never.
local function next_due(delayed, barred, now)
    local due = tonumber(redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] or nil) or math.huge
    local opens = redis.call('ZRANGEBYSCORE', barred, '(' .. string.format('%.0f', now), '(' .. FOREVER, 'WITHSCORES',
        'LIMIT', 0, 1)[2]
    due = math.min(due, tonumber(opens or nil) or math.huge)
    return due < math.huge and math.max(due - now, 0) or -1
end
