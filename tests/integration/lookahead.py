"""A slot is never hoarded: what is reserved ahead waits behind no long job while another slot is idle, and is bounded
in bytes. Prints the longest time that no short job ran, for docs/reliability.md."""
from harness import invariants
from harness.case import Case, main
from harness.until import until


class LookAhead(Case):
    def lines(self, name):
        """[(start, end) in s of each line of a job log]"""
        rows = [line.split("\t") for line in (self.dir / name).read_text().splitlines()[1:]]
        return [(float(row[2]), float(row[2]) + float(row[3])) for row in rows]

    def queue_short_jobs(self, name, n, before):
        child = self.start("map", "--joblog", name, "--window", n, "sleep", stdin="0.001\n" * n, name=name)
        until(lambda: invariants.count(self.client())["ready"] == before + n, 20, f"{n} jobs wait")
        return child

    def check(self, *slots):
        """A job without end among a thousand of 1 ms each, after which nothing but the end of the test stops it."""
        self.worker(*slots)
        self.celeriac("map", "sleep", stdin="0.001\n" * 200)  # so that runners look ahead from the beginning
        self.celeriac("pause", "default")
        first = self.queue_short_jobs("first", 500, 0)
        long = self.submit("sleep", 600)
        second = self.queue_short_jobs("second", 500, 501)
        self.celeriac("resume", "default")
        self.assertEqual((first.wait(60), second.wait(60)), (0, 0))
        self.assertEqual(self.status(long)["state"], "running")
        idle, ended = 0.0, None
        for start, end in sorted(self.lines("first") + self.lines("second")):
            idle = max(idle, start - (ended or start))
            ended = max(ended or end, end)
        print(f"{slots}: no short job ran for {idle * 1000:.0f} ms at most", flush=True)
        self.celeriac("cancel", "--force", long)
        self.allow_warning("runner_died")
        self.wait_state(long, "cancelled")

    def test_two_slots_of_a_runner(self):
        self.check("-P", 1, "-T", 2)

    def test_two_runners(self):
        self.check("-P", 2, "-T", 1)

    def test_large_messages_are_not_hoarded(self):
        """Of jobs of half a MiB each, a runner owns no more than a few at any time."""
        self.worker("-P", 1, "-T", 1)
        line = '"' + "x" * (512 << 10) + '"\n'
        self.celeriac("map", "--window", 1, "echo", stdin=line * 3)
        self.celeriac("pause", "default")
        load = self.start("map", "--window", 100, "echo", stdin=line * 40)
        until(lambda: invariants.count(self.client())["ready"] >= 7, 20, "many jobs wait")  # 4 MiB are out at once
        self.celeriac("resume", "default")
        most = 0
        while load.poll() is None:
            most = max(most, invariants.count(self.client())["active"])
        self.assertEqual(load.returncode, 0)
        self.assertGreater(most, 0)
        self.assertLessEqual(most, 4)


if __name__ == "__main__":
    main()
