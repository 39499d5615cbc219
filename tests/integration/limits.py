"""The verb `limit`, and what limits do to real jobs on real workers."""
import datetime
import os
import signal
import time

from harness import invariants
from harness.case import Case, main
from harness.until import until


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def most_at_once(jobs):
    """Of jobs that have ended."""
    edges = sorted([(seconds(j["finished_at"]), 0) for j in jobs] + [(seconds(j["started_at"]), 1) for j in jobs])
    running = most = 0
    for _, begins in edges:
        running += 1 if begins else -1
        most = max(most, running)
    return most


class Length(Case):
    def test_a_full_queue_refuses_with_75_and_one_line(self):
        self.celeriac("limit", "default", "--max-length", 2)
        for _ in range(2):
            self.submit("echo", 1)
        for argv in (("echo", 1), ("--in", "1h", "echo", 1), ("--unique=k", "echo", 1)):
            refused = self.celeriac("submit", *argv, code=75)
            self.assertEqual(refused.err, "celeriac: queue default is full\n")
        self.assertEqual(invariants.count(self.client())["jobs"], 2)
        self.celeriac("limit", "default", "--max-length", "off")
        self.submit("echo", 1)

    def test_dead_letters_take_no_room(self):
        self.celeriac("limit", "default", "--max-length", 1)
        self.worker("-P", 1, "-T", 1)
        for option in ((), ("--in", "1ms"), ("--id", "6f1c0a52-9d0b-4c1e-8a55-0c5c8d3d7b10")):
            self.celeriac("run", "--retries", 0, *option, "fail", "x", code=1)
        self.assertEqual(invariants.count(self.client())["dead"], 3)

    def test_limits_are_shown(self):
        self.submit("-q", "free", "echo", 1)
        shown = self.celeriac("limit", "mail", "--max-length", 10000, "--json").json
        self.assertEqual(shown, [{"queue": "mail", "max_length": 10000, "parked": 0}])
        self.assertEqual(self.celeriac("limit", "--json").json, [{"queue": "free", "parked": 0}, *shown])
        rows = {row["queue"]: row.get("limits") for row in self.celeriac("queues", "--json").json}
        self.assertEqual(rows, {"free": None, "mail": {"max_length": 10000, "parked": 0}})
        self.assertIn("length 10000", self.celeriac("queues").out)
        self.assertEqual(self.celeriac("limit", "mail", "--remove", "--json").json, [{"queue": "mail", "parked": 0}])

    def test_what_makes_no_sense_is_refused(self):
        self.assert_error(self.celeriac("limit", "nobody", code=66), 66, "nobody")
        self.assert_error(self.celeriac("limit", "--max-length", 1, code=64), 64, "QUEUE")
        self.assert_error(self.celeriac("limit", "a", "b", "--max-length", 1, code=64), 64, "QUEUE")
        for bad in ("0", "-1", "many", "1x", "", "99999999999"):
            self.assert_error(self.celeriac("limit", "q", f"--max-length={bad}", code=64), 64, "max-length")
        self.assert_error(self.celeriac("limit", "q{", "--max-length", 1, code=64), 64, "q{")
        self.assertEqual(self.client().keys("*"), [])

    def test_options_are_checked(self):
        for option, bad in (("rate", "0/s"), ("rate", "5"), ("rate", "5/d"), ("rate", "-5/s"), ("rate", "2000000/s"),
                            ("concurrency", "0"), ("key-concurrency", "x"), ("key-rate", "1/ s")):
            self.assert_error(self.celeriac("limit", "q", f"--{option}={bad}", code=64), 64, option)
        self.assert_error(self.celeriac("limit", "q", "--burst", 5, code=64), 64, "--rate")
        self.assert_error(self.celeriac("submit", "--limit-key", "a\tb", "echo", 1, code=64), 64, "limit key")
        shown = self.celeriac("limit", "q", "--rate", "90/m", "--concurrency", 8, "--key-rate", "1000/s",
                              "--key-concurrency", 2, "--json").json[0]
        self.assertEqual(shown, {"queue": "q", "rate": "90/m", "burst": 1, "concurrency": 8, "key_rate": "1000/s",
                                 "key_burst": 100, "key_concurrency": 2, "parked": 0})
        self.assertIn("90/m burst 1, 8 at once", self.celeriac("queues").out)


