-- Libraries: limits buckets
-- (nothing) -> ready: many jobs of one priority and bucket, without uniqueness key, at once.
-- KEYS  1 jobs:<bucket>  2 ready:<priority>  3 bell  4 meta  5 waiters  6 results:<bucket>
-- ARGV  1 channel to tell of the outcomes, or ''  2.. id, message for each job
-- Returns {0}: all done. {1, r...}: one number a job: 0 done, 1 exists. {2}: the queue is full, nothing changed.
local ids, put, back, results = {}, {}, {}, {}
for i = 2, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local cap = tonumber(redis.call('HGET', KEYS[4], 'max_length') or nil)
if cap and length_of(KEYS[3]) + #ids > cap then return {2} end

local known = hmget(KEYS[1], ids)
local ended = redis.call('EXISTS', KEYS[6]) == 0 and {} or hmget(KEYS[6], ids)
local fresh, all, seen = {}, true, {}
for i = 1, #ids do
    if known[i] or ended[i] or seen[ids[i]] then
        results[i], all = 1, false
    else
        results[i], seen[ids[i]] = 0, true
        fresh[#fresh + 1] = ids[i]
        put[#put + 1] = ids[i]
        put[#put + 1] = ARGV[2 * i + 1]
        back[#back + 1] = ids[i]
        back[#back + 1] = ARGV[1]
    end
end
if #fresh > 0 then
    if #put == 2 then put_message(KEYS[1], put[1], put[2]) else hset(KEYS[1], put) end
    if ARGV[1] ~= '' then hset(KEYS[5], back) end
    bulk('LPUSH', KEYS[2], fresh)
    ring(KEYS[3])
end
if all then return {0} end
return {1, unpack(results)}
