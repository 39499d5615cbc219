-- dead -> ready: a dead letter again, with fresh counters, behind those that wait.
-- KEYS  1 jobs:<bucket>  2 dead  3 reasons  4 unique  5 bell  6 stats  7..16 ready:9 .. ready:0
-- ARGV  1 id
-- Returns {0} done, {1} no dead letter, {2, id} its uniqueness key is held by that job.
local id = ARGV[1]
local message = redis.call('HGET', KEYS[1], id)
if not message or not redis.call('ZSCORE', KEYS[2], id) then return {1} end
local name = unique_of(message)
if name then
    local taken, holder = take_unique(KEYS[4], name, id, 0)
    if not taken then return {2, holder} end
end
if #message >= 8 then
    local flags = string.byte(message, 7)
    message = string.sub(message, 1, 2) .. string.char(0, 0, 0, 0, flags - flags % 2) .. string.sub(message, 8)
    redis.call('HSET', KEYS[1], id, message)
end
redis.call('ZREM', KEYS[2], id)
redis.call('HDEL', KEYS[3], id)
redis.call('LPUSH', KEYS[16 - priority(message)], id)
redis.call('HINCRBY', KEYS[6], 'requeued', 1)
ring(KEYS[5])
return {0}
