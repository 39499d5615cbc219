-- Registers a channel for outcomes and reads those that exist, in one step: nothing is missed between the two.
-- KEYS  1 jobs:<bucket>  2 reasons  3 waiters  4 results:<bucket> of all ids, or result:<id> of one
-- ARGV  1 channel, '' to look only  2 '1' if KEYS[4] is the own key of the one job  3.. ids
-- Returns for each id: its outcome, or 1 (no outcome yet: will be told), or 0 (nobody knows it).
local ids, reply = {}, {}
for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
local ended = ARGV[2] == '1' and {redis.call('GET', KEYS[4])} or hmget(KEYS[4], ids)
local reasons = hmget(KEYS[2], ids)
for i = 1, #ids do
    reply[i] = ended[i] or reasons[i] or redis.call('HEXISTS', KEYS[1], ids[i])
    if reply[i] == 1 and ARGV[1] ~= '' then
        local channels = redis.call('HGET', KEYS[3], ids[i]) or ''
        if not string.find(' ' .. channels .. ' ', ' ' .. ARGV[1] .. ' ', 1, true) then
            -- who comes after too many others displaces the oldest: the field stays small
            if #channels > 4000 then channels = string.match(channels, '^%S+ (.*)$') or '' end
            redis.call('HSET', KEYS[3], ids[i], channels == '' and ARGV[1] or channels .. ' ' .. ARGV[1])
        end
    end
end
return reply
