-- Libraries: limits buckets
-- delayed -> ready: whatever is due. Rings for limits that open.
-- KEYS  1 jobs:  2 delayed  3 suspects  4 bell  5..14 ready:9 .. ready:0  15 barred
-- ARGV  1 how many at most
-- Returns {moved, ms until the next one is due, or a limit opens; -1: none}.
local now = now_ms()
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[1])
if #ids > 0 then
    local messages, lists = messages_of(KEYS[1], ids), {}
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
if redis.call('ZCOUNT', KEYS[15], '-inf', now) > 0 then ring(KEYS[4]) end
return {#ids, next_due(KEYS[2], KEYS[15], now)}
