-- In front of every script stands what it uses of this: a paragraph each. Nothing here touches a key that is not passed in.
-- A message starts with 8 bytes: version, priority '0'..'9', attempts (2), crashes, lost, flags, length of unique key.
local CHUNK = 1000 -- arguments per call: far below the limit of unpack
local SUSPECT = 1  -- flag: may have killed its process, runs alone; 2: a limit key stands behind the uniqueness key
local PUSHED_MAX = 16384 -- bytes of an outcome that is published whole

local function now_ms()
    local t = redis.call('TIME')
    return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- One command with any number of arguments, in chunks (of an even size, so that pairs stay together). `first`: where in
-- args they begin. A number as an argument costs a third of a microsecond, since Redis prints it: pass texts.
local function bulk(command, key, args, first)
    for i = first or 1, #args, CHUNK do
        redis.call(command, key, unpack(args, i, math.min(i + CHUNK - 1, #args)))
    end
end

-- HSET of fields and values. Redis keeps a hash of up to 512 fields packed, and walks through it for each field, so that
-- a batch of hundreds costs its square. A value of more than 64 bytes, which goes again at once, makes it a table.
local function hset(key, pairs_, first)
    if #pairs_ - (first or 1) < 128 then return bulk('HSET', key, pairs_, first) end
    redis.call('HSET', key, '', string.rep(' ', 65))
    bulk('HSET', key, pairs_, first)
    redis.call('HDEL', key, '')
end

local function hmget(key, fields)
    if #fields <= CHUNK then return redis.call('HMGET', key, unpack(fields)) end
    local all = {}
    for i = 1, #fields, CHUNK do
        local part = redis.call('HMGET', key, unpack(fields, i, math.min(i + CHUNK - 1, #fields)))
        for j = 1, #part do all[i + j - 1] = part[j] end
    end
    return all
end

local function priority(message) return tonumber(string.sub(message, 2, 2)) or 5 end

local function is_suspect(message) return #message >= 8 and string.byte(message, 7) % 2 == SUSPECT end

-- '' for none. It stands behind the uniqueness key, its length before it.
local function limit_key(message)
    if #message < 8 or string.byte(message, 7) % 4 < 2 then return '' end
    local at = 9 + string.byte(message, 8)
    local key = string.sub(message, at + 1, at + (string.byte(message, at) or 0))
    return string.find(key, '\0', 1, true) and '' or key -- a NUL ends it where it is stored
end

-- The message with its counters raised (each stays within its bytes) and flags added.
local function charged(message, attempts, crashes, lost, suspect)
    if #message < 8 then return message end
    local a1, a2, c, l, f = string.byte(message, 3, 7)
    local a = math.min(a1 * 256 + a2 + attempts, 65535)
    if suspect and f % 2 == 0 then f = f + SUSPECT end
    return string.sub(message, 1, 2) .. string.char(math.floor(a / 256), a % 256, math.min(c + crashes, 255),
        math.min(l + lost, 255), f) .. string.sub(message, 8), c + crashes, l + lost
end

local function unique_of(message)
    local len = #message >= 8 and string.byte(message, 8) or 0
    return len > 0 and string.sub(message, 9, 8 + len)
end

local function free_unique(unique, message, id)
    local name = message and unique_of(message)
    local holder = name and redis.call('HGET', unique, name)
    if holder and string.sub(holder, 1, #id + 1) == id .. ' ' then redis.call('HDEL', unique, name) end
end

-- Takes the lock `name` for `id`; false and the holder's id if another one has it.
local function take_unique(unique, name, id, ttl_ms)
    local now = now_ms()
    local holder = redis.call('HGET', unique, name)
    local holder_id, ends = string.match(holder or '', '^(%S+) (%d+)$')
    if holder_id and holder_id ~= id and (ends == '0' or tonumber(ends) > now) then return false, holder_id end
    redis.call('HSET', unique, name, id .. ' ' .. string.format('%.0f', ttl_ms > 0 and now + ttl_ms or 0))
    return true
end

local function ring(bell)
    if redis.call('LLEN', bell) == 0 then redis.call('LPUSH', bell, '1') end
end

-- Jobs that run no more give their permits back; if somebody waits for one, the bell rings. docs/protocol.md, Limits.
local function free_permits(permits, barred, bell, ids, messages)
    if #ids == 0 or redis.call('EXISTS', permits) == 0 then return end
    local held, keys, freed = {}, {[''] = true}, {}
    for i = 1, #ids do
        local key = messages[i] and limit_key(messages[i]) or ''
        held[i], keys[key] = key .. '\0' .. ids[i], true
    end
    bulk('ZREM', permits, held)
    for key in pairs(keys) do freed[#freed + 1] = redis.call('ZADD', barred, 'XX', 'CH', '0', key) end
    for i = 1, #freed do if freed[i] == 1 then return ring(bell) end end
end

-- Tells all who wait for these outcomes: one message a channel, pairs of id and outcome ('' if it is large).
local function notify(waiters, ids, outcomes)
    local channels, by, done = hmget(waiters, ids), {}, {}
    for i = 1, #ids do
        if channels[i] then
            done[#done + 1] = ids[i]
            for channel in string.gmatch(channels[i], '%S+') do
                local pairs_ = by[channel] or {}
                by[channel] = pairs_
                pairs_[#pairs_ + 1] = ids[i]
                pairs_[#pairs_ + 1] = #outcomes[i] <= PUSHED_MAX and outcomes[i] or ''
            end
        end
    end
    for channel, pairs_ in pairs(by) do redis.call('PUBLISH', channel, cmsgpack.pack(pairs_)) end
    bulk('HDEL', waiters, done)
end

-- What ran and when, without its result: the outcome of a job that was marked. `bare` if it cannot be read.
local function as_cancelled(outcome, bare)
    local ok, fields = pcall(cmsgpack.unpack, #outcome <= PUSHED_MAX and outcome or '')
    if not ok or type(fields) ~= 'table' or not fields[5] then return bare end
    fields[0], fields[1], fields[2], fields[3], fields[4] = 6, nil, nil, nil, nil
    return cmsgpack.pack(fields)
end

-- Puts a job into `delayed`; tells the stewards if it is due before all others.
local function delay(delayed, control, id, due, now)
    local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
    redis.call('ZADD', delayed, string.format('%.0f', due), id)
    if not first or due < tonumber(first) then
        redis.call('PUBLISH', control, 'due ' .. string.format('%.0f', math.max(due - now, 0)))
    end
end
