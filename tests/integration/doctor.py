"""celeriac doctor: each flaw that can be planted in Redis is told by name, and what --repair says is so."""
import json
import time

from harness import invariants
from harness.case import Case, main
from harness.ids import jobs_key, to_short
from harness.until import until

Q = "celeriac:{default}:"


class Doctor(Case):
    redis_aof = True

    def doctor(self, *argv, code=0):
        """{finding: [its rows]}"""
        found = {}
        for row in self.celeriac("doctor", "--json", *argv, code=code).json:
            found.setdefault(row["finding"], []).append(row)
        return found

    def plant(self, *commands):
        for command in commands:
            self.client().execute_command(*command)

    def check_mended(self, *flaws, extra=(), after=None):
        """Exactly these are found, without changing anything; --repair puts them right. `extra`: what it cannot;
        `after`: what it finds from then on, if that is something else."""
        after = set(extra if after is None else after)
        before = invariants.snapshot(self.client())
        found = self.doctor(code=1)
        self.assertEqual(set(found), {*flaws, *extra}, found)
        self.assertEqual({row["repaired"] for rows in found.values() for row in rows}, {False})
        self.assertEqual(invariants.snapshot(self.client())[0].keys(), before[0].keys())
        mended = self.doctor("--repair", code=1 if extra else 0)
        self.assertEqual({name: {row["repaired"] for row in rows} for name, rows in mended.items()},
                         {**dict.fromkeys(flaws, {True}), **dict.fromkeys(extra, {False})})
        self.assertEqual(invariants.violations(self.client()), [])
        self.assertEqual(set(self.doctor(code=1 if after else 0)), after)

    def submit_short(self, *argv):
        job = self.submit(*argv)
        return job, to_short(job)


class Healthy(Doctor):
    def test_nothing_is_wrong_with_jobs_in_every_place(self):
        self.worker("-P", 1, "-T", 2)
        self.celeriac("limit", "default", "--key-concurrency", 1, "--concurrency", 2)
        for n in range(2):
            self.submit("--limit-key", "k", "sleep", 600)
        self.submit("--retries", 0, "fail", "x")
        self.submit("--in", "1h", "--unique=u", "echo", 1)
        done = self.celeriac("run", "echo", 1)
        self.celeriac("pause", "default")
        self.submit("echo", 2)
        result = self.celeriac("doctor")
        self.assertEqual((result.out, done.value), ("", 1))
        self.assertRegex(result.err, r"^celeriac: \d+ keys, [45] jobs: nothing is wrong\n$")
        self.celeriac("resume", "default")

    def test_a_busy_queue_has_no_flaws(self):
        self.worker("-P", 2, "-T", 2)
        load = self.start("map", "echo", stdin="".join(f"{n}\n" for n in range(60000)))
        rounds = 0
        while load.poll() is None or rounds == 0:
            self.assertEqual(self.doctor(*["--repair"][:rounds % 2]), {})
            rounds += 1
        self.assertEqual(load.wait(), 0)
        self.assertEqual(self.client().hget(Q + "stats", "succeeded"), b"60000")

    def test_wrong_usage(self):
        self.assert_error(self.celeriac("doctor", "now", code=64), 64, "usage")


