-- Libraries: buckets letters
-- active -> ready, suspects or dead: all that a dead runner (or one that leaves) owned; the runner is unregistered.
-- KEYS  1 workers  2 active:<runner>  3 jobs:  4 suspects  5 dead  6 reasons  7 stats  8 bell  9 waiters  10 unique
--       11..20 ready:9 .. ready:0  21 permits  22 barred
-- ARGV  1 worker  2 runner  3 registry value of the worker that was seen too long, '' if the runner is our own
--       4 crashes that end a job  5 losses that end a job  6 outcome of a job lost too often
--       7 dead letters kept at most  8 ms to keep them  9 counter for what goes back: recovered or released
--       10.. for each victim: id, 'crash' or 'suspect', outcome of a crash too many
-- Returns {0, moved, buried}, {1, 0, 0} if the worker has shown life since.
local is_host = ARGV[3] ~= ''
if is_host and redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[3] then return {1, 0, 0} end
local victims = {}
for i = 10, #ARGV, 3 do victims[ARGV[i]] = {charge = ARGV[i + 1], outcome = ARGV[i + 2]} end

local ids = redis.call('HKEYS', KEYS[2])
table.sort(ids, function(a, b) return a > b end) -- pushed to the head in turn, so the oldest is next
local messages, buried, outcomes, moved, crashed = #ids > 0 and messages_of(KEYS[3], ids) or {}, {}, {}, 0, 0
for i, id in ipairs(ids) do
    local message, victim = messages[i], victims[id]
    if message then
        -- a suspect ran alone: there is nobody else to blame
        local is_crash = victim and (victim.charge == 'crash' or is_suspect(message))
        local changed, crashes, lost = charged(message, 0, is_crash and 1 or 0, is_host and 1 or 0,
            victim and victim.charge == 'suspect')
        if changed ~= message then redis.call('HSET', jobs_of(KEYS[3], id), id, changed) end
        if is_crash then crashed = crashed + 1 end
        local ends = is_crash and crashes and crashes >= tonumber(ARGV[4]) and victim.outcome
            or is_host and lost and lost >= tonumber(ARGV[5]) and ARGV[6]
        if ends then
            free_unique(KEYS[10], message, id)
            buried[#buried + 1], outcomes[#outcomes + 1] = id, ends
        else
            if is_suspect(changed) then -- behind the suspects that wait already
                redis.call('LPUSH', KEYS[4], id)
            else
                redis.call('RPUSH', KEYS[20 - priority(message)], id)
            end
            moved = moved + 1
        end
    end
end
redis.call('DEL', KEYS[2])
free_permits(KEYS[21], KEYS[22], KEYS[8], ids, messages)
redis.call('HDEL', KEYS[1], ARGV[2])
if #buried > 0 then
    bury(KEYS[3], KEYS[5], KEYS[6], now_ms(), buried, outcomes, tonumber(ARGV[7]), tonumber(ARGV[8]))
    notify(KEYS[9], buried, outcomes)
    redis.call('HINCRBY', KEYS[7], 'dead', #buried)
end
if crashed > 0 then redis.call('HINCRBY', KEYS[7], 'crashed', crashed) end
if moved > 0 then redis.call('HINCRBY', KEYS[7], ARGV[9], moved) end
-- also a ring that the dead may have taken
if redis.call('EXISTS', KEYS[4], unpack(KEYS, 11, 20)) > 0 then ring(KEYS[8]) end
return {0, moved, #buried}
