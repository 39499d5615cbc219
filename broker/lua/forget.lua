-- Unregisters a worker that has no runners left.
-- KEYS  1 workers    ARGV  1 worker  2 registry value that it must still have, '' for any
-- Returns {0} done, {1} it has shown life or still has runners.
local registry = redis.call('HGETALL', KEYS[1])
for i = 1, #registry, 2 do
    if string.match(registry[i + 1], '^%S+') == ARGV[1] then return {1} end
    if registry[i] == ARGV[1] and ARGV[2] ~= '' and registry[i + 1] ~= ARGV[2] then return {1} end
end
redis.call('HDEL', KEYS[1], ARGV[1])
return {0}
