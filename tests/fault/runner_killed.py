"""kill -9 of one runner: its jobs start again at once, each job succeeds once, the log names the signal."""
import datetime
import os
import signal
import time

from harness.case import Case, main
from harness.load import Load, counters, wait_processed, wait_ready
from harness.until import SLOWNESS, until


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class RunnerKilled(Case):
    def setUp(self):
        super().setUp()
        self.allow_warning("runner|suspect|signal")

    def test_a_thousand_jobs_succeed_once_each(self):
        worker = self.worker("-P", 2, "-T", 2)
        load = Load(self, "sleep", [0.02] * 1000)
        wait_processed(self, 100)
        os.kill(worker.runners[0], signal.SIGKILL)
        load.check_all_succeed(60)
        row = counters(self)
        self.assertEqual((row["processed"], row["failed"], row["dead"]), (1000, 0, 0))
        self.assertIn("SIGKILL", worker.wait_event("runner_died").get("signal", worker.log))

    def test_every_runner_killed_again_and_again(self):
        worker = self.worker("-P", 2, "-T", 1)
        load = Load(self, "sleep", [0.02] * 300)
        for round_number in range(1, 5):
            wait_processed(self, 40 * round_number)
            os.kill(worker.runners[-1], signal.SIGKILL)
        load.check_all_succeed(60)

    def running_pids(self):
        return [job["pid"] for row in self.celeriac("workers", "--json").json for job in row.get("running", [])]

    def test_the_victim_starts_again_within_100_ms_with_10000_jobs_waiting(self):
        worker = self.worker("-P", 2, "-T", 1)
        victim = self.submit("-p", 9, "sleep", 2)
        runner = until(self.running_pids, 15, "the victim runs")[0]
        Load(self, "sleep", [0.02] * 10000)
        wait_ready(self, 9000)
        self.assertIn(runner, worker.runners)
        died = time.time()
        os.kill(runner, signal.SIGKILL)
        status = until(lambda: (lambda s: s["state"] == "running" and seconds_of(s["started_at"]) > died and s)(
            self.status(victim)), 10, "the victim runs again")
        self.assertLess(seconds_of(status["started_at"]) - died, 0.1 * SLOWNESS)
        self.assertEqual(status.get("crashes", 0), 0)
        self.celeriac("purge", "-y", "default")


if __name__ == "__main__":
    main()
