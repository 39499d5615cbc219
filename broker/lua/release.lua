-- Library: buckets
-- active -> ready, at the head: reserved jobs that were not started, or were aborted without fault. Uncharged.
-- With a delay they go through `delayed` instead.
-- KEYS  1 jobs:  2 active:<runner>  3 suspects  4 delayed  5 bell  6 stats  7..16 ready:9 .. ready:0
--       17 permits  18 barred
-- ARGV  1 control channel of the queue  2 delay in ms  3.. ids, the one to be reserved first comes first
-- Returns {0, how many}.
local now, wait, live, texts = now_ms(), tonumber(ARGV[2]), {}, {}
for i = #ARGV, 3, -1 do
    local id = ARGV[i]
    if redis.call('HDEL', KEYS[2], id) == 1 then
        local message = redis.call('HGET', jobs_of(KEYS[1], id), id)
        live[#live + 1], texts[#texts + 1] = id, message
        if wait > 0 then
            delay(KEYS[4], ARGV[1], id, now + wait, now)
        elseif message and is_suspect(message) then
            redis.call('RPUSH', KEYS[3], id)
        else
            redis.call('RPUSH', KEYS[16 - priority(message or '')], id)
        end
    end
end
if #live > 0 then
    free_permits(KEYS[17], KEYS[18], KEYS[5], live, texts)
    redis.call('HINCRBY', KEYS[6], 'released', #live)
    if wait == 0 then ring(KEYS[5]) end -- a needless ring would wake in vain whoever is next in turn for the job
end
return {0, #live}
