-- How jobs are let in under limits: the parts of reserve_limited. `q` holds the queue's keys by name, its limits, and what
-- this call has come to know and taken.

local function left_of(q, limit, key)
    q.lefts[key] = q.lefts[key] or look_at(limit, key, q.permits, q.buckets, q.now)
    return q.lefts[key]
end

local function waiting_list(q, message) return is_suspect(message) and q.suspects or q.ready[10 - priority(message)] end

-- Moves parked jobs whose key has room back to the heads of their lists, at most n for each key. True: more can be moved.
local function unpark(q, n)
    local due = redis.call('ZRANGEBYSCORE', q.barred, '-inf', math.floor(q.now / 1000), 'LIMIT', 0, 100)
    local more = #due == 100
    for _, key in ipairs(due) do
        local left = look_at(q.of_key, key, q.permits, q.buckets, q.now)
        local most = key ~= '' and math.min(room(left), n) or 0
        local members = most > 0 and redis.call('ZRANGEBYLEX', q.parked, '[' .. key .. '\0', '(' .. key .. '\1', 'LIMIT',
            0, most) or {}
        for i = #members, 1, -1 do
            local id = parked_id(members[i])
            redis.call('RPUSH', waiting_list(q, redis.call('HGET', jobs_of(q.jobs, id), id) or ''), id)
        end
        bulk('ZREM', q.parked, members)
        take(left, #members)
        if key == '' or #members < most then
            redis.call('ZREM', q.barred, key)
        elseif room(left) > 0 then
            more = true
        else -- whoever reserves what was moved knows better
            bar(q, key, most == 0 and open_at(q.of_key, left) or string.format('%.0f', q.now / 1000 + LATE_MS))
        end
    end
    return more
end

-- Who is next, as in reserve.lua: a suspect (and 2), none since one waits for this runner to become idle (and 1), or up to
-- n jobs by priority (and 0).
local function next_in_turn(q, runner, is_alone, n)
    if redis.call('EXISTS', q.suspects) == 1 then
        local drainer = redis.call('HGET', q.meta, 'drainer')
        if is_alone then
            redis.call('HDEL', q.meta, 'drainer')
            return {redis.call('RPOP', q.suspects)}, 2
        end
        if not drainer or drainer == runner or redis.call('HEXISTS', q.workers, drainer) == 0 then
            if drainer ~= runner then
                redis.call('HSET', q.meta, 'drainer', runner)
                ring(q.bell)
            end
            return {}, 1
        end
    end
    local ids = {}
    for i = 1, 10 do
        local got = redis.call('RPOP', q.ready[i], n - #ids)
        for k = 1, got and #got or 0 do ids[#ids + 1] = got[k] end
        if #ids >= n then break end
    end
    return ids, 0
end

-- Lets the job in, or parks it. A marked job does not run, so it needs nothing.
local function admit(q, id, message, mark)
    local key = message and limit_key(message) or ''
    local left = q.of_key and key ~= '' and not mark and left_of(q, q.of_key, key)
    if left and room(left) == 0 then
        left.is_awaited = true
        redis.call('ZADD', q.parked, '0', parked_as(message, id))
        return
    end
    q.ids[#q.ids + 1], q.messages[#q.messages + 1] = id, message
    if mark then q.marked[#q.marked + 1] = id end
    if not message then return end
    q.own[#q.own + 1], q.own[#q.own + 2] = id, q.start
    if mark then return end
    take(left_of(q, q.of_queue, ''), 1)
    if left then take(left, 1) end
    q.held[#q.held + 1], q.held[#q.held + 2] = '0', key .. '\0' .. id
end

-- Writes what was taken, and who waits for what. `waits`: jobs of any key are left.
local function keep(q, waits)
    if q.of_queue and q.of_queue.cap or q.of_key and q.of_key.cap then bulk('ZADD', q.permits, q.held) end
    for key, left in pairs(q.lefts) do
        local limit = key == '' and q.of_queue or q.of_key
        keep_taken(limit, left, key, q.buckets)
        if room(left) == 0 then
            local is_awaited = left.is_awaited or key == '' and waits
            bar(q, key, open_at(limit, left), not is_awaited and 'XX')
        end
    end
end
