-- Libraries: limits buckets admission
-- reserve, where limits say what may run: no more jobs than there are permits and tokens. A job whose key has none is
-- parked with its key (ready -> parked), and comes back (parked -> ready, at the head) once the key has some.
-- KEYS  1..17 as for reserve  18 permits  19 parked  20 barred  21 buckets
-- ARGV  1..3 as for reserve, but for idle slots alone: a job takes its permit now  4 control channel of the queue
-- Returns what reserve does, or {5, 0, 0}: the limits are gone, use `reserve`
local q = {workers = KEYS[1], jobs = KEYS[2], bell = KEYS[4], meta = KEYS[5], suspects = KEYS[7], ready = {unpack(KEYS, 8, 17)},
    permits = KEYS[18], parked = KEYS[19], barred = KEYS[20], buckets = KEYS[21], control = ARGV[4], now = now_us(),
    ids = {}, messages = {}, marked = {}, own = {}, held = {}, lefts = {}}
local runner, asked = ARGV[1], tonumber(ARGV[2])
local worker = redis.call('HGET', q.workers, runner)
if not worker or string.find(worker, ' ', 1, true) then
    if redis.call('EXISTS', q.parked, unpack(KEYS, 7, 17)) > 0 then ring(q.bell) end
    return {1, 0, 0}
end
q.of_queue, q.of_key = read_limits(q.meta)
if not q.of_queue and not q.of_key and redis.call('EXISTS', q.parked) == 0 then
    redis.call('HDEL', q.meta, 'limited')
    return {5, 0, 0}
end
if redis.call('HEXISTS', q.meta, 'paused') == 1 then return {3, 0, 0} end

redis.call('ZREMRANGEBYSCORE', q.buckets, '-inf', q.now)
q.start = string.format('%.0f', math.floor(q.now / 1000))
local more = unpark(q, asked)
local n, looked, kind = math.min(asked, room(left_of(q, q.of_queue, ''))), 0, 0
while #q.ids < n and looked < CHUNK and kind == 0 do
    local got
    got, kind = next_in_turn(q, runner, ARGV[3] == '1', n - #q.ids)
    if #got == 0 then break end
    local messages, marks = messages_of(q.jobs, got), hmget(KEYS[6], got)
    for i = 1, #got do admit(q, got[i], messages[i], marks[i]) end
    looked = looked + #got
end
bulk('HSET', KEYS[3], q.own)
local waits = redis.call('EXISTS', unpack(KEYS, 7, 17)) > 0
keep(q, waits)
if kind ~= 1 and (more or waits) and room(left_of(q, q.of_queue, '')) > 0 then ring(q.bell) end
if #q.ids == 0 then return {0, 0, kind == 1 and 1 or 0} end
return {kind, tonumber(q.start), 0, q.ids, q.messages, q.marked}
