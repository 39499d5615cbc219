-- Libraries: buckets letters
-- active -> failure or dead: the outcome is kept as the reason of a dead letter, whose message stays for `retry`.
-- A marked job goes to the head of its queue instead: whoever reserves it next ends it as cancelled.
-- KEYS  1 jobs:  2 active:<runner>  3 cancelled  4 waiters  5 unique  6 stats  7 dead  8 reasons  9 bell
--       10..19 ready:9 .. ready:0  20 permits  21 barred
-- ARGV  1 counter: failed or dead  2 dead letters kept at most  3 ms to keep them  4.. id, outcome pairs
-- Returns {1, s...}: a number a job: 0 done, 1 stale, 2 will end as cancelled.
local ids, reply = {}, {1}
for i = 4, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local owned, marks, messages = hmget(KEYS[2], ids), hmget(KEYS[3], ids), messages_of(KEYS[1], ids)
local live, texts, buried, outcomes = {}, {}, {}, {}
for i = 1, #ids do
    reply[i + 1] = owned[i] and (marks[i] and 2 or 0) or 1
    if owned[i] then
        live[#live + 1], texts[#texts + 1] = ids[i], messages[i]
        if marks[i] then
            redis.call('RPUSH', KEYS[19 - priority(messages[i] or '')], ids[i])
            ring(KEYS[9])
        else
            free_unique(KEYS[5], messages[i], ids[i])
            buried[#buried + 1] = ids[i]
            outcomes[#outcomes + 1] = ARGV[2 * i + 3]
        end
    end
end
bulk('HDEL', KEYS[2], live)
free_permits(KEYS[20], KEYS[21], KEYS[9], live, texts)
if #buried > 0 then
    bury(KEYS[1], KEYS[7], KEYS[8], now_ms(), buried, outcomes, tonumber(ARGV[2]), tonumber(ARGV[3]))
    notify(KEYS[4], buried, outcomes)
    redis.call('HINCRBY', KEYS[6], ARGV[1], #buried)
end
return reply
