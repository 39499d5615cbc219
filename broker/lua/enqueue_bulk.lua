-- (nothing) -> ready: many jobs of one priority, without uniqueness key, at once.
-- KEYS  1 jobs  2 ready:<priority>  3 bell  4 meta  5 waiters  6 results:<minute> of all ids (or result:<id> of one)
--       7 dead
-- ARGV  1 channel to tell of the outcomes, or ''  2 '1' if KEYS[6] is the own key of the one job
--       3.. id, message for each job
-- Returns {0}: all done. {1, r...}: one number a job: 0 done, 1 exists. {2}: the queue is full, nothing changed.
local ids, put, back, results = {}, {}, {}, {}
for i = 3, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local cap = tonumber(redis.call('HGET', KEYS[4], 'max_length') or nil)
if cap and redis.call('HLEN', KEYS[1]) - redis.call('ZCARD', KEYS[7]) + #ids > cap then return {2} end

local known = hmget(KEYS[1], ids)
local ended = redis.call('EXISTS', KEYS[6]) == 0 and {} or ARGV[2] == '1' and {true} or hmget(KEYS[6], ids)
local fresh, all, seen = {}, true, {}
for i = 1, #ids do
    if known[i] or ended[i] or seen[ids[i]] then
        results[i], all = 1, false
    else
        results[i], seen[ids[i]] = 0, true
        fresh[#fresh + 1] = ids[i]
        put[#put + 1] = ids[i]
        put[#put + 1] = ARGV[2 * i + 2]
        back[#back + 1] = ids[i]
        back[#back + 1] = ARGV[1]
    end
end
if #fresh > 0 then
    hset(KEYS[1], put)
    if ARGV[1] ~= '' then hset(KEYS[5], back) end
    bulk('LPUSH', KEYS[2], fresh)
    ring(KEYS[3])
end
if all then return {0} end
return {1, unpack(results)}
