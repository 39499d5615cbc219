-- Registers a runner, and its worker if that is new (or was taken for dead).
-- KEYS  1 workers    ARGV  1 worker  2 runner  3 lease in ms    Returns {0}.
redis.call('HSETNX', KEYS[1], ARGV[1], '0 ' .. ARGV[3])
redis.call('HSET', KEYS[1], ARGV[2], ARGV[1])
return {0}
