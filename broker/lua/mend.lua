-- Libraries: limits buckets places
-- Where one job stands, and what is kept about it: tells what contradicts, and puts it right if asked.
-- KEYS  1 jobs:  2 delayed  3 dead  4 reasons  5 suspects  6 cancelled  7 waiters  8 unique  9 permits  10 parked
--       11 barred  12 bell  13 meta  14 workers  15..24 ready:9 .. ready:0
--       25 active:<runner> of a runner that seems to be unknown, if the job is there
-- ARGV  1 id  2 '1': put it right  3 uniqueness key that it seems to hold  4, 5 its members of parked and permits, if
--       it has no message  6 outcome of a dead letter that has none
-- Returns the flaws, by name.
local id, mends, flaws = ARGV[1], ARGV[2] == '1', {}
local message = redis.call('HGET', jobs_of(KEYS[1], id), id)

local function has(key) return redis.call('HEXISTS', key, id) == 1 end

local function flaw(name, ...)
    if flaws[#flaws] ~= name then flaws[#flaws + 1] = name end
    if not mends then return end
    redis.call(...)
    ring(KEYS[12])
end

local k = {workers = KEYS[14], suspects = KEYS[5], parked = KEYS[10], delayed = KEYS[2], dead = KEYS[3]}
local places = places_of(id, k, {unpack(KEYS, 15, 24)}, message and parked_as(message, id) or ARGV[4])
local stray = KEYS[25] and string.match(KEYS[25], ':active:(.*)$')
stray = stray and redis.call('HEXISTS', KEYS[14], stray) == 0 and has(KEYS[25])
if stray then flaw('stray', 'HDEL', KEYS[25], id) end
if message and #places == 0 then
    flaw(stray and 'stray' or 'nowhere', 'RPUSH', is_suspect(message) and KEYS[5] or KEYS[24 - priority(message)], id)
end
for i = message and 2 or 1, #places do flaw(message and 'several_places' or 'no_message', unpack(places[i], 2)) end

local kind = message and (places[1] or {'ready'})[1]
if kind == 'dead' and not has(KEYS[4]) then flaw('no_reason', 'HSET', KEYS[4], id, ARGV[6]) end
if kind ~= 'dead' and has(KEYS[4]) then flaw('reason_alone', 'HDEL', KEYS[4], id) end
if not message and has(KEYS[6]) then flaw('mark_alone', 'HDEL', KEYS[6], id) end
if not message and has(KEYS[7]) then flaw('waiter_alone', 'HDEL', KEYS[7], id) end
local holder = redis.call('HGET', KEYS[8], ARGV[3]) or ''
if (not message or kind == 'dead') and string.sub(holder, 1, #id + 1) == id .. ' ' then
    flaw('lock_alone', 'HDEL', KEYS[8], ARGV[3])
end

local permit = message and limit_key(message) .. '\0' .. id or ARGV[5]
local is_held = redis.call('ZSCORE', KEYS[9], permit)
local caps = redis.call('HMGET', KEYS[13], 'concurrency', 'key_concurrency')
if is_held and kind ~= 'active' then
    flaw('permit_alone', 'ZREM', KEYS[9], permit)
    if mends then redis.call('ZADD', KEYS[11], 'XX', '0', '', '0', string.match(permit, '^%Z*')) end
elseif kind == 'active' and not is_held and (caps[1] or caps[2]) and not has(KEYS[6]) then
    flaw('no_permit', 'ZADD', KEYS[9], '0', permit)
elseif kind == 'parked' and not redis.call('ZSCORE', KEYS[11], limit_key(message)) then
    flaw('not_awaited', 'ZADD', KEYS[11], '0', limit_key(message))
end
return flaws
