-- dead -> (nothing): removes a dead letter with its message and its reason.
-- KEYS  1 jobs:<bucket>  2 dead  3 reasons  4 stats
-- ARGV  1 id
-- Returns {0} done, {1} no dead letter.
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then return {1} end
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[4], 'discarded', 1)
return {0}
