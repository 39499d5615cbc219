"""Redis is there and refuses to write, or is still loading: a worker says so, keeps the outcome of what ends meanwhile,
commits it when it can, and runs nothing twice. A client that submits meanwhile is told to try later."""
from harness import celeriac, invariants
from harness.case import Case, main
from harness.chaos_record import read_runs
from harness.until import until


class RedisRefuses(Case):
    redis_aof = True

    def setUp(self):
        super().setUp()
        self.record = self.dir / "record"
        self.record.touch()
        self.subject = self.worker("-P", 1, "-T", 1, "--lease", "1s", "--module", celeriac.BUILD / "tests/record.so",
                                   env={"CELERIAC_RECORD": str(self.record)})

    def check(self, begin, end, reason):
        self.allow_warning(reason)
        job = self.submit("record", 0.5)
        self.wait_state(job, "running")
        begin()
        until(lambda: read_runs(self.record.read_text())[0].end, 10, "the job has ended")
        until(lambda: reason in self.subject.log, 10, f"the worker tells of {reason}")
        self.assert_error(self.celeriac("submit", "record", 0.01, code=None), 75, reason)
        self.assertEqual(self.client().hget("celeriac:{default}:stats", "succeeded"), None)
        end()
        self.celeriac("wait", job, "--wait-timeout", "20s")
        self.celeriac("run", "record", 0.01)
        self.assertEqual(len(read_runs(self.record.read_text())), 2)
        self.assertEqual(invariants.count(self.client())["jobs"], 0)

    def config(self, name, value):
        return lambda: self.client().config_set(name, value)

    def test_out_of_memory(self):
        """What is there is worked off, which makes room."""
        job = self.submit("record", 0.5)
        self.wait_state(job, "running")
        self.config("maxmemory", "1")()
        self.assert_error(self.celeriac("submit", "record", 0.01, code=None), 75, "OOM")
        self.wait_state(job, "success")
        self.config("maxmemory", "0")()
        self.celeriac("run", "record", 0.01)

    def test_read_only(self):
        self.check(lambda: self.client().execute_command("REPLICAOF", "127.0.0.1", "1"),
                   lambda: self.client().execute_command("REPLICAOF", "NO", "ONE"), "READONLY")

    def test_too_few_replicas(self):
        self.check(self.config("min-replicas-to-write", "1"), self.config("min-replicas-to-write", "0"), "NOREPLICAS")

    def test_a_snapshot_that_failed(self):
        def begin():
            (self.redis.dir / "dump.rdb").mkdir()
            self.client().config_set("save", "3600 1")
            self.client().bgsave()
            until(lambda: self.client().info("persistence")["rdb_last_bgsave_status"] == "err", 10, "the snapshot failed")
        self.check(begin, self.config("save", ""), "MISCONF")

    def test_loading(self):
        """A restart that takes its time, as with many gigabytes."""
        self.allow_warning("redis_down|commit_failed|reserve_failed")
        with self.client().pipeline(transaction=False) as many:
            for n in range(8000):
                many.set(f"other-{n}", "x")
            many.execute()
        job = self.submit("record", 0.5)
        self.wait_state(job, "running")
        self.client().config_set("appendfsync", "always")
        self.submit("--in", "1h", "record", 0.01)  # what was written before is on disk, too
        self.redis.kill()
        self.redis.settings.append("key-load-delay 500")  # us
        self.redis.launch()

        def is_told():
            result = self.celeriac("submit", "--id", job, "record", 0.01, code=None)
            return result.code == 75 and "LOADING" in result.err
        until(is_told, 10, "a client is told to try later")
        until(self.redis.is_up, 20, "Redis has loaded")
        self.celeriac("wait", job, "--wait-timeout", "20s")
        self.assertEqual(len(read_runs(self.record.read_text())), 1)


if __name__ == "__main__":
    main()
