-- All places where the id of a job stands, those that count more first: {kind, the command that takes it away}.
-- k: names of keys; ready: a list of the ten; parked: its member there. Reads `active:<runner>` of each runner in
-- `workers` at the same moment as that, so that a job which has just been reserved is seen.
local function places_of(id, k, ready, parked)
    local places = {}
    local function place(kind, is_there, ...) if is_there then places[#places + 1] = {kind, ...} end end
    local function in_list(key)
        for _ = 1, #redis.call('LPOS', key, id, 'COUNT', 0) do place('ready', true, 'LREM', key, 1, id) end
    end
    for _, runner in ipairs(redis.call('HKEYS', k.workers)) do
        local key = string.sub(k.workers, 1, -1 - #'workers') .. 'active:' .. runner
        place('active', redis.call('HEXISTS', key, id) == 1, 'HDEL', key, id)
    end
    in_list(k.suspects)
    for i = 1, #ready do in_list(ready[i]) end
    place('parked', redis.call('ZSCORE', k.parked, parked), 'ZREM', k.parked, parked)
    place('delayed', redis.call('ZSCORE', k.delayed, id), 'ZREM', k.delayed, id)
    place('dead', redis.call('ZSCORE', k.dead, id), 'ZREM', k.dead, id)
    return places
end
