"""kill -9 of the master, of the steward, of a whole worker; and a steward that stands still."""
import os
import signal
import time

from harness import process
from harness.case import Case, main
from harness.load import Load, counters, wait_processed
from harness.until import until

LEASE = 2


class WorkerKilled(Case):
    def setUp(self):
        super().setUp()
        self.allow_warning("runner|steward|worker|suspect|lost|recovered")

    def two_workers(self):
        return [self.worker("-P", 2, "-T", 1, "--lease", LEASE, name=name) for name in ("one", "two")]

    def test_a_dead_master_takes_its_children_along_and_jobs_go_on_elsewhere(self):
        one, _ = self.two_workers()
        load = Load(self, "sleep", [0.02] * 400)
        wait_processed(self, 40)
        pids = one.all_pids
        os.kill(one.pid, signal.SIGKILL)
        one.process.wait()
        until(lambda: not any(process.is_alive(pid) for pid in pids), 1, "steward and runners are gone")
        load.check_all_succeed(30)

    def test_a_dead_host_is_recovered_within_lease_and_two_seconds(self):
        one, _ = self.two_workers()
        load = Load(self, "sleep", [0.02] * 200)
        wait_processed(self, 40)
        one.kill()
        load.check_all_succeed(LEASE + 2 + 4)  # 160 jobs of 20 ms on two slots take 1.6 s themselves
        row = counters(self)
        self.assertEqual((row["processed"], row["failed"]), (200, 0))
        until(lambda: len(self.celeriac("workers", "--json").json) == 1, LEASE + 5, "the dead one is off the list")

    def test_jobs_of_a_dead_host_start_again_in_time(self):
        one = self.worker("-P", 2, "-T", 1, "--lease", LEASE, name="one")
        jobs = [self.submit("sleep", 30) for _ in range(2)]
        for job in jobs:
            self.wait_state(job, "running")
        self.worker("-P", 2, "-T", 1, "--lease", LEASE, name="two")
        one.kill()
        died = time.monotonic()
        until(lambda: all(self.status(job).get("worker", "").startswith("two") for job in jobs), LEASE + 2,
              "both jobs run on two")
        self.assertGreater(time.monotonic() - died, LEASE / 2)  # not before the lease could tell
        for job in jobs:
            self.celeriac("cancel", job)

    def test_who_may_have_missed_beats_reads_the_registry_at_once(self):
        """Or it would know only after two leases, not one, that another fell silent when its own listener was cut."""
        worker = self.worker("-P", 1, "-T", 1, "--lease", "1h")  # its next beat is 20 minutes away
        client = self.client(decode_responses=True)

        def last_beat():
            registry = client.hgetall("celeriac:{default}:workers")
            return next(int(value.split()[0]) for name, value in registry.items() if name.split("-")[0] == worker.name
                        and "/" not in name)

        until(lambda: client.client_list(_type="pubsub") and last_beat() > 0, 10, "it listens, and is registered")
        before = last_beat()
        client.client_kill_filter(_type="pubsub")
        until(lambda: last_beat() > before, 10, "a beat")
        until(lambda: last_beat() % 3 == 0, 10, "a beat whose answer is the registry")

    def test_a_dead_steward_is_replaced_and_nothing_is_recovered(self):
        self.check_steward(signal.SIGKILL)

    def test_a_steward_that_stands_still_is_replaced_and_nothing_is_recovered(self):
        self.check_steward(signal.SIGSTOP)

    def check_steward(self, number):
        self.two_workers()
        job = self.submit("sleep", 3 * LEASE)
        holder = until(lambda: self.status(job).get("worker"), 10, "the job runs")
        worker = next(w for w in self.workers if holder.startswith(w.name))
        old = worker.steward
        os.kill(old, number)
        until(lambda: worker.pids("steward") not in ([], [old]), 2 * LEASE, "a new steward")
        until(lambda: not process.is_alive(old), 5, "the old one is gone")
        self.assertEqual(self.celeriac("wait", job).value, 3 * LEASE)
        status = self.status(job)
        self.assertEqual((status["worker"], status["attempt"]), (holder, 1))


if __name__ == "__main__":
    main()