class Jobs(Doctor):
    def test_a_job_that_is_nowhere_runs_again(self):
        job, short = self.submit_short("echo", 7)
        self.plant(["LREM", Q + "ready:5", 1, short])
        found = self.doctor(code=1)
        self.assertEqual([(row["id"], row["queue"]) for row in found["nowhere"]], [(job, "default")])
        self.check_mended("nowhere", after=["unserved"])
        self.worker("-P", 1, "-T", 1)
        self.assertEqual(self.celeriac("wait", job).value, 7)

    def test_a_job_in_two_places_runs_once(self):
        job, short = self.submit_short("echo", 7)
        self.plant(["LPUSH", Q + "ready:5", short], ["LPUSH", Q + "ready:3", short], ["ZADD", Q + "delayed", 1, short])
        self.check_mended("several_places", extra=["unserved"])
        self.worker("-P", 1, "-T", 1)
        self.assertEqual(self.celeriac("wait", job).value, 7)
        self.assertEqual(self.client().hget(Q + "stats", "succeeded"), b"1")

    def test_what_has_no_message_is_taken_away(self):
        short = self.submit_short("echo", 7)[1]
        self.plant(["DEL", jobs_key(short)], ["HSET", Q + "waiters", short, "celeriac:feed:x"],
                   ["HSET", Q + "cancelled", short, "grace"], ["HSET", Q + "reasons", short, "x"],
                   ["HSET", Q + "unique", "k", short + " 0"])
        found = self.doctor(code=1)
        self.assertEqual(len(found), 6, found)
        self.plant(["SREM", "celeriac:queues", "default"])
        self.doctor("--repair", code=1)
        self.check_mended_keys()

    def check_mended_keys(self):
        left = {key.decode() for key in self.client().keys("*")} - {Q + "bell", "celeriac:queues"}
        self.assertEqual(left, set())
        self.assertEqual(self.doctor(), {})

    def test_jobs_of_a_runner_that_nobody_knows(self):
        job, short = self.submit_short("echo", 7)
        self.plant(["LREM", Q + "ready:5", 1, short], ["HSET", Q + "active:gone-1/1", short, 1])
        self.check_mended("stray", after=["unserved"])
        self.worker("-P", 1, "-T", 1)
        self.assertEqual(self.celeriac("wait", job).value, 7)

    def test_dead_letters_and_their_ties(self):
        self.worker("-P", 1, "-T", 1)
        job, short = self.submit_short("--retries", 0, "fail", "x")
        self.wait_state(job, "failure")
        self.plant(["HDEL", Q + "reasons", short], ["HSET", Q + "reasons", "y" * 22, "z"],
                   ["HSET", Q + "unique", "k", short + " 0"])
        # a letter with a lock is looked at for its message's own key, or by what the lock says
        self.check_mended("no_reason", "reason_alone", "lock_alone")
        self.assertEqual(self.status(job)["state"], "dead")
        self.celeriac("discard", job)

    def test_permits(self):
        self.worker("-P", 1, "-T", 2)
        self.celeriac("limit", "default", "--concurrency", 2, "--key-concurrency", 1)
        job, short = self.submit_short("--limit-key", "k", "sleep", 600)
        self.wait_state(job, "running")
        self.plant(["ZREM", Q + "permits", "k\0" + short], ["ZADD", Q + "permits", 0, "\0" + "0" * 22])
        self.check_mended("no_permit", "permit_alone")

    def test_parked_jobs_that_nobody_waits_for(self):
        self.worker("-P", 1, "-T", 2)
        self.celeriac("limit", "default", "--key-concurrency", 1)
        first = self.submit("--limit-key", "k", "sleep", 600)
        self.wait_state(first, "running")
        second = self.submit("--limit-key", "k", "echo", 7)
        until(lambda: self.client().zcard(Q + "parked"), 10, "it is parked")
        self.plant(["ZREM", Q + "barred", "k"])
        self.check_mended("not_awaited")
        self.celeriac("cancel", "--force", first)
        self.allow_warning("runner_died")
        self.assertEqual(self.celeriac("wait", second).value, 7)


class Keys(Doctor):
    def test_keys_without_an_end(self):
        self.worker("-P", 1, "-T", 1)
        job, short = self.submit_short("echo", 7)
        self.celeriac("wait", job)
        self.plant(["PERSIST", jobs_key(short).replace("jobs", "results")], ["SET", "celeriac:worker:w", "{}"],
                   ["SET", "celeriac:tasks:h", "{}"], ["SET", Q + "result:foreign", "x"],
                   ["SREM", "celeriac:queues", "default"])
        self.check_mended("no_ttl", "unlisted_queue")
        self.assertGreater(self.client().pttl("celeriac:tasks:h"), 0)
        self.assertEqual(self.celeriac("result", job).value, 7)

    def test_keys_of_nobody_and_of_the_wrong_type(self):
        self.submit("--in", "1h", "echo", 1)
        self.plant(["SET", Q + "mine", 1], ["SET", "celeriac:mine", 1], ["SET", Q + "dead", 1],
                   ["SET", "celeriac:short", 1, "EX", 60], ["SET", "celeriac:test:{q}:odd", 1], ["SET", "celeriac:test:odd", 1])
        found = self.doctor("--repair", code=1)
        self.assertEqual({name: sorted(row["key"] for row in rows) for name, rows in found.items()},
                         {"unknown_key": ["celeriac:mine", Q + "mine"], "wrong_type": [Q + "dead"]})
        self.plant(["DEL", Q + "mine", "celeriac:mine", Q + "dead", "celeriac:short", "celeriac:test:{q}:odd",
                    "celeriac:test:odd"])

    def test_a_bell_is_one_item(self):
        self.celeriac("cancel", self.submit("echo", 1))
        self.plant(["LPUSH", Q + "bell", 1, 2, 3])
        self.check_mended("over_cap")
        self.assertEqual(self.client().llen(Q + "bell"), 1)

    def test_a_long_stream_of_events(self):
        pipe = self.client().pipeline()
        for n in range(12000):
            pipe.xadd("celeriac:events", {"event": "x"})
        pipe.execute()
        self.check_mended("over_cap")


