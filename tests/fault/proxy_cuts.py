"""The connection between a worker and Redis breaks at every byte of a reply, and before the call gets there.

One worker lives through all of it. After each cut the job at hand must have run once and succeeded, and the worker must
go on as the same processes. Offsets of long replies are sampled; the first and last bytes are always among them.
"""
import time

from harness.case import main
from harness.proxied import ProxiedCase
from harness.until import until


class ProxyCuts(ProxiedCase):
    samples = 16  # offsets of a long reply

    def offsets(self, length):
        step = max(1, length // self.samples)
        return sorted({*range(0, length, step), *range(0, min(length, 6)), length - 1})

    def check_every_cut(self, name, *words, runs=1):
        worker = self.record_worker("-T", 2)
        before = worker.all_pids
        whole = self.proxy.delay(name, 0)
        self.one_job(whole, *words)
        for offset in (None, *self.offsets(whole.length)):
            rule = self.proxy.cut(name, offset)
            found = self.one_job(rule, *words)
            self.assertEqual(len(found), runs, f"{name} cut at {offset} of {whole.length}: {found}")
        self.assertEqual(worker.all_pids, before)
        self.check_end()

    def test_reserve(self):
        self.check_every_cut("reserve")

    def test_commit(self):
        self.check_every_cut("commit")

    def test_retry(self):
        self.check_every_cut("retry", "-k", "times=1", runs=2)

    def test_bell(self):
        self.check_every_cut("BLPOP")

    def test_beat_and_what_follows_each_dial(self):
        worker = self.record_worker("-T", 2, "--lease", "1s")
        before = worker.all_pids
        for name in ("beat", "join", "INFO", "SCRIPT"):
            for offset in (None, 0, 1, 4):
                rule = self.proxy.cut(name, offset)
                if name != "beat":  # said on each new connection only
                    self.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                if name == "join":  # and to one that had to take another name
                    self.proxy.cut("reserve", 0)
                self.assertEqual(len(self.one_job(rule)), 1, f"{name} cut at {offset}")
        self.assertEqual(worker.all_pids, before)
        self.check_end()

    def test_late_replies_change_nothing(self):
        worker = self.record_worker("-T", 2, "--lease", "1s")
        before = worker.all_pids
        for name in ("reserve", "commit", "BLPOP", "beat"):
            self.assertEqual(len(self.one_job(self.proxy.delay(name, 0.4))), 1, f"{name} is late")
        self.assertEqual(worker.all_pids, before)
        self.check_end()

    def test_a_retry_that_is_sent_again_does_not_end_the_next_attempt(self):
        """Its answer is lost; before it can be sent again, the job is due and the same runner has begun it anew."""
        self.record_worker("-T", 2)
        until(lambda: self.proxy.calls.get("BLPOP"), 10, "the runner waits at the bell")
        rule = self.proxy.cut("retry", 0)
        job = self.submit("--backoff", "1ms,1ms", "--retries", 1, "record", 0.4, "-k", "times=1")
        until(lambda: rule.done, 10, "the first attempt has failed")
        self.proxy.refuse(0.2)
        self.celeriac("wait", job, "--wait-timeout", "20s")
        self.check_idle(job)
        runs = self.runs(job)
        self.assertEqual([(run.attempt, run.how) for run in runs], [(1, "fail"), (2, "ok")], runs)

    def check_idle(self, job):
        end = time.monotonic() + 1
        until(lambda: time.monotonic() > end and all(run.end for run in self.runs(job)), 5, "whatever runs has ended")


if __name__ == "__main__":
    main()
