-- Library: buckets
-- active -> ready, at the head: what a runner owns without knowing it, because the answer to its reserve was lost.
-- The name is retired: it keeps what it knows of and commits it, but a reserve of it that is still on its way is refused.
-- KEYS  1 workers  2 active:<runner>  3 jobs:  4 suspects  5 bell  6 stats  7..16 ready:9 .. ready:0
--       17 permits  18 barred
-- ARGV  1 worker  2 runner  3.. ids that the runner knows of
-- Returns {0, how many went back}.
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then redis.call('HSET', KEYS[1], ARGV[2], ARGV[1] .. ' retired') end
local known, lost = {}, {}
for i = 3, #ARGV do known[ARGV[i]] = true end
for _, id in ipairs(redis.call('HKEYS', KEYS[2])) do
    if not known[id] then lost[#lost + 1] = id end
end
if #lost == 0 then return {0, 0} end

table.sort(lost, function(a, b) return a > b end) -- pushed to the head in turn, so the oldest is next
local messages = messages_of(KEYS[3], lost)
for i, id in ipairs(lost) do
    local message = messages[i] or ''
    redis.call('RPUSH', is_suspect(message) and KEYS[4] or KEYS[16 - priority(message)], id)
end
bulk('HDEL', KEYS[2], lost)
free_permits(KEYS[17], KEYS[18], KEYS[5], lost, messages)
redis.call('HINCRBY', KEYS[6], 'released', #lost)
ring(KEYS[5])
return {0, #lost}
