-- Dead letters: the message stays, the reason beside it; trimmed by count and age, oldest first.
local function bury(jobs, dead, reasons, now, ids, outcomes, cap, age_ms)
    for i = 1, #ids do
        redis.call('ZADD', dead, now, ids[i])
        redis.call('HSET', reasons, ids[i], outcomes[i])
    end
    local gone = redis.call('ZRANGEBYSCORE', dead, '-inf', now - age_ms, 'LIMIT', 0, 100)
    local over = redis.call('ZCARD', dead) - #gone - cap
    if over > 0 then
        for _, id in ipairs(redis.call('ZRANGE', dead, #gone, #gone + math.min(over, 100) - 1)) do gone[#gone + 1] = id end
    end
    if #gone > 0 then
        redis.call('ZREM', dead, unpack(gone))
        redis.call('HDEL', reasons, unpack(gone))
        drop_messages(jobs, gone)
    end
end
