-- Library: buckets
-- active -> delayed: another attempt later. A marked job goes to the head of its queue instead, to end as cancelled.
-- KEYS  1 jobs:  2 active:<runner>  3 cancelled  4 stats  5 delayed  6 bell  7..16 ready:9 .. ready:0
--       17 permits  18 barred
-- ARGV  1 control channel of the queue  2.. for each job: id, delay in ms, attempts to charge (0 or 1), ms of the
--       reservation that ends ('0': whichever it is). Sent again, it must not end the next attempt of the same runner.
-- Returns {1, s...}: a number a job: 0 done, 1 stale, 2 will end as cancelled.
local now, reply, charges, live, texts = now_ms(), {1}, 0, {}, {}
for i = 2, #ARGV, 4 do
    local id = ARGV[i]
    local since = redis.call('HGET', KEYS[2], id)
    if not since or ARGV[i + 3] ~= '0' and since ~= ARGV[i + 3] then
        reply[#reply + 1] = 1
    else
        redis.call('HDEL', KEYS[2], id)
        local jobs = jobs_of(KEYS[1], id)
        local message = redis.call('HGET', jobs, id)
        live[#live + 1], texts[#texts + 1] = id, message
        if redis.call('HEXISTS', KEYS[3], id) == 1 then
            redis.call('RPUSH', KEYS[16 - priority(message or '')], id)
            ring(KEYS[6])
            reply[#reply + 1] = 2
        else
            local charge = tonumber(ARGV[i + 2])
            if message and charge > 0 then redis.call('HSET', jobs, id, (charged(message, charge, 0, 0, false))) end
            delay(KEYS[5], ARGV[1], id, now + tonumber(ARGV[i + 1]), now)
            charges = charges + 1
            reply[#reply + 1] = 0
        end
    end
end
free_permits(KEYS[17], KEYS[18], KEYS[6], live, texts)
if charges > 0 then redis.call('HINCRBY', KEYS[4], 'retried', charges) end
return reply
