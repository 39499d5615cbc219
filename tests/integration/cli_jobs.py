"""The verbs for single jobs: run, submit, wait, result, status, cancel, retry, jobs. docs: CLI contract."""
import re
import uuid

from harness import invariants
from harness.case import Case, main
from harness.until import until

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class WithWorker(Case):
    def setUp(self):
        super().setUp()
        self.worker("-P", 2, "-T", 1)

    def test_run_prints_the_result(self):
        self.assertEqual(self.celeriac("run", "factorial", 24).out, "620448401733239439360000\n")
        self.assertEqual(self.celeriac("run", "sum_range", 1000000).out, "499999500000\n")

    def test_run_prints_raw_strings(self):
        self.assertEqual(self.celeriac("run", "echo", "a b").out, '"a b"\n')
        self.assertEqual(self.celeriac("run", "-r", "echo", "a b").out, "a b\n")
        self.assertEqual(self.celeriac("run", "--raw", "echo", "[1, 2]").value, [1, 2])

    def test_arguments_are_json_or_strings(self):
        for text, value in (("1", 1), ('"1"', "1"), ("true", True), ("null", None), ('{"a":[1,2.5]}', {"a": [1, 2.5]}),
                            ("{bad", "{bad"), ("", ""), ("äöü", "äöü")):
            with self.subTest(text):
                self.assertEqual(self.celeriac("run", "echo", "--", text).value, value)

    def test_keyword_arguments(self):
        self.assertEqual(self.celeriac("run", "sum_range", "-k", "n=10").value, 45)
        self.assertIn(self.celeriac("run", "random", "-k", "low=3", "-k", "high=4").value, (3, 4))

    def test_double_dash_ends_options(self):
        self.assertEqual(self.celeriac("run", "echo", "--", "-5").value, -5)

    def test_run_json_is_the_whole_job(self):
        job = self.celeriac("run", "--json", "factorial", 5).value
        self.assertEqual({"v": 1, "task": "factorial", "queue": "default", "state": "success", "result": 120},
                         {k: job.get(k) for k in ("v", "task", "queue", "state", "result")})
        self.assertTrue(UUID7.fullmatch(job["id"] + "\n"))
        self.assertEqual(job["attempt"], 1)
        self.assertGreaterEqual(job["runtime_ms"], 0)

    def test_failure_is_exit_1_with_the_error_on_stderr(self):
        result = self.celeriac("run", "--retries", 0, "fail", "no luck today", code=1)
        self.assert_error(result, 1, "no luck today")

    def test_retry_until_it_works(self):
        result = self.celeriac("run", "--json", "--retries", 3, "--backoff", "10ms,20ms", "fail", "x", "-k", "times=2")
        self.assertEqual((result.value["state"], result.value["attempt"]), ("success", 3))

    def test_submit_wait_result_status(self):
        job = self.submit("sum_range", 10)
        self.assertTrue(UUID7.fullmatch(job + "\n"))
        self.assertEqual(self.celeriac("wait", job).out, "45\n")
        self.assertEqual(self.celeriac("result", job).out, "45\n")
        status = self.status(job)
        self.assertEqual((status["id"], status["state"], status["result"]), (job, "success", 45))
        for field in ("created_at", "started_at", "finished_at"):
            self.assertTrue(TIME.fullmatch(status[field]), status)
        self.assertIn("success", self.celeriac("status", job).out)

    def test_wait_for_several(self):
        jobs = [self.submit("sum_range", n) for n in (3, 4, 5)]
        self.assertEqual(self.celeriac("wait", *jobs).lines, ["3", "6", "10"])
        self.assertEqual([s["id"] for s in self.celeriac("status", "--json", *jobs).json], jobs)

    def test_cancel_a_running_job(self):
        job = self.submit("sleep", 60)
        self.wait_state(job, "running")
        self.celeriac("cancel", job)
        self.assertEqual(self.wait_state(job, "cancelled")["state"], "cancelled")
        self.assert_error(self.celeriac("wait", job, code=1), 1, "cancelled")

    def test_cancel_by_force_replaces_a_process_that_ignores_it(self):
        self.allow_warning(r"runner")
        job = self.submit("spin", 60)
        self.wait_state(job, "running")
        self.celeriac("cancel", "--force", job)
        self.wait_state(job, "cancelled")
        self.assertEqual(self.celeriac("run", "sum_range", 3).value, 3)

    def test_wait_times_out(self):
        job = self.submit("sleep", 60)
        self.assert_error(self.celeriac("wait", "--wait-timeout", "100ms", job, code=124), 124)
        self.assert_error(self.celeriac("run", "--wait-timeout", "100ms", "sleep", 60, code=124), 124)
        self.celeriac("result", job, code=75)

    def test_dead_letters_are_retried(self):
        job = self.submit("--retries", 0, "fail", "x", "-k", "times=1")
        self.wait_state(job, "failure")
        self.assertEqual(invariants.count(self.client())["dead"], 1)
        self.celeriac("retry", job)
        state = self.wait_state(job, "success", "failure")["state"]
        self.assertIn(state, ("success", "failure"))
        self.celeriac("retry", "--all", "-q", "default")

    def test_dead_letters_are_discarded(self):
        jobs = [self.submit("--retries", 0, "fail", f"number {n}") for n in range(3)]
        for job in jobs:
            self.wait_state(job, "failure")
        self.assertEqual(self.celeriac("discard", jobs[0]).out, f"{jobs[0]} discarded\n")
        self.assertEqual(self.status(jobs[0])["state"], "unknown")
        self.celeriac("discard", jobs[0], code=66)
        waiting = self.submit("--in", "1h", "echo", 1)
        self.assertEqual(self.celeriac("discard", waiting).out, f"{waiting} delayed\n")
        self.assert_error(self.celeriac("discard", "--all", "-q", "default", code=64), 64, "-y")
        rows = self.celeriac("discard", "--json", "-y", "--all", "-q", "default").json
        self.assertEqual({(row["id"], row["state"], row["discarded"]) for row in rows},
                         {(job, "unknown", True) for job in jobs[1:]})
        self.assertEqual({k: v for k, v in invariants.count(self.client()).items() if k in ("dead", "jobs")},
                         {"dead": 0, "jobs": 1})
        self.assertEqual(self.celeriac("stats", "--json").value["queues"]["default"]["discarded"], 3)
        self.celeriac("cancel", waiting)

    def test_result_ttl_zero_keeps_no_result(self):
        job = self.celeriac("run", "--json", "--result-ttl", 0, "sum_range", 5).value
        self.assertEqual(job["result"], 10)
        self.assertNotIn("result", self.status(job["id"]))

    def test_large_results_come_whole(self):
        text = self.celeriac("run", "factorial", 20000).out.strip()
        self.assertEqual(len(text), 77338)

    def test_expired_job_does_not_run(self):
        blockers = [self.submit("sleep", 1) for _ in range(2)]
        for job in blockers:
            self.wait_state(job, "running")
        job = self.submit("--expires", "50ms", "sum_range", 5)
        self.assertEqual(self.wait_state(job, "expired")["state"], "expired")

    def test_delayed_job_runs_when_due(self):
        job = self.submit("--in", "700ms", "sum_range", 5)
        status = self.status(job)
        self.assertEqual(status["state"], "delayed")
        self.assertTrue(TIME.fullmatch(status["due_at"]), status)
        result = self.celeriac("wait", job)
        self.assertEqual(result.value, 10)
        self.assertGreaterEqual(self.status(job)["started_at"], status["due_at"])

    def test_a_worker_is_told_of_what_is_due_before_all_others(self):
        """It would look by itself at every third beat only, which is ten minutes away."""
        self.worker("-q", "slow", "--lease", "10m")
        first = self.submit("-q", "slow", "--in", "1h", "sum_range", 5)
        self.wait_state(first, "delayed")
        self.assertEqual(self.celeriac("run", "-q", "slow", "--in", "500ms", "--wait-timeout", "30s", "sum_range", 5).value, 10)

    def test_progress_of_a_running_job(self):
        job = self.submit("countdown", 10**14)
        until(lambda: "progress" in self.status(job), 10, "progress in the status")
        self.celeriac("cancel", job)
        self.wait_state(job, "cancelled")

    def test_tags_come_back(self):
        job = self.submit("--tag", "lot=7", "--tag", "kind=x", "sleep", 60)
        self.assertEqual(self.status(job)["task"], "sleep")
        self.celeriac("cancel", job)