class AtOnce(Case):
    def ended(self, jobs):
        self.celeriac("wait", *jobs)
        return self.celeriac("status", "--json", *jobs).json

    def test_a_cap_holds_across_workers(self):
        self.celeriac("limit", "default", "--concurrency", 2)
        jobs = [self.submit("sleep", 0.03) for _ in range(20)]
        for _ in range(2):
            self.worker("-P", 2, "-T", 2)
        self.assertEqual(most_at_once(self.ended(jobs)), 2)

    def test_jobs_of_one_key_run_one_by_one_and_others_pass(self):
        self.celeriac("limit", "default", "--key-concurrency", 1)
        slow = [self.submit("--limit-key", "slow", "sleep", 0.1) for _ in range(4)]
        fast = [self.submit("--limit-key", f"fast{i}", "sleep", 0.01) for i in range(4)]
        self.worker("-P", 1, "-T", 4)
        slow, fast = self.ended(slow), self.ended(fast)
        self.assertEqual(most_at_once(slow), 1)
        self.assertEqual([j["started_at"] for j in slow], sorted(j["started_at"] for j in slow))
        self.assertLess(max(seconds(j["started_at"]) for j in fast), seconds(slow[-1]["started_at"]))

    def test_a_parked_job_says_what_it_waits_for(self):
        self.celeriac("limit", "default", "--key-concurrency", 1)
        self.worker("-P", 1, "-T", 2)
        first, second = (self.submit("--limit-key", "tenant 7", "sleep", 60) for _ in range(2))
        until(lambda: self.status(second).get("waits_for"), 10, "the second job to be parked")
        status = self.status(second)
        self.assertEqual((status["state"], status["limit_key"], status["waits_for"]),
                         ("queued", "tenant 7", "its limit key tenant 7"))
        self.assertIn(second, self.celeriac("jobs", "--state", "queued").out)
        self.assertEqual(self.celeriac("limit", "default", "--json").json[0]["parked"], 1)
        self.celeriac("cancel", second)
        self.assertEqual(self.status(second)["state"], "cancelled")
        self.allow_warning("runner_died")
        self.celeriac("cancel", "--force", first)

    def test_a_killed_runner_gives_its_permits_back(self):
        self.celeriac("limit", "default", "--concurrency", 2, "--key-concurrency", 1)
        worker = self.worker("-P", 2, "-T", 1)
        jobs = [self.submit("--limit-key", k, "sleep", 0.3) for k in "aabbab"]
        self.allow_warning("runner_died")
        until(lambda: invariants.count(self.client())["active"] == 2, 10, "two jobs that run")
        for pid in worker.runners:
            os.kill(pid, signal.SIGKILL)
        ended = self.ended(jobs)
        self.assertEqual([j["state"] for j in ended], ["success"] * 6)
        self.assertEqual(self.client().exists("celeriac:{default}:permits"), 0)

    def test_failures_and_retries_keep_no_permit(self):
        self.celeriac("limit", "default", "--key-concurrency", 1)
        self.worker("-P", 1, "-T", 2)
        jobs = [self.submit("--limit-key", "k", "--retries", 1, "--backoff", "10ms", "fail", "x") for _ in range(5)]
        self.celeriac("wait", *jobs, code=1)
        self.assertEqual(invariants.count(self.client())["dead"], 5)
        self.celeriac("retry", "--all", "-q", "default")
        self.celeriac("wait", *jobs, code=1)
        self.assertEqual(self.status(jobs[0])["limit_key"], "k")


