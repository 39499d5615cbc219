-- Library: limits
-- What one queue knows of one id, at one moment.
-- KEYS  1 jobs:<bucket>  2 delayed  3 dead  4 reasons  5 results:<bucket> or result:<id>  6 suspects
--       7..16 ready:9 .. ready:0  17 parked
-- ARGV  1 id  2 '1': also count the jobs before it  3 '1' if KEYS[5] is the job's own key
-- Returns {state, message or nil, outcome or nil, due in ms or nil, jobs before it or nil, limit key that bars it or nil}
--   state 0 unknown  1 delayed  2 queued  3 running (owned by some runner)  4 ended  5 dead letter
local id = ARGV[1]
local message = redis.call('HGET', KEYS[1], id)
if not message then
    local outcome = ARGV[3] == '1' and redis.call('GET', KEYS[5]) or ARGV[3] ~= '1' and redis.call('HGET', KEYS[5], id)
    return outcome and {4, false, outcome} or {0}
end
local due = redis.call('ZSCORE', KEYS[2], id)
if due then return {1, message, false, due} end
if redis.call('ZSCORE', KEYS[3], id) then return {5, message, redis.call('HGET', KEYS[4], id)} end
if redis.call('LPOS', KEYS[6], id) then return {2, message, false, false, 0} end
local mine = 16 - priority(message)
local place = redis.call('LPOS', KEYS[mine], id, 'RANK', -1)
if not place then
    local key, member = limit_key(message), parked_as(message, id)
    if not redis.call('ZSCORE', KEYS[17], member) then return {3, message} end
    return {2, message, false, false, redis.call('ZLEXCOUNT', KEYS[17], '[' .. key .. '\0', '(' .. member), key}
end
local ahead = redis.call('LLEN', KEYS[mine]) - 1 - place
if ARGV[2] == '1' then
    for i = 6, mine - 1 do ahead = ahead + redis.call('LLEN', KEYS[i]) end
end
return {2, message, false, false, ahead}
