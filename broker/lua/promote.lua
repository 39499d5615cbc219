-- delayed -> ready: whatever is due.
-- KEYS  1 jobs  2 delayed  3 suspects  4 bell  5..14 ready:9 .. ready:0
-- ARGV  1 how many at most
-- Returns {moved, ms until the next one is due; -1: none}.
local now = now_ms()
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[1])
if #ids > 0 then
    local messages, lists = hmget(KEYS[1], ids), {}
    for i = 1, #ids do
        if messages[i] then
            local key = is_suspect(messages[i]) and KEYS[3] or KEYS[14 - priority(messages[i])]
            lists[key] = lists[key] or {}
            table.insert(lists[key], ids[i])
        end
    end
    bulk('ZREM', KEYS[2], ids)
    for key, list in pairs(lists) do bulk('LPUSH', key, list) end
    ring(KEYS[4])
end
local due = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
return {#ids, due and math.max(tonumber(due) - now, 0) or -1}
