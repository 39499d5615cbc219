"""kill -9 of a runner at each of its calls to Redis: harness/kill_points.py."""
import signal

from harness.case import main
from harness.kill_points import FAILS, RUNNER_CALLS, KillPoints, add_tests

CALLS = {
    **RUNNER_CALLS,
    "reserve_limited": ((), (1,), (1,)),
    "disown": ((), (1,), (1,)),
    "recover": ((), (1,), (1,)),
}
AT_START = ("join", "reserve", "reserve_limited")
AFTER_LOSS = ("disown", "recover")  # of an answer to reserve, which had brought a job


class RunnerKillPoints(KillPoints):
    def check_runner(self, name, is_before):
        words, before, after = CALLS[name]
        self.start_worker("-T", 2 if name == "disown" else 1)
        if name == "reserve_limited":
            self.celeriac("limit", "default", "--concurrency", 1)
        if name == "disown":  # a name that still has a job
            self.wait_state(self.submit("record", 1), "running")
        if name in AFTER_LOSS:
            self.proxy.cut("reserve", 5)
        rule = self.point(name, "runner", is_before)
        if name in AT_START:  # of the next process
            self.shoot("runner")
        job = self.submit("--backoff", "1ms,1ms", "record", 0.01, *words)
        what = f"{name}, killed {'before' if is_before else 'after'} it"
        self.check_job(job, 1 if name in FAILS else 0, before if is_before else after, what)
        self.wait_shot(rule, what)
        self.settle()

    def check_release(self, name, is_before):
        """It hands back a job whose task it does not know, but another worker does."""
        other = self.heir()
        self.celeriac("control", "heir", "quiet")
        self.subject = self.worker("-P", 1, "-T", 1, env={"CELERIAC_BROKER": self.proxy.url})
        rule = self.point(name, "runner", is_before)
        job = self.submit("record", 0.01)
        self.wait_shot(rule, name)
        other.send(signal.SIGCONT)
        self.check_job(job, 0, (1,), name)
        self.settle()


add_tests(RunnerKillPoints, "runner", CALLS, RunnerKillPoints.check_runner)
add_tests(RunnerKillPoints, "runner", ("release",), RunnerKillPoints.check_release)

if __name__ == "__main__":
    main()