class WithoutWorker(Case):
    def test_waiting_jobs_are_listed_and_cancelled(self):
        jobs = [self.submit("-p", p, "sum_range", 5) for p in (1, 9, 5)]
        rows = self.celeriac("jobs", "--json").json
        self.assertEqual([row["id"] for row in rows], [jobs[1], jobs[2], jobs[0]])
        self.assertEqual({row["state"] for row in rows}, {"queued"})
        self.assertEqual([row["priority"] for row in rows], [9, 5, 1])
        self.assertEqual(len(self.celeriac("jobs", "--json", "--limit", 2).json), 2)
        self.assertEqual(self.celeriac("jobs", "--json", "--state", "running").json, [])
        states = self.celeriac("cancel", "--json", *jobs).json
        self.assertEqual([(s["id"], s["state"]) for s in states], [(job, "cancelled") for job in jobs])
        self.assertEqual(invariants.count(self.client())["jobs"], 0)

    def test_queued_job_knows_how_many_are_ahead(self):
        jobs = [self.submit("sum_range", 5) for _ in range(3)]
        self.assertEqual(self.status(jobs[2])["ahead"], 2)

    def test_delayed_job_is_listed_and_cancelled(self):
        job = self.submit("--in", "1h", "sum_range", 5)
        self.assertEqual(self.celeriac("jobs", "--json", "--state", "delayed").json[0]["id"], job)
        self.celeriac("cancel", job)
        self.assertEqual(self.status(job)["state"], "cancelled")

    def test_submitting_one_id_twice_submits_once(self):
        name = str(uuid.uuid4())
        self.assertEqual(self.submit("--id", name, "sum_range", 5), name)
        self.assert_error(self.celeriac("submit", "--id", name, "sum_range", 5, code=73), 73, name)
        self.assertEqual(invariants.count(self.client())["jobs"], 1)

    def test_unique_jobs(self):
        self.submit("--unique", "sum_range", 5)
        self.celeriac("submit", "--unique", "sum_range", 5, code=73)
        self.submit("--unique", "sum_range", 6)
        job = self.submit("--unique=k", "sum_range", 5)
        self.celeriac("submit", "--unique=k", "echo", 5, code=73)
        self.celeriac("cancel", job)
        self.submit("--unique=k", "echo", 5)

    def test_a_uniqueness_key_can_end_by_time(self):
        self.submit("--unique=k,300ms", "sum_range", 5)
        self.celeriac("submit", "--unique=k", "echo", 5, code=73)
        until(lambda: self.celeriac("submit", "--unique=k", "echo", 5, code=None).code == 0, 10, "the key is free")

    def test_too_large_a_job_is_65(self):
        words = ["x" * 100000] * 11  # of more than a MiB together
        self.assert_error(self.celeriac("submit", "anything", *words, code=65), 65, "large")
        self.assertEqual(self.client().keys("*"), [])

    def test_a_full_queue_is_75(self):
        self.submit("sum_range", 5)
        self.client().hset("celeriac:{default}:meta", "max_length", 1)
        self.assert_error(self.celeriac("submit", "sum_range", 5, code=75), 75, "full")
        self.assertEqual(invariants.count(self.client())["jobs"], 1)

    def test_dry_run_sends_nothing(self):
        job = self.celeriac("submit", "--dry-run", "-q", "q2", "-p", 7, "echo", 5).value
        self.assertEqual((job["task"], job["args"], job["queue"], job["priority"]), ("echo", [5], "q2", 7))
        self.assertEqual(self.client().keys("*"), [])

    def test_unknown_ids_are_66(self):
        nobody = str(uuid.uuid4())
        self.assert_error(self.celeriac("result", nobody, code=66), 66, nobody)
        self.assert_error(self.celeriac("wait", nobody, code=66), 66, nobody)
        self.celeriac("status", nobody, code=66)
        self.celeriac("cancel", nobody, code=66)

    def test_ids_that_only_somebody_else_could_have_made_are_66_too(self):
        self.assert_error(self.celeriac("result", "nonsense", code=66), 66, "nonsense")
        self.assert_error(self.celeriac("wait", "nonsense", code=66), 66, "nonsense")
        self.celeriac("status", "nonsense", code=66)
        self.celeriac("cancel", "nonsense", code=66)
        self.assert_error(self.celeriac("result", "x" * 65, code=64), 64, "UUID")

    def test_run_without_a_worker_times_out(self):
        self.celeriac("run", "--wait-timeout", "100ms", "sum_range", 5, code=124)

    def test_run_without_a_worker_says_that_it_waits_for_one(self):
        child = self.start("run", "sum_range", 5, name="run")
        said = self.dir / "run.err"
        until(lambda: "no live worker serves queue default" in said.read_text(), 10, "it says so")
        self.worker("-P", 1, "-T", 1)
        self.assertEqual(child.wait(20), 0)
        self.assertEqual((self.dir / "run.out").read_text(), "10\n")
        self.assertEqual(len(said.read_text().splitlines()), 1)


if __name__ == "__main__":
    main()
