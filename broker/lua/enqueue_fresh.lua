-- Libraries: limits buckets
-- (nothing) -> ready: many jobs of one priority and bucket, without uniqueness key, whose ids were made for this call and have not
-- been sent before, so that none of them can exist: nothing is looked up.
-- KEYS  1 jobs:<bucket>  2 ready:<priority>  3 bell  4 meta  5 waiters
-- ARGV  1 channel to tell of the outcomes, or ''  2.. id, message for each job (at most 500 jobs)
-- Returns {0, u}: all done; u 1: nothing limits the queue. {2}: the queue is full, nothing changed.
local n, ids = (#ARGV - 1) / 2, {}
local cap = tonumber(redis.call('HGET', KEYS[4], 'max_length') or nil)
if cap and length_of(KEYS[3]) + n > cap then return {2} end

for i = 1, n do ids[i] = ARGV[2 * i] end
if n == 1 then put_message(KEYS[1], ids[1], ARGV[3]) else hset(KEYS[1], ARGV, 2) end
if ARGV[1] ~= '' then
    local back, channel = {}, ARGV[1]
    for i = 1, n do back[2 * i - 1], back[2 * i] = ids[i], channel end
    hset(KEYS[5], back)
end
redis.call('LPUSH', KEYS[2], unpack(ids))
ring(KEYS[3])
return {0, cap and 0 or 1}
