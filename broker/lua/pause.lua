-- Stops or resumes reserving from a queue.
-- KEYS  1 meta  2 bell    ARGV  1 '1' pause, '0' resume    Returns {0}.
if ARGV[1] == '1' then
    redis.call('HSET', KEYS[1], 'paused', '1')
else
    redis.call('HDEL', KEYS[1], 'paused')
    ring(KEYS[2])
end
return {0}
