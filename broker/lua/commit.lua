-- active -> success, cancelled or expired: the message goes, the outcome is kept. All ids share KEYS[1] and KEYS[7].
-- KEYS  1 jobs:<bucket>  2 active:<runner>  3 cancelled  4 waiters  5 unique  6 stats  7 results:<bucket> or result:<id>
--       8 permits  9 barred  10 bell
-- ARGV  1 counter: succeeded, cancelled or expired  2 ms to keep the outcomes  3 bare outcome of a job that was marked
--       4 '1' if KEYS[7] is the own key of the one job  5 '1' if a job has a uniqueness key
--       6 what is stored in place of each outcome (results that are not kept), or ''  7.. id, outcome pairs
-- Returns {0}: all done. {1, s...}: a number a job: 0 done, 1 stale (not owned by this runner), 2 ended as cancelled.
local ids, n, all = {}, (#ARGV - 6) / 2, true
for i = 1, n do ids[i] = ARGV[2 * i + 5] end
local owned = hmget(KEYS[2], ids)
local is_plain = redis.call('EXISTS', KEYS[3], KEYS[8]) == 0 -- neither marks nor permits
local marks = not is_plain and hmget(KEYS[3], ids)
for i = 1, n do all = all and owned[i] and not (marks and marks[i]) end

-- What is usual, all owned and none marked, is written straight from ARGV, without tables of its own.
local live, outcomes, kept, marked, statuses = ids, {}, nil, {}, {}
if not all then live, kept = {}, {} end
for i = 1, all and 0 or n do
    statuses[i] = owned[i] and 0 or 1
    if owned[i] then
        local outcome, short = ARGV[2 * i + 6], ARGV[6]
        if marks and marks[i] then
            statuses[i], outcome, short = 2, as_cancelled(outcome, ARGV[3]), short ~= '' and ARGV[3] or ''
            marked[#marked + 1] = ids[i]
        end
        live[#live + 1], outcomes[#outcomes + 1] = ids[i], outcome
        kept[#kept + 1], kept[#kept + 2] = ids[i], short ~= '' and short or outcome
    end
end
if #live > 0 then
    if ARGV[5] == '1' then
        local messages = hmget(KEYS[1], live)
        for i = 1, #live do free_unique(KEYS[5], messages[i], live[i]) end
    end
    if not is_plain then free_permits(KEYS[8], KEYS[9], KEYS[10], live, hmget(KEYS[1], live)) end
    bulk('HDEL', KEYS[2], live)
    bulk('HDEL', KEYS[1], live)
    bulk('HDEL', KEYS[3], marked)
    if all and ARGV[6] ~= '' then
        kept = {}
        for i = 1, n do kept[2 * i - 1], kept[2 * i] = ids[i], ARGV[6] end
    end
    local ttl = tonumber(ARGV[2])
    if ARGV[4] == '1' then
        redis.call('SET', KEYS[7], kept and kept[2] or ARGV[8], 'PX', ARGV[2])
    else
        if kept then hset(KEYS[7], kept) else hset(KEYS[7], ARGV, 7) end
        -- a minute more than asked, so that most commits need not set it again
        if redis.call('PTTL', KEYS[7]) < ttl then redis.call('PEXPIRE', KEYS[7], ttl + 60000) end
    end
    if redis.call('EXISTS', KEYS[4]) == 1 then
        for i = 1, all and n or 0 do outcomes[i] = ARGV[2 * i + 6] end
        notify(KEYS[4], live, outcomes)
    end
    if #live > #marked then redis.call('HINCRBY', KEYS[6], ARGV[1], #live - #marked) end
    if #marked > 0 then redis.call('HINCRBY', KEYS[6], 'cancelled', #marked) end
end
if all then return {0} end
return {1, unpack(statuses)}
