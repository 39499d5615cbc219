-- Where messages are: in a hash for each bucket, which is read off the id: 4,096 ms of its time, and the lane behind its
-- version. Ids without these share one. `jobs` is what the names of these hashes begin with. common/id.h, docs/protocol.md

local function jobs_of(jobs, id)
    local epoch, lane = string.match(id, '^(......)..([R-U].)............$')
    return jobs .. (epoch and epoch .. lane or 'other')
end

-- The message of one more job, of a bucket that grows slowly: beyond 64 it becomes a table, too.
local function put_message(key, id, message)
    redis.call('HSET', key, id, message)
    if redis.call('HLEN', key) ~= 64 then return end
    redis.call('HSET', key, '', string.rep(' ', 65))
    redis.call('HDEL', key, '')
end

-- The indexes in ids of those without a value in `but`, by the hash of their messages.
local function by_bucket(jobs, ids, but)
    local all = {}
    for i = 1, #ids do
        if not but or not but[i] then
            local key = jobs_of(jobs, ids[i])
            local some = all[key] or {}
            all[key] = some
            some[#some + 1] = i
        end
    end
    return all
end

-- The messages of jobs, false where there is none. Neighbours mostly share a bucket: so all are looked for in that of
-- the first, and only what is not there by its own.
local function messages_of(jobs, ids)
    local all, n = hmget(jobs_of(jobs, ids[1]), ids), 0
    for i = 1, #ids do if not all[i] then n = n + 1 end end
    if n == 0 then return all end
    for key, some in pairs(by_bucket(jobs, ids, all)) do
        local fields = {}
        for k = 1, #some do fields[k] = ids[some[k]] end
        local messages = hmget(key, fields)
        for k = 1, #some do all[some[k]] = messages[k] end
    end
    return all
end

local function drop_messages(jobs, ids)
    for key, some in pairs(by_bucket(jobs, ids)) do
        for k = 1, #some do some[k] = ids[some[k]] end
        bulk('HDEL', key, some)
    end
end
