"""The verbs for queues and workers: queues, workers, tasks, pause, resume, purge, stats."""
import json

from harness import invariants
from harness.case import Case, main
from harness.until import until


class Queues(Case):
    def test_queues_count_what_waits(self):
        for _ in range(3):
            self.submit("-q", "a", "sum_range", 5)
        self.submit("-q", "a", "--in", "1h", "sum_range", 5)
        self.submit("-q", "b", "sum_range", 5)
        rows = {row["queue"]: row for row in self.celeriac("queues", "--json").json}
        self.assertEqual((rows["a"]["ready"], rows["a"]["delayed"], rows["a"]["running"]), (3, 1, 0))
        self.assertEqual((rows["b"]["ready"], rows["b"]["paused"]), (1, False))
        self.assertGreaterEqual(rows["a"]["latency_ms"], 0)
        self.assertLessEqual({"queue", "ready", "running", "delayed", "dead", "latency_ms", "processed", "failed",
                              "paused"}, rows["a"].keys())
        self.assertIn("a", self.celeriac("queues").out)

    def test_a_paused_queue_accepts_jobs_and_runs_none(self):
        self.worker("-P", 1, "-T", 1)
        self.celeriac("pause", "default")
        job = self.submit("sum_range", 5)
        self.celeriac("wait", "--wait-timeout", "300ms", job, code=124)
        self.assertEqual(self.status(job)["state"], "queued")
        self.assertTrue(self.celeriac("queues", "--json").json[0]["paused"])
        self.celeriac("resume", "default")
        self.assertEqual(self.celeriac("wait", job).value, 10)

    def test_purge_wants_yes_and_leaves_nothing(self):
        for _ in range(3):
            self.submit("sum_range", 5)
        self.submit("--in", "1h", "sum_range", 5)
        self.assert_error(self.celeriac("purge", "default", code=64), 64, "-y")
        self.assertEqual(invariants.count(self.client())["jobs"], 4)
        self.celeriac("purge", "-y", "default")
        self.assertEqual(invariants.count(self.client())["jobs"], 0)

    def test_queues_that_nobody_knows_are_66(self):
        for argv in (("purge", "-y"), ("pause",), ("resume",)):
            self.assert_error(self.celeriac(*argv, "nobody", code=66), 66, "nobody")
        self.assertEqual(self.client().keys("*"), [])

    def test_workers_see_only_their_queues(self):
        self.worker("-q", "a", "-P", 1, "-T", 1)
        job = self.submit("-q", "b", "sum_range", 5)
        self.assertEqual(self.celeriac("run", "-q", "a", "sum_range", 5).value, 10)
        self.assertEqual(self.status(job)["state"], "queued")

    def test_priority_decides(self):
        jobs = [self.submit("-p", p, "sum_range", p) for p in (0, 5, 9, 3)]
        self.worker("-P", 1, "-T", 1)
        self.celeriac("wait", *jobs)
        started = sorted((self.status(job)["started_at"], -job_priority, job_priority)
                         for job, job_priority in zip(jobs, (0, 5, 9, 3)))
        self.assertEqual([s[2] for s in started], [9, 5, 3, 0])

    def test_names_are_checked(self):
        self.assert_error(self.celeriac("submit", "-q", "bad{name}", "echo", 1, code=64), 64, "bad{name}")


class Workers(Case):
    def test_workers_publish_what_they_are(self):
        self.worker("-P", 2, "-T", 3, "-q", "a", "-q", "b", name="wanda")
        row = until(lambda: self.celeriac("workers", "--json").json, 5, "a row for the worker")[0]
        self.assertTrue(row["worker"].startswith("wanda"), row)
        self.assertEqual((row["processes"], row["threads"], row["busy"]), (2, 3, 0))
        self.assertEqual(sorted(row["queues"]), ["a", "b"])
        self.assertEqual(row["pid"], self.workers[0].pid)
        self.assertGreater(row["rss_bytes"], 0)
        self.assertIn("wanda", self.celeriac("workers").out)

    def test_running_jobs_show_their_process(self):
        worker = self.worker("-P", 2, "-T", 1)
        job = self.submit("sleep", 60)
        running = until(lambda: [r for w in self.celeriac("workers", "--json").json for r in w.get("running", [])], 15,
                        "the job in the worker's row")
        self.assertEqual((running[0]["id"], running[0]["task"]), (job, "sleep"))
        self.assertIn(running[0]["pid"], worker.runners)
        self.celeriac("cancel", job)

    def test_a_stopped_worker_is_gone_from_the_list(self):
        worker = self.worker()
        worker.stop()
        self.assertEqual(self.celeriac("workers", "--json").json, [])

    def test_tasks_show_signatures(self):
        self.worker()
        rows = {row["name"]: row for row in self.celeriac("tasks", "--json").json}
        self.assertLessEqual({"countdown", "sum_range", "factorial", "sleep", "echo", "random", "eval", "solve", "fail",
                              "crash", "spin", "allocate"}, rows.keys())
        text = self.celeriac("tasks").out
        self.assertIn("countdown", text)

    def test_the_log_can_be_json(self):
        worker = self.worker("--log-format", "json", "-P", 1, "-T", 1, ready=False)
        until(lambda: '"worker_ready"' in worker.log, 20, "it is ready")
        self.celeriac("run", "sum_range", 5)
        worker.stop()
        events = {json.loads(line)["event"] for line in worker.log.splitlines()}
        self.assertLessEqual({"worker_started", "worker_ready", "worker_ended"}, events)

    def test_stats_count(self):
        self.worker("-P", 1, "-T", 1)
        self.celeriac("map", "sum_range", stdin="1\n2\n3\n")
        self.celeriac("run", "--retries", 0, "fail", "x", code=1)
        rows = until(lambda: [r for r in self.celeriac("queues", "--json").json if r["processed"] >= 3], 5, "counters")
        self.assertEqual(rows[0]["failed"], 1)
        self.assertTrue(self.celeriac("stats", "--json").value)

    def test_burst_ends_when_the_queue_is_empty(self):
        jobs = [self.submit("sum_range", n) for n in range(20)]
        worker = self.worker("--burst", ready=False)
        self.assertEqual(worker.process.wait(30), 0)
        self.assertEqual({self.status(job)["state"] for job in jobs}, {"success"})


if __name__ == "__main__":
    main()
