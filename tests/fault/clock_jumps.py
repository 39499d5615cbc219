"""The wall clock of a worker, or of a client, jumps by a day: no decision about a job depends on it."""
import os
import pathlib
import time
import unittest

from harness import celeriac
from harness.case import Case, main
from harness.chaos_record import read_runs
from harness.until import until

FAKETIME = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
DAY = 86400


@unittest.skipIf(celeriac.SANITIZE, "sanitizers and libfaketime both want to be loaded first")
class ClockJumps(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.dir / "clock"
        self.jump(0)
        self.record = self.dir / "record"
        self.record.touch()
        self.faked = {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                      "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.env["CELERIAC_RECORD"] = str(self.record)
        self.jumping = self.worker("-P", 1, "-T", 2, "--lease", "2s", "-q", "default", "-q", "own", "--module", celeriac.BUILD / "tests/record.so",
                                   name="jumping", env=self.faked)

    def jump(self, seconds):
        text = self.dir / "clock.new"
        text.write_text(f"{seconds:+d}")
        os.replace(text, self.clock)

    def skew_of_log(self):
        """Seconds by which the worker's latest line of log is off."""
        latest = self.jumping.events()[-1]["time"].rstrip("Z")
        return round((time.mktime(time.strptime(latest.split(".")[0], "%Y-%m-%dT%H:%M:%S")) - time.timezone - time.time()) / DAY)

    def test_jobs_go_by_redis_clock(self):
        other = self.worker("-P", 1, "-T", 1, "--lease", "2s", "-q", "other", "-q", "default",
                            "--module", celeriac.BUILD / "tests/record.so", name="steady")
        ids = []
        for days in (1, -1, 0):
            long = self.submit("record", 1, "--timeout", "60s", "--kill-after", "60s")
            self.wait_state(long, "running")
            self.jump(days * DAY)
            ids += [long, self.submit("-q", "own", "record", 0.01, "--expires", "1h"), self.submit("--in", "300ms", "record", 0.01),
                    self.submit("--backoff", "50ms,50ms", "record", 0.01, "-k", "times=1")]
            self.celeriac("wait", *ids)
        runs = read_runs(self.record.read_text())
        retried = set(ids[3::4])
        for job in ids:
            self.assertEqual(sum(run.job == job for run in runs), 2 if job in retried else 1, job)
        now = time.time()
        for job in ids:
            status = self.status(job)
            self.assertEqual(status["state"], "success")
            for field in ("created_at", "started_at", "finished_at"):
                at = time.mktime(time.strptime(status[field][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
                self.assertLess(abs(at - now), 3600, f"{field} of {job}")
        for worker in (self.jumping, other):
            self.assertEqual(worker.events("recovered") + worker.events("job_stale"), [])

    def test_jumps_are_seen_and_told(self):
        """Else the other tests would show nothing."""
        self.jump(DAY)
        self.celeriac("run", "--retries", 0, "fail", "x", code=1)
        until(lambda: self.jumping.events("job_failed"), 5, "the failure is in the log")
        self.assertEqual(self.skew_of_log(), 1)
        found = until(lambda: [row for row in self.celeriac("doctor", "--json", code=None).json
                               if row["finding"] == "worker_clock"], 10, "doctor tells it")
        self.assertIn("86400", found[0]["text"])

    def test_clients_go_by_redis_clock(self):
        for days in (1, -1):
            self.jump(days * DAY)
            began = time.monotonic()
            self.assertEqual(self.celeriac("run", "--in", "200ms", "--expires", "1h", "sum_range", 5, env=self.faked).value, 10)
            self.assertLess(time.monotonic() - began, 60)
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
            self.assertEqual(self.celeriac("run", "--at", at, "sum_range", 5, env=self.faked).value, 10)
            lines = self.celeriac("map", "sum_range", stdin="1\n2\n3\n", env=self.faked).json
            self.assertEqual(lines, [0, 1, 3])
            unique = self.submit("--unique=k", "--in", "1h", "echo", 1, env=self.faked)
            self.celeriac("submit", "--unique=k", "echo", 1, code=73)
            self.celeriac("cancel", unique, env=self.faked)


if __name__ == "__main__":
    main()
