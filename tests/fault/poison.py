"""Jobs that crash their process end as dead letters with the signal; their neighbours succeed uncharged."""
import json

from harness.case import Case, main
from harness.load import Load
from harness.until import until


class Poison(Case):
    def setUp(self):
        super().setUp()
        self.allow_warning("runner|too_large|crash|suspect|signal|dead|kill")

    def test_three_crashes_are_a_dead_letter_and_neighbours_succeed(self):
        self.worker("-P", 2, "-T", 4)
        load = Load(self, "sleep", [0.02] * 300)
        poison = [self.submit("crash"), self.submit("crash", "FPE"), self.submit("crash", "ABRT")]
        for job, name in zip(poison, ("SEGV", "FPE", "ABRT")):
            status = self.wait_state(job, "dead", seconds=30)
            self.assertEqual(status["crashes"], 3)
            self.assertIn(name, status["error"]["signal"])
        rows = load.check_all_succeed(60)
        self.assertEqual({row.get("crashes", 0) for row in rows}, {0})

    def test_a_job_killed_without_a_culprit_runs_alone_then_is_charged(self):
        self.worker("-P", 2, "-T", 2)
        load = Load(self, "sleep", [0.02] * 100)
        job = self.submit("--priority", 9, "crash", "KILL")
        status = self.wait_state(job, "dead", seconds=30)
        self.assertIn("KILL", status["error"]["signal"])
        self.assertEqual(status["crashes"], 3)
        rows = load.check_all_succeed(60)
        self.assertEqual({row.get("crashes", 0) for row in rows}, {0})

    def test_max_crashes_is_obeyed(self):
        self.worker("-P", 1, "-T", 1, "--max-crashes", 1)
        job = self.celeriac("run", "--json", "crash", code=1).value
        self.assertEqual((job["state"], job["crashes"]), ("dead", 1))

    def test_a_hard_limit_replaces_the_process(self):
        self.worker("-P", 1, "-T", 2)
        neighbour = self.submit("sleep", 1.5)
        self.wait_state(neighbour, "running")
        limits = ("--timeout", "200ms", "--kill-after", "500ms")
        result = self.celeriac("run", "--json", "--retries", 0, *limits, "spin", 60, code=1)
        self.assertIn(result.value["state"], ("failure", "dead"))
        self.assertLess(result.seconds, 20)
        self.assertEqual(self.celeriac("wait", neighbour).value, 1.5)
        self.assertEqual(self.status(neighbour).get("crashes", 0), 0)

    def test_a_soft_limit_ends_a_task_that_looks(self):
        worker = self.worker("-P", 1, "-T", 1)
        before = worker.runners
        job = self.celeriac("run", "--json", "--retries", 0, "--timeout", "200ms", "sleep", 60, code=1).value
        self.assertEqual(job["state"], "failure")
        self.assertIn("time", json.dumps(job["error"]))
        self.assertEqual(worker.runners, before)

    def test_recycled_processes_lose_nothing(self):
        worker = self.worker("-P", 2, "-T", 2, "--max-jobs-per-process", 20)
        before = set(worker.runners)
        Load(self, "sum_range", range(300)).check_all_succeed(60)
        until(lambda: not before & set(worker.runners), 10, "all runners are new")

    def test_a_job_beyond_the_memory_limit_ends_alone(self):
        """Four neighbours on its slots' process go back uncharged; it runs alone, and is charged for each crash."""
        worker = self.worker("-P", 1, "-T", 5, "--max-memory-per-process", "100M")
        neighbours = [self.submit("sleep", 4) for _ in range(4)]
        for job in neighbours:
            self.wait_state(job, "running")
        poison = self.submit("allocate", 300000000, 60)
        status = self.wait_state(poison, "dead", seconds=60)
        self.assertEqual(status["crashes"], 3)
        self.assertIn("KILL", status["error"]["signal"])
        for job in neighbours:
            self.assertEqual(self.celeriac("wait", job).value, 4)
            self.assertEqual(self.status(job).get("crashes", 0), 0)
        self.assertTrue(worker.events("runner_too_large"))
        self.assertEqual(worker.events("runner_died")[0]["running"], "5")

    def test_a_process_above_its_memory_limit_is_recycled(self):
        """By no more than half: it may finish what it does."""
        worker = self.worker("-P", 1, "-T", 1, "--max-memory-per-process", "100M")
        before = worker.runners
        self.assertEqual(self.celeriac("run", "allocate", 130000000, 3).value, 130000000)
        worker.wait_new_runners(before)
        self.assertTrue(worker.events("runner_recycled", reason="memory"))


if __name__ == "__main__":
    main()
