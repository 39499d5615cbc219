-- Libraries: limits buckets
-- (nothing) -> ready or delayed: one job, with a uniqueness key or a delay or both.
-- KEYS  1 jobs:<bucket>  2 ready:<priority>  3 bell  4 meta  5 waiters  6 results:<bucket> or result:<id>  7 unique
--       8 delayed
-- ARGV  1 channel to tell of the outcome, or ''  2 '1' if KEYS[6] is the job's own key  3 id  4 message
--       5 delay in ms from now, 0: none  6 absolute due time in ms, 0: none  7 ms that the lock lives, 0: as the job
--       8 control channel of the queue
-- Returns {0} done, {1} exists, {2} the queue is full, {3, id} the uniqueness key is held by that job.
local id, message = ARGV[3], ARGV[4]
local ended = ARGV[2] == '1' and redis.call('EXISTS', KEYS[6]) or redis.call('HEXISTS', KEYS[6], id)
if ended == 1 or redis.call('HEXISTS', KEYS[1], id) == 1 then return {1} end
local cap = tonumber(redis.call('HGET', KEYS[4], 'max_length') or nil)
if cap and length_of(KEYS[3]) >= cap then return {2} end
local name = unique_of(message)
if name then
    local taken, holder = take_unique(KEYS[7], name, id, tonumber(ARGV[7]))
    if not taken then return {3, holder} end
end

put_message(KEYS[1], id, message)
if ARGV[1] ~= '' then redis.call('HSET', KEYS[5], id, ARGV[1]) end
local now = now_ms()
local due = tonumber(ARGV[6]) > 0 and tonumber(ARGV[6]) or now + tonumber(ARGV[5])
if due > now then
    delay(KEYS[8], ARGV[8], id, due, now)
else
    redis.call('LPUSH', KEYS[2], id)
    ring(KEYS[3])
end
return {0}
