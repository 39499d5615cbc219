"""Redis away for longer than the lease, with two workers and AOF on: nothing lost, nothing taken over."""
import time

from harness.case import Case
from harness.load import Load, counters, wait_processed
from harness.until import until


class OutageCase(Case):
    redis_aof = True

    def check_outage(self, lease, away):
        self.allow_warning(".*")
        workers = [self.worker("-P", 2, "-T", 1, "--lease", lease, name=name) for name in ("one", "two")]
        long_jobs = [self.submit("sleep", away + lease + 3) for _ in range(2)]
        owners = {job: until(lambda job=job: self.status(job).get("worker"), 10, "it runs") for job in long_jobs}
        load = Load(self, "sleep", [0.02] * 500)
        wait_processed(self, 50)
        self.redis.stop()
        until(lambda: all("level=warn" in worker.log for worker in workers), 10, "both say so")
        self.wait_out(away)
        self.redis.start()
        load.check_all_succeed(60)
        for job, owner in owners.items():
            self.celeriac("wait", job, timeout=away + 60)
            status = self.status(job)
            self.assertEqual((status["state"], status["attempt"], status["worker"]), ("success", 1, owner))
        self.assertEqual(counters(self)["processed"], 502)
        self.assertTrue(all(worker.is_running for worker in workers))
        self.assertFalse([e for worker in workers for e in worker.events("jobs_recovered")])

    def wait_out(self, seconds):
        """The outage itself: here time is the condition."""
        end = time.monotonic() + seconds
        until(lambda: time.monotonic() >= end, seconds + 5, "the outage is over")
