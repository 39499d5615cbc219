"""What must be true of Redis at every moment: each job in exactly one place, each key bounded. docs/protocol.md.

The picture is taken by one script, so workers may run meanwhile.
"""
import re

from harness.ids import to_uuid

SNAPSHOT = """
local all = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
    local kind = redis.call('TYPE', key).ok
    local members = {}
    if kind == 'list' then members = redis.call('LRANGE', key, 0, -1) end
    if kind == 'set' then members = redis.call('SMEMBERS', key) end
    if kind == 'hash' then members = redis.call('HKEYS', key) end
    if kind == 'zset' then members = redis.call('ZRANGE', key, 0, -1) end
    all[#all + 1] = {key, redis.call('PTTL', key), members}
end
return all
"""
PLACES = re.compile(r"ready:\d|suspects|parked|delayed|dead|active:.+")
BOUND_TO_JOBS = re.compile(r"jobs:.+|reasons|cancelled|unique|waiters|permits|barred")  # an entry dies with its job
# one small entry per worker, bell, counter, queue, limit key in use; the latest events
CAPPED = re.compile(r"workers|bell|meta|stats|queues|buckets|events")
EVENTS_MOST = 10000 + 100  # Redis trims whole nodes of a stream


class Queue:
    def __init__(self):
        self.places = {}  # "ready:5" -> ids
        self.sets = {}    # "jobs", "reasons", ... -> ids
        self.parked_keys = set()


def snapshot(client, namespace="celeriac"):
    """({queue: Queue}, {key: ttl in ms, -1 for none})"""
    queues, ttls = {}, {}
    for key, ttl, members in client.eval(SNAPSHOT, 0, namespace):
        key = key.decode()
        ttls[key] = ttl
        match = re.fullmatch(re.escape(namespace) + r":\{(.*?)\}:(.*)", key)
        if match:
            queue = queues.setdefault(match[1], Queue())
            ids = [member.decode("latin-1") for member in members]
            if match[2] == "parked":
                queue.parked_keys = {member.split("\0")[0] for member in ids}
            if match[2] in ("parked", "permits"):  # "<limit key> NUL ... NUL <id>"
                ids = [member.split("\0")[-1] for member in ids]
            if match[2].startswith("jobs:"):
                queue.sets.setdefault("jobs", []).extend(ids)
                continue
            (queue.places if PLACES.fullmatch(match[2]) else queue.sets)[match[2]] = ids
    return queues, ttls


def check_places(name, queue):
    where = {}
    for place, ids in queue.places.items():
        for job in ids:
            where.setdefault(job, []).append(place)
    jobs = set(queue.sets.get("jobs", []))
    for job, places in where.items():
        if len(places) > 1:
            yield f"{name}: {to_uuid(job)} is in several places: {places}"
        if job not in jobs:
            yield f"{name}: {to_uuid(job)} is in {places} but has no message"
    for job in jobs - where.keys():
        yield f"{name}: {to_uuid(job)} has a message but is nowhere"
    dead = set(queue.places.get("dead", []))
    for job in set(queue.sets.get("reasons", [])) ^ dead:
        yield f"{name}: {to_uuid(job)} is in only one of dead and reasons"
    for job in set(queue.sets.get("cancelled", [])) - jobs:
        yield f"{name}: {to_uuid(job)} is marked as cancelled but has no message"


def check_permits(name, queue):
    """Whatever runs under a cap holds a permit, and nothing else does; whoever is parked is waited for."""
    active = {job for place, ids in queue.places.items() if place.startswith("active:") for job in ids}
    permits = set(queue.sets.get("permits", []))
    for job in permits - active:
        yield f"{name}: {to_uuid(job)} holds a permit but does not run"
    if {"concurrency", "key_concurrency"} & set(queue.sets.get("meta", [])):
        for job in active - permits - set(queue.sets.get("cancelled", [])):
            yield f"{name}: {to_uuid(job)} runs without a permit"
    for key in queue.parked_keys - set(queue.sets.get("barred", [])):
        yield f"{name}: jobs are parked with {key!r}, which nobody waits for"


def check_bounds(ttls, namespace):
    for key, ttl in ttls.items():
        kind = re.sub(r"^" + re.escape(namespace) + r":(\{.*?\}:)?", "", key)
        known = any(pattern.fullmatch(kind) for pattern in (PLACES, BOUND_TO_JOBS, CAPPED))
        if ttl < 0 and not known:
            yield f"{key} has neither a time to live nor a known bound"


def violations(client, namespace="celeriac"):
    """Sentences; none when all is well."""
    queues, ttls = snapshot(client, namespace)
    found = list(check_bounds(ttls, namespace))
    if client.xlen(f"{namespace}:events") > EVENTS_MOST:
        found.append(f"{namespace}:events has more than {EVENTS_MOST} entries")
    for name, queue in queues.items():
        found += check_places(name, queue)
        found += check_permits(name, queue)
    return found


def count(client, queue="default", namespace="celeriac"):
    """{"jobs": 3, "ready": 2, "active": 1, "delayed": 0, "dead": 0, "suspects": 0}"""
    q = snapshot(client, namespace)[0].get(queue, Queue())
    numbers = dict.fromkeys(("ready", "parked", "active", "delayed", "dead", "suspects"), 0)
    numbers["jobs"] = len(q.sets.get("jobs", []))
    for place, ids in q.places.items():
        numbers[place.split(":")[0]] += len(ids)
    return numbers
