-- Library: buckets
-- ready -> active: strictly by priority, oldest first within one. Suspects go, one at a time, to runners that are idle.
-- KEYS  1 workers  2 jobs:  3 active:<runner>  4 bell  5 meta  6 cancelled  7 suspects  8..17 ready:9 .. ready:0
--       18 parked
-- ARGV  1 runner  2 how many at most (1..1000)  3 '1' if the runner is wholly idle
-- Returns {status, now in ms, drain, ids, messages, marked ids}; the lists are left out if there are no jobs
--   status 0 as asked  1 not registered, or retired  2 one suspect  3 paused  4 limited: use reserve_limited
--          drain 1: become idle and ask again, a suspect waits
--   message nil: the id had none and is dropped; marked ids are among the n and are to be committed unstarted
local runner, n = ARGV[1], tonumber(ARGV[2])
local worker = redis.call('HGET', KEYS[1], runner)
if not worker or string.find(worker, ' ', 1, true) then
    if redis.call('EXISTS', unpack(KEYS, 7, 18)) > 0 then ring(KEYS[4]) end -- its ring was for somebody else
    return {1, 0, 0}
end
local filled = redis.call('EXISTS', unpack(KEYS, 7, 18))
if filled == 0 then return {0, 0, 0} end
local meta = redis.call('HMGET', KEYS[5], 'paused', 'limited')
if meta[1] then return {3, 0, 0} end
if meta[2] then return {4, 0, 0} end

local ids, status = {}, 0
if redis.call('EXISTS', KEYS[7]) == 1 then
    local drainer = redis.call('HGET', KEYS[5], 'drainer')
    if ARGV[3] == '1' then
        ids, status = {redis.call('RPOP', KEYS[7])}, 2
        redis.call('HDEL', KEYS[5], 'drainer')
    elseif not drainer or drainer == runner or redis.call('HEXISTS', KEYS[1], drainer) == 0 then
        if drainer ~= runner then
            redis.call('HSET', KEYS[5], 'drainer', runner)
            ring(KEYS[4]) -- for a runner that is idle already
        end
        return {0, 0, 1}
    end
end
if status == 0 then
    -- Most queues use one priority, the default.
    ids = filled == 1 and redis.call('RPOP', KEYS[12], n) or {}
    for i = 8, #ids == 0 and 17 or 0 do
        local got = redis.call('RPOP', KEYS[i], n - #ids)
        for j = 1, got and #got or 0 do ids[#ids + 1] = got[j] end
        if #ids >= n then break end
    end
end
if #ids == 0 then return {0, 0, 0} end

local now, own, at, messages, marked = now_ms(), {}, 0, messages_of(KEYS[2], ids), {}
local start = string.format('%.0f', now)
for i = 1, #ids do
    if messages[i] then own[at + 1], own[at + 2], at = ids[i], start, at + 2 end
end
hset(KEYS[3], own)
if redis.call('EXISTS', KEYS[6]) == 1 then
    local marks = hmget(KEYS[6], ids)
    for i = 1, #ids do if marks[i] then marked[#marked + 1] = ids[i] end end
end
-- one list gave less than was asked for: nothing is left
if (status == 2 or #ids >= n or filled > 1) and redis.call('EXISTS', unpack(KEYS, 7, 17)) > 0 then ring(KEYS[4]) end
return {status, now, 0, ids, messages, marked}
