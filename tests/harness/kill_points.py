"""kill -9 at one call to Redis: as it is about to arrive there, and as it has been done.

A proxy holds the call (or its reply) until the process is gone, so each test hits exactly that point. In the first case
the call still reaches Redis, from a sender that is dead. Whatever the point: each job has one outcome, and it ran no
more often than the point explains.
"""
import os
import signal

from harness import invariants, process
from harness.proxied import ProxiedCase
from harness.until import until

# call of a runner: (words of the job, runs if killed before, runs if killed after). What the dead send races with the
# recovery of their jobs, so "before" allows both ends of the race.
RUNNER_CALLS = {
    "join": ((), (1,), (1,)),
    "reserve": ((), (1,), (1,)),
    "commit": ((), (1, 2), (1,)),
    "retry": (("-k", "times=1"), (2, 3), (2, 3)),  # its next attempt may begin before the shot
    "bury": (("-k", "times=9", "--retries", 0), (1, 2), (1,)),
}
FAILS = ("bury",)


class KillPoints(ProxiedCase):
    def setUp(self):
        super().setUp()
        self.victims, self.subject = [], None

    def start_worker(self, *argv, ready=True):
        self.subject = self.record_worker(*argv, ready=ready)

    def shoot(self, role):
        """Kills it and returns when it is dead."""
        until(lambda: self.subject, 10, "the worker is started")
        pids = [self.subject.pid] if role == "master" else until(lambda: self.subject.pids(role), 10, f"a {role}")
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: not process.is_alive(pid), 5, f"{role} {pid} is dead")
        return pids

    def hook(self, name, is_before, action):
        return (self.proxy.before if is_before else self.proxy.after)(name, action)

    def point(self, name, role, is_before):
        return self.hook(name, is_before, lambda: self.victims.extend(self.shoot(role)))

    def wait_shot(self, rule, what):
        until(lambda: rule.done and self.victims, 20, f"{what}: the shot was fired")

    def check_job(self, job, code, runs, what):
        result = self.celeriac("wait", job, "--wait-timeout", "20s", code=None)
        self.assertEqual(result.code, code, f"{what}: {result}")
        found = self.runs(job)
        self.assertIn(len(found), runs, f"{what}: {found}")

    def settle(self):
        def is_settled():
            q = invariants.count(self.client())
            return q["jobs"] == q["dead"]
        until(is_settled, 10, "every job has its outcome")
        self.assertEqual(invariants.violations(self.client()), [])

    def heir(self):
        """Another worker, whose calls pass by the proxy."""
        return self.record_worker("--lease", "1s", name="heir", broker=self.redis.url)


def add_tests(case, subject, calls, check):
    """test_<subject>_killed_<before|after>_<call>, which is check(self, call, is_before)."""
    for call in calls:
        for is_before in (True, False):
            setattr(case, f"test_{subject}_killed_{'before' if is_before else 'after'}_{call}",
                    lambda self, call=call, is_before=is_before: check(self, call, is_before))