class Workers(Doctor):
    def test_a_silent_worker_gives_its_jobs_back(self):
        worker = self.worker("-P", 1, "-T", 1, "--lease", "1s")
        job = self.submit("sleep", 600)
        self.wait_state(job, "running")
        worker.kill()
        until(lambda: not self.client().keys("celeriac:worker:*"), 10, "its state has expired")
        self.check_mended("silent_worker", after=["unserved"])
        self.assertEqual(self.status(job)["state"], "queued")
        self.assertEqual(self.client().hgetall(Q + "workers"), {})
        self.celeriac("cancel", job)

    def test_a_runner_without_a_worker(self):
        job, short = self.submit_short("echo", 7)
        self.plant(["LREM", Q + "ready:5", 1, short], ["HSET", Q + "workers", "gone-1/1", "gone-1"],
                   ["HSET", Q + "active:gone-1/1", short, 1])
        self.check_mended("orphan_runner", after=["unserved"])
        self.worker("-P", 1, "-T", 1)
        self.assertEqual(self.celeriac("wait", job).value, 7)

    def test_jobs_that_nobody_serves(self):
        self.submit("echo", 1)
        self.assertEqual([row["queue"] for row in self.doctor(code=1)["unserved"]], ["default"])
        self.worker("-P", 1, "-T", 1)
        until(lambda: self.doctor() == {}, 10, "it is served")

    def test_a_clock_that_is_off(self):
        now = int(time.time() * 1000)
        state = {"worker": "w-1", "beat_at_ms": now + 60_000}
        self.plant(["HSET", Q + "workers", "w-1", "5 10000"], ["SADD", "celeriac:queues", "default"],
                   ["SET", "celeriac:worker:w-1", json.dumps(state), "PX", 30_000])
        self.assertIn("ahead of", self.doctor(code=1)["worker_clock"][0]["text"])
        self.plant(["DEL", Q + "workers", "celeriac:worker:w-1"])


class Settings(Doctor):
    def test_settings_that_lose_jobs(self):
        self.assertEqual(self.doctor(), {})
        self.plant(["CONFIG", "SET", "maxmemory", "100mb"], ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"],
                   ["CONFIG", "SET", "appendonly", "no"], ["CONFIG", "SET", "save", ""])
        self.assertEqual(set(self.doctor("--repair", code=1)), {"evicts", "no_persistence"})
        self.assertEqual(self.client().config_get("maxmemory-policy"), {"maxmemory-policy": "allkeys-lru"})
        self.plant(["CONFIG", "SET", "save", "60 1"], ["CONFIG", "SET", "maxmemory", self.client().info()["used_memory"]],
                   ["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        self.assertEqual(set(self.doctor(code=1)), {"no_aof", "memory_full"})

    def test_a_replica(self):
        self.plant(["REPLICAOF", "127.0.0.1", 1])
        self.assertIn("replica", self.doctor(code=1))
        self.plant(["REPLICAOF", "NO", "ONE"])

    def test_who_may_not_is_told(self):
        self.plant(["ACL", "SETUSER", "default", "-scan"])
        self.assert_error(self.celeriac("doctor", code=77), 77, "scan")
        self.plant(["ACL", "SETUSER", "default", "+scan"])


if __name__ == "__main__":
    main()
