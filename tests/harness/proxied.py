"""A worker behind a proxy, with a task that writes down its runs."""
from harness import celeriac, invariants
from harness.case import Case
from harness.chaos_record import read_runs
from harness.proxy import Proxy
from harness.until import until


class ProxiedCase(Case):
    def setUp(self):
        super().setUp()
        self.allow_warning(".*")
        self.proxy = Proxy(self.dir / "proxy.sock", self.redis.socket)
        self.addCleanup(self.proxy.close)
        self.record = self.dir / "record"
        self.record.touch()
        self.serial = 0

    def record_worker(self, *argv, broker=None, **options):
        """Its Redis is the proxy, unless another one is given."""
        return self.worker("-P", 1, "-T", 1, "--module", celeriac.BUILD / "tests/record.so", *argv, **options,
                           env={"CELERIAC_BROKER": broker or self.proxy.url, "CELERIAC_RECORD": str(self.record)})

    def runs(self, job=None):
        """Those of one job, or all."""
        return [run for run in read_runs(self.record.read_text()) if job in (None, run.job)]

    def one_job(self, rule, *words):
        """A job that meets the rule; its runs."""
        job = self.submit("--backoff", "1ms,1ms", "record", 0.001, *words)
        result = self.celeriac("wait", job, "--wait-timeout", "20s", code=None)
        self.assertEqual(result.code, 0, f"{rule.name} at {rule.offset}: {result}")
        until(lambda: rule.done, 10, f"{rule.name} is called")
        self.serial += 1
        return self.runs(job)

    def check_end(self):
        def is_settled():
            return invariants.count(self.client())["jobs"] == 0
        until(is_settled, 10, "nothing is left to do")
        self.assertEqual(invariants.violations(self.client()), [])
        stats = self.client().hgetall("celeriac:{default}:stats")
        self.assertEqual(int(stats[b"succeeded"]), self.serial)
        print(f"{self.serial} jobs", flush=True)