class Stored(Case):
    redis_aof = True

    def test_pause_and_limits_survive_a_restart_of_redis(self):
        self.celeriac("limit", "default", "--concurrency", 1, "--max-length", 4)
        self.celeriac("pause", "default")
        jobs = [self.submit("sleep", 0.03) for _ in range(4)]
        self.redis.stop()
        self.redis.start()
        row = self.celeriac("queues", "--json").json[0]
        self.assertEqual((row["paused"], row["limits"]), (True, {"concurrency": 1, "max_length": 4, "parked": 0}))
        self.celeriac("submit", "echo", 1, code=75)
        self.worker("-P", 2, "-T", 1)
        self.celeriac("wait", "--wait-timeout", "300ms", *jobs, code=124)
        self.assertEqual({j["state"] for j in self.celeriac("status", "--json", *jobs).json}, {"queued"})
        self.celeriac("resume", "default")
        self.celeriac("wait", *jobs)
        self.assertEqual(most_at_once(self.celeriac("status", "--json", *jobs).json), 1)

    def test_a_restart_while_jobs_run_keeps_the_count(self):
        self.celeriac("limit", "default", "--concurrency", 1)
        self.worker("-P", 2, "-T", 1)
        self.allow_warning("redis_down|redis_up|commit_failed|reserve_failed")
        jobs = [self.submit("sleep", 0.5) for _ in range(3)]
        until(lambda: invariants.count(self.client())["active"], 10, "a job that runs")
        self.redis.stop()
        self.redis.start()
        self.celeriac("wait", *jobs)
        self.assertEqual(most_at_once(self.celeriac("status", "--json", *jobs).json), 1)


class Rate(Case):
    def test_a_rate_is_kept_and_nothing_is_lost(self):
        self.celeriac("limit", "default", "--rate", "50/s", "--burst", 5)
        jobs = [self.submit("echo", i) for i in range(30)]
        for _ in range(2):
            self.worker("-P", 1, "-T", 2)
        self.celeriac("wait", *jobs)
        starts = sorted(seconds(j["started_at"]) for j in self.celeriac("status", "--json", *jobs).json)
        self.assertGreaterEqual(starts[-1] - starts[0], (30 - 5) / 50 - 0.01)
        for i in range(len(starts) - 10):  # never more than the burst and the rate, wherever one looks
            self.assertGreaterEqual(starts[i + 10] - starts[i], (10 - 5) / 50 - 0.01)

    def test_a_barred_queue_does_not_hold_up_the_others(self):
        self.celeriac("limit", "slow", "--rate", "1/h")
        barred = [self.submit("-q", "slow", "echo", i) for i in range(3)]
        self.worker("-P", 1, "-T", 1, "-q", "slow", "-q", "fast")
        for i in range(5):
            self.assertEqual(self.celeriac("run", "-q", "fast", "echo", i).value, i)
        states = sorted(j["state"] for j in self.celeriac("status", "--json", *barred).json)
        self.assertEqual(states, ["queued", "queued", "success"])
        self.celeriac("limit", "slow", "--rate", "off")
        self.celeriac("wait", *barred)

    def test_a_barred_queue_costs_nothing(self):
        self.celeriac("limit", "default", "--rate", "1/h")
        for i in range(3):
            self.submit("echo", i)
        self.worker("-P", 2, "-T", 1)
        until(lambda: invariants.count(self.client())["ready"] == 2, 10, "the one job that may run")
        client, began = self.client(), time.monotonic()
        until(lambda: client.info("clients")["blocked_clients"] == 2, 10, "both runners at the bell")
        before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        until(lambda: time.monotonic() - began > 1, 10, "the window is over")
        self.assertLess(client.info("commandstats")["cmdstat_evalsha"]["calls"] - before, 8)

    def test_a_rate_for_each_key(self):
        self.celeriac("limit", "default", "--key-rate", "20/s", "--key-burst", 1)
        self.worker("-P", 1, "-T", 2)
        jobs = [self.submit("--limit-key", key, "echo", 1) for key in "abcab"]
        self.celeriac("wait", *jobs)
        a = [j for j in self.celeriac("status", "--json", *jobs).json]
        for first, second in ((0, 3), (1, 4)):
            self.assertGreaterEqual(seconds(a[second]["started_at"]) - seconds(a[first]["started_at"]), 0.045)


if __name__ == "__main__":
    main()
