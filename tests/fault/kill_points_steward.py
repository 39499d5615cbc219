"""kill -9 of a steward and of a master at their calls to Redis, of a master also at those of its runner:
harness/kill_points.py."""
import signal

from harness.case import main
from harness.kill_points import FAILS, RUNNER_CALLS, KillPoints, add_tests
from harness.until import until


class StewardKillPoints(KillPoints):
    def check_steward(self, name, is_before):
        self.start_worker("--lease", "1s")
        rule = self.point(name, "steward", is_before)
        runs = self.shot_runner() if name == "recover" else []
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

    def check_forget(self, name, is_before):
        """The steward is killed as it strikes off a worker that died as a whole."""
        dead = self.heir()
        self.start_worker("--lease", "1s")
        rule = self.point(name, "steward", is_before)
        dead.kill()
        self.wait_shot(rule, name)
        until(lambda: not any(b"heir" in name for name in self.client().hkeys("celeriac:{default}:workers")), 10,
              "the dead worker is forgotten")
        self.check_job(self.submit("record", 0.01), 0, (1,), name)
        self.settle()

    def check_master(self, name, is_before):
        """Its children die with it; another worker takes over after the lease."""
        words, before, after = RUNNER_CALLS[name]
        rule = self.point(name, "master", is_before)
        self.start_worker("--lease", "1s", ready=False)
        job = self.submit("--backoff", "1ms,1ms", "record", 0.01, *words)
        self.wait_shot(rule, name)
        self.subject.process.wait()
        self.heir()
        self.check_job(job, 1 if name in FAILS else 0, before if is_before else after, f"{name}, master killed")
        self.settle()

    def check_stop(self, name, is_before):
        """The master is killed while it takes leave of Redis."""
        self.start_worker("--lease", "1s")
        job = self.submit("record", 1)
        self.wait_state(job, "running")
        rule = self.point(name, "master", is_before)
        self.subject.send(signal.SIGQUIT)
        self.wait_shot(rule, name)
        self.subject.process.wait()
        self.heir()
        self.check_job(job, 0, (2,), f"{name}, master killed")
        self.settle()


add_tests(StewardKillPoints, "steward", ("beat", "promote", "recover"), StewardKillPoints.check_steward)
add_tests(StewardKillPoints, "steward", ("forget",), StewardKillPoints.check_forget)
add_tests(StewardKillPoints, "master", RUNNER_CALLS, StewardKillPoints.check_master)
add_tests(StewardKillPoints, "master", ("recover", "forget"), StewardKillPoints.check_stop)

if __name__ == "__main__":
    main()
