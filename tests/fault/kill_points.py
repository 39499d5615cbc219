"""kill -9 of a runner or of the steward at each call to Redis: as it is about to arrive there, and as it has been done.

A proxy holds the call (or its reply) until the process is gone, so each test hits exactly that point. In the first case
the call still reaches Redis, from a sender that is dead. Whatever the point: each job has one outcome, and it ran no
more often than the point explains.
"""
import os
import signal

from harness import celeriac, invariants, process
from harness.case import Case, main
from harness.chaos_record import read_runs
from harness.proxy import Proxy
from harness.until import until

# call: (words of the job, runs if killed before, runs if killed after). What the dead send races with the recovery of
# their jobs, so "before" allows both ends of the race.
RUNNER_CALLS = {
    "join": ((), (1,), (1,)),
    "reserve": ((), (1,), (1,)),
    "commit": ((), (1, 2), (1,)),
    "retry": (("-k", "times=1"), (2, 3), (2,)),
    "bury": (("-k", "times=9", "--retries", 0), (1, 2), (1,)),
}
AT_START = ("join", "reserve")
FAILS = ("bury",)


class KillPoints(Case):
    def setUp(self):
        super().setUp()
        self.allow_warning(".*")
        self.proxy = Proxy(self.dir / "proxy.sock", self.redis.socket)
        self.addCleanup(self.proxy.close)
        self.record = self.dir / "record"
        self.record.touch()
        self.victims = []

    def start_worker(self, *argv):
        self.subject = self.worker("-P", 1, "-T", 1, "--module", celeriac.BUILD / "tests/record.so", *argv,
                                   env={"CELERIAC_BROKER": self.proxy.url, "CELERIAC_RECORD": str(self.record)})

    def shoot(self, role):
        """Kills it and returns when it is dead."""
        pids = until(lambda: self.subject.pids(role), 10, f"a {role}")
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: not process.is_alive(pid), 5, f"{role} {pid} is dead")
        return pids

    def point(self, name, role, is_before):
        hook = self.proxy.before if is_before else self.proxy.after
        return hook(name, lambda: self.victims.extend(self.shoot(role)))

    def check_job(self, job, code, runs, what):
        result = self.celeriac("wait", job, "--wait-timeout", "20s", code=None)
        self.assertEqual(result.code, code, f"{what}: {result}")
        found = [run for run in read_runs(self.record.read_text()) if run.job == job]
        self.assertIn(len(found), runs, f"{what}: {found}")

    def settle(self):
        def is_settled():
            q = invariants.count(self.client())
            return q["jobs"] == q["dead"]
        until(is_settled, 10, "every job has its outcome")
        self.assertEqual(invariants.violations(self.client()), [])

    def check_runner(self, name, is_before):
        words, before, after = RUNNER_CALLS[name]
        self.start_worker()
        rule = self.point(name, "runner", is_before)
        if name in AT_START:  # of the next process
            self.shoot("runner")
        job = self.submit("--backoff", "1ms,1ms", "record", 0.01, *words)
        what = f"{name}, killed {'before' if is_before else 'after'} it"
        self.check_job(job, 1 if name in FAILS else 0, before if is_before else after, what)
        until(lambda: rule.done and self.victims, 10, f"{what}: the shot was fired")
        self.settle()

    def check_steward(self, name, is_before, cause):
        self.start_worker("--lease", "1s")
        rule = self.point(name, "steward", is_before)
        runs = cause()
        job = self.submit("--in", "50ms", "record", 0.01)
        what = f"{name}, steward killed {'before' if is_before else 'after'} it"
        self.check_job(job, 0, (1,), what)
        until(lambda: rule.done, 10, f"{what}: the call was made")
        for victim, most in runs:
            self.check_job(victim, 0, most, what)
        self.settle()

    def shot_runner(self):
        """A job that runs when its process dies: its steward must give it back."""
        job = self.submit("record", 1)
        self.wait_state(job, "running")
        self.shoot("runner")
        return [(job, (2,))]


def add(name, run):
    run.__name__ = name
    setattr(KillPoints, name, run)


for call in RUNNER_CALLS:
    for first in (True, False):
        add(f"test_runner_killed_{'before' if first else 'after'}_{call}",
            lambda self, call=call, first=first: self.check_runner(call, first))
for call in ("beat", "promote", "recover"):
    for first in (True, False):
        add(f"test_steward_killed_{'before' if first else 'after'}_{call}",
            lambda self, call=call, first=first: self.check_steward(
                call, first, self.shot_runner if call == "recover" else lambda: []))


if __name__ == "__main__":
    main()
