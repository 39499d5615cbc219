-- Sets the limits of a queue. If jobs at once are limited, permits are dealt anew, to what runs now; all that waits for
-- a permit or a token tries again.
-- KEYS  1 meta  2 jobs  3 workers  4 permits  5 parked  6 barred  7 buckets  8 bell  9.. active:<runner> of each runner
-- ARGV  1 how many runners  2.. their names, in the order of KEYS  then pairs of a field and its number, 0: none
-- Returns {0} done, {1} there are runners that are not named: nothing changed.
local n, named = tonumber(ARGV[1]), {}
for i = 1, n do named[ARGV[1 + i]] = true end
for _, name in ipairs(redis.call('HKEYS', KEYS[3])) do
    if string.find(name, '/', 1, true) and not named[name] then return {1} end
end

for i = 2 + n, #ARGV, 2 do
    if ARGV[i + 1] == '0' then
        redis.call('HDEL', KEYS[1], ARGV[i])
    else
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
end
local caps = redis.call('HMGET', KEYS[1], 'concurrency', 'key_concurrency', 'rate', 'key_rate')
redis.call('DEL', KEYS[4])
if caps[1] or caps[2] then
    for i = 9, #KEYS do
        local ids, held = redis.call('HKEYS', KEYS[i]), {}
        local messages = #ids > 0 and hmget(KEYS[2], ids)
        for k = 1, #ids do
            held[2 * k - 1], held[2 * k] = '0', limit_key(messages[k] or '') .. '\0' .. ids[k]
        end
        bulk('ZADD', KEYS[4], held)
    end
end
if not caps[3] and not caps[4] then redis.call('DEL', KEYS[7]) end
if caps[1] or caps[2] or caps[3] or caps[4] or redis.call('EXISTS', KEYS[5]) == 1 then
    redis.call('HSET', KEYS[1], 'limited', '1')
else
    redis.call('HDEL', KEYS[1], 'limited')
end
redis.call('ZUNIONSTORE', KEYS[6], 1, KEYS[6], 'WEIGHTS', 0)
ring(KEYS[8])
return {0}
