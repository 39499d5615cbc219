-- Library: limits
-- ready, parked, delayed -> cancelled at once; active -> marked: whatever its runner commits, it ends as cancelled.
-- KEYS  1 jobs:<bucket>  2 delayed  3 dead  4 reasons  5 cancelled  6 waiters  7 unique  8 stats
--       9 results:<bucket> or result:<id>  10 suspects  11..20 ready:9 .. ready:0  21 parked
-- ARGV  1 id  2 outcome  3 ms to keep it  4 '1' if KEYS[9] is the job's own key  5 'force' or 'grace'  6 control channel
-- Returns {0} unknown, {1} cancelled, {2} running and marked, {3, outcome} ended before.
local id = ARGV[1]
local message = redis.call('HGET', KEYS[1], id)
if not message then
    local outcome = ARGV[4] == '1' and redis.call('GET', KEYS[9]) or ARGV[4] ~= '1' and redis.call('HGET', KEYS[9], id)
    return outcome and {3, outcome} or {0}
end
if redis.call('ZSCORE', KEYS[3], id) then return {3, redis.call('HGET', KEYS[4], id) or ''} end
local waited = redis.call('ZREM', KEYS[2], id) == 1 or redis.call('LREM', KEYS[20 - priority(message)], 0, id) > 0
    or redis.call('LREM', KEYS[10], 0, id) > 0 or redis.call('ZREM', KEYS[21], parked_as(message, id)) == 1
if not waited then
    redis.call('HSET', KEYS[5], id, ARGV[5])
    redis.call('PUBLISH', ARGV[6], 'cancel ' .. ARGV[5] .. ' ' .. id)
    return {2}
end
free_unique(KEYS[7], message, id)
redis.call('HDEL', KEYS[1], id)
redis.call('HDEL', KEYS[5], id)
if ARGV[4] == '1' then
    redis.call('SET', KEYS[9], ARGV[2], 'PX', ARGV[3])
else
    redis.call('HSET', KEYS[9], id, ARGV[2])
    if redis.call('PTTL', KEYS[9]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[9], ARGV[3] + 60000) end
end
notify(KEYS[6], {id}, {ARGV[2]})
redis.call('HINCRBY', KEYS[8], 'cancelled', 1)
return {1}
