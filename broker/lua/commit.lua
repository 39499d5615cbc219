-- active -> success, cancelled or expired: the message goes, the outcome is kept. All ids share KEYS[7].
-- KEYS  1 jobs  2 active:<runner>  3 cancelled  4 waiters  5 unique  6 stats  7 results:<minute> or result:<id>
-- ARGV  1 counter: succeeded, cancelled or expired  2 ms to keep the outcomes  3 outcome of a job that was marked
--       4 '1' if KEYS[7] is the own key of the one job  5 '1' if a job has a uniqueness key
--       6 what is stored in place of each outcome (results that are not kept), or ''  7.. id, outcome pairs
-- Returns {0}: all done. {1, s...}: a number a job: 0 done, 1 stale (not owned by this runner), 2 ended as cancelled.
local ids, statuses, plain = {}, {}, true
for i = 7, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local owned = hmget(KEYS[2], ids)
local marks = redis.call('EXISTS', KEYS[3]) == 1 and hmget(KEYS[3], ids) or {}
local live, outcomes, put, marked = {}, {}, {}, {}
for i = 1, #ids do
    if not owned[i] then
        statuses[i], plain = 1, false
    else
        local outcome = ARGV[2 * i + 6]
        statuses[i] = 0
        if marks[i] then
            statuses[i], plain, outcome = 2, false, ARGV[3]
            marked[#marked + 1] = ids[i]
        end
        live[#live + 1] = ids[i]
        outcomes[#outcomes + 1] = outcome
        put[#put + 1] = ids[i]
        put[#put + 1] = ARGV[6] ~= '' and ARGV[6] or outcome
    end
end
if #live > 0 then
    if ARGV[5] == '1' then
        local messages = hmget(KEYS[1], live)
        for i = 1, #live do free_unique(KEYS[5], messages[i], live[i]) end
    end
    bulk('HDEL', KEYS[2], live)
    bulk('HDEL', KEYS[1], live)
    bulk('HDEL', KEYS[3], marked)
    local ttl = tonumber(ARGV[2])
    if ARGV[4] == '1' then
        redis.call('SET', KEYS[7], put[2], 'PX', ARGV[2])
    else
        bulk('HSET', KEYS[7], put)
        -- a minute more than asked, so that most commits need not set it again
        if redis.call('PTTL', KEYS[7]) < ttl then redis.call('PEXPIRE', KEYS[7], ttl + 60000) end
    end
    if redis.call('EXISTS', KEYS[4]) == 1 then notify(KEYS[4], live, outcomes) end
    if #live > #marked then redis.call('HINCRBY', KEYS[6], ARGV[1], #live - #marked) end
    if #marked > 0 then redis.call('HINCRBY', KEYS[6], 'cancelled', #marked) end
end
if plain then return {0} end
return {1, unpack(statuses)}
