-- Libraries: limits buckets
-- ready, parked, delayed -> (nothing): removes waiting jobs, some at a time. Who waits for one is told that it was cancelled.
-- KEYS  1 jobs:  2 delayed  3 waiters  4 unique  5 stats  6 cancelled  7 suspects  8..17 ready:9 .. ready:0  18 parked
-- ARGV  1 how many at most (1..1000)  2 outcome for those who wait
-- Returns {removed}: 0 means that none is left.
local ids, limit = {}, tonumber(ARGV[1])
for i = 7, 17 do
    if #ids >= limit then break end
    local got = redis.call('RPOP', KEYS[i], limit - #ids)
    for j = 1, got and #got or 0 do ids[#ids + 1] = got[j] end
end
if #ids < limit then
    for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, limit - #ids - 1)) do
        ids[#ids + 1] = id
        redis.call('ZREM', KEYS[2], id)
    end
end
if #ids < limit then
    local members = redis.call('ZPOPMIN', KEYS[18], limit - #ids)
    for i = 1, #members, 2 do ids[#ids + 1] = parked_id(members[i]) end
end
if #ids == 0 then return {0} end
local messages, outcomes = messages_of(KEYS[1], ids), {}
for i = 1, #ids do
    free_unique(KEYS[4], messages[i], ids[i])
    outcomes[i] = ARGV[2]
end
drop_messages(KEYS[1], ids)
bulk('HDEL', KEYS[6], ids)
notify(KEYS[3], ids, outcomes)
redis.call('HINCRBY', KEYS[5], 'purged', #ids)
return {#ids}
