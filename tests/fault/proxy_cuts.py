"""The connection between a worker and Redis breaks at every byte of a reply, and before the call gets there.

One worker lives through all of it. After each cut the job at hand must have run once and succeeded, and the worker must
go on as the same processes. Offsets of long replies are sampled; the first and last bytes are always among them.
"""
import time

from harness import celeriac, invariants
from harness.case import Case, main
from harness.chaos_record import read_runs
from harness.proxy import Proxy
from harness.until import until

SAMPLES = 24  # offsets of a long reply


class ProxyCuts(Case):
    def setUp(self):
        super().setUp()
        self.allow_warning(".*")
        self.proxy = Proxy(self.dir / "proxy.sock", self.redis.socket)
        self.addCleanup(self.proxy.close)
        self.record = self.dir / "record"
        self.serial = 0

    def start_worker(self, *argv):
        module = celeriac.BUILD / "tests/record.so"
        return self.worker("-P", 1, "-T", 2, "--module", module, *argv,
                           env={"CELERIAC_BROKER": self.proxy.url, "CELERIAC_RECORD": str(self.record)})

    def runs(self, job):
        return [run for run in read_runs(self.record.read_text()) if run.job == job]

    def one_job(self, rule, *words):
        """A job that meets the rule; its runs."""
        job = self.submit("--backoff", "1ms,1ms", "record", 0.001, *words)
        result = self.celeriac("wait", job, "--wait-timeout", "20s", code=None)
        self.assertEqual(result.code, 0, f"{rule.name} cut at {rule.offset}: {result}")
        until(lambda: rule.done, 10, f"{rule.name} is called")
        self.serial += 1
        return self.runs(job)

    def offsets(self, length):
        step = max(1, length // SAMPLES)
        return sorted({*range(0, length, step), *range(0, min(length, 6)), length - 1})

    def check_every_cut(self, name, *words, runs=1):
        worker = self.start_worker()
        before = worker.all_pids
        whole = self.proxy.delay(name, 0)
        self.one_job(whole, *words)
        for offset in (None, *self.offsets(whole.length)):
            rule = self.proxy.cut(name, offset)
            found = self.one_job(rule, *words)
            self.assertEqual(len(found), runs, f"{name} cut at {offset} of {whole.length}: {found}")
        self.assertEqual(worker.all_pids, before)
        self.check_end()

    def check_end(self):
        def is_settled():
            return invariants.count(self.client())["jobs"] == 0
        until(is_settled, 10, "nothing is left to do")
        self.assertEqual(invariants.violations(self.client()), [])
        stats = self.client().hgetall("celeriac:{default}:stats")
        self.assertEqual(int(stats[b"succeeded"]), self.serial)
        print(f"{self.serial} cuts", flush=True)

    def test_reserve(self):
        self.check_every_cut("reserve")

    def test_commit(self):
        self.check_every_cut("commit")

    def test_retry(self):
        self.check_every_cut("retry", "-k", "times=1", runs=2)

    def test_bell(self):
        self.check_every_cut("BLPOP")

    def test_beat_and_what_follows_each_dial(self):
        worker = self.start_worker("--lease", "1s")
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

    def check_every_repetition(self, name, *words, runs=1):
        """Bytes that come twice. Where a number is longer then, the rest of the answer is waited for as long as for any
        other: ten seconds. So that this takes its minute and no more, few offsets are tried."""
        worker = self.start_worker()
        before = worker.all_pids
        whole = self.proxy.delay(name, 0)
        self.one_job(whole, *words)
        for offset in (None, 0, 1, 2, 3, whole.length // 2, whole.length - 1):
            found = self.one_job(self.proxy.repeat(name, offset), *words)
            self.assertEqual(len(found), runs, f"{name} repeated at {offset} of {whole.length}: {found}")
        self.assertEqual(worker.all_pids, before)
        self.check_end()

    def test_repeated_reserve(self):
        self.check_every_repetition("reserve")

    def test_repeated_commit(self):
        self.check_every_repetition("commit")

    def test_repeated_retry(self):
        self.check_every_repetition("retry", "-k", "times=1", runs=2)

    def test_repeated_bell(self):
        self.check_every_repetition("BLPOP")

    def test_late_replies_change_nothing(self):
        worker = self.start_worker("--lease", "1s")
        before = worker.all_pids
        for name in ("reserve", "commit", "BLPOP", "beat"):
            self.assertEqual(len(self.one_job(self.proxy.delay(name, 0.4))), 1, f"{name} is late")
        self.assertEqual(worker.all_pids, before)
        self.check_end()

    def test_a_retry_that_is_sent_again_does_not_end_the_next_attempt(self):
        """Its answer is lost; before it can be sent again, the job is due and the same runner has begun it anew."""
        self.start_worker()
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
