"""kill -9 of a client at each of its calls to Redis: harness/kill_points.py."""
from harness.case import main
from harness.kill_points import KillPoints, add_tests
from harness.until import until


class ClientKillPoints(KillPoints):
    def check_client(self, name, is_before):
        """Whatever it began is done as a whole or not at all."""
        argv, prepare, runs = CALLS[name]
        self.start_worker()
        more = prepare(self)
        rule = self.hook(name, is_before, lambda: (child.kill(), child.wait()))
        child = self.start(*argv, *more, name="victim", env={"CELERIAC_BROKER": self.proxy.url})
        until(lambda: rule.done and child.poll() is not None, 20, f"{name}: the shot was fired")
        self.settle()
        self.assertIn(len(self.runs()), runs)
        self.assertEqual(self.client().hlen("celeriac:{default}:unique"), 0)

    def nothing(self):
        return []

    def dead_letter(self):
        job = self.submit("record", 0.01, "-k", "times=1", "--retries", 0)
        self.wait_state(job, "failure")
        return [job]

    def lines(self):
        (self.dir / "lines").write_text("0.01\n" * 2)
        return [self.dir / "lines"]

    def delayed(self):
        return [self.submit("--in", "1h", "record", 0.01)]

    def running(self):
        return [self.submit("record", 1)]


CALLS = {  # call: (words of the client, what is done first and gives more words, runs of the job)
    "enqueue_fresh": (("map", "record"), ClientKillPoints.lines, (0, 2)),
    "enqueue_bulk": (("submit", "--id", "018bcfe5-68f7-7101-8203-040506070809", "record", 0.01), ClientKillPoints.nothing,
                     (0, 1)),
    "enqueue": (("submit", "--unique=key", "record", 0.01), ClientKillPoints.nothing, (0, 1)),
    "watch": (("wait",), ClientKillPoints.running, (1,)),
    "requeue": (("retry",), ClientKillPoints.dead_letter, (1, 2)),
    "discard": (("discard",), ClientKillPoints.dead_letter, (1,)),
    "cancel": (("cancel",), ClientKillPoints.delayed, (0,)),
}
add_tests(ClientKillPoints, "client", CALLS, ClientKillPoints.check_client)

if __name__ == "__main__":
    main()
