-- Library: buckets
-- Sets the limits of a queue. If jobs at once are limited, permits are dealt anew, to what runs now; all that waits for
-- a permit or a token tries again.
-- KEYS  1 meta  2 jobs:  3 permits  4 parked  5 barred  6 buckets  7 bell
-- Also reads `workers` and the `active:<runner>` of each, whose keys it makes from that of `jobs`: who may set limits
-- need not be able to write these, and Redis asks for that with all that is passed as KEYS.
-- ARGV  pairs of a field and its number, 0: none
-- Returns {0}.
local prefix = string.sub(KEYS[2], 1, -1 - #'jobs:')

for i = 1, #ARGV, 2 do
    if ARGV[i + 1] == '0' then
        redis.call('HDEL', KEYS[1], ARGV[i])
    else
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
end
local caps = redis.call('HMGET', KEYS[1], 'concurrency', 'key_concurrency', 'rate', 'key_rate')
redis.call('DEL', KEYS[3])
if caps[1] or caps[2] then
    for _, runner in ipairs(redis.call('HKEYS', prefix .. 'workers')) do
        local ids, held = redis.call('HKEYS', prefix .. 'active:' .. runner), {}
        local messages = #ids > 0 and messages_of(KEYS[2], ids)
        for k = 1, #ids do
            held[2 * k - 1], held[2 * k] = '0', limit_key(messages[k] or '') .. '\0' .. ids[k]
        end
        bulk('ZADD', KEYS[3], held)
    end
end
if not caps[3] and not caps[4] then redis.call('DEL', KEYS[6]) end
if caps[1] or caps[2] or caps[3] or caps[4] or redis.call('EXISTS', KEYS[4]) == 1 then
    redis.call('HSET', KEYS[1], 'limited', '1')
else
    redis.call('HDEL', KEYS[1], 'limited')
end
redis.call('ZUNIONSTORE', KEYS[5], 1, KEYS[5], 'WEIGHTS', 0)
ring(KEYS[7])
return {0}
