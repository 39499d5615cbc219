"""Redis fails over to a replica while jobs flow, behind an address that follows the master: once as planned (FAILOVER:
nothing is lost), once by SIGKILL, once to a replica that had been left behind: who waits is told what Redis no longer knows.
Prints how long no job ended, for docs/reliability.md."""
import time

from harness import celeriac, invariants
from harness.case import Case, main
from harness.chaos_record import read_runs
from harness.proxy import Proxy
from harness.until import until

JOBS = 1500
WINDOW = 40
LOST = "unknown: the broker knows nothing of this job any more"


class Failover(Case):
    redis_tcp = True
    redis_aof = True

    def setUp(self):
        super().setUp()
        self.allow_warning(".*")
        self.replica = self.redis_server("replica", f"replicaof 127.0.0.1 {self.redis.port}", "repl-diskless-sync-delay 0",
                                         tcp=True, aof=True)
        until(lambda: self.replica.client().info("replication")["master_link_status"] == "up", 20, "the replica follows")
        self.proxy = Proxy(self.dir / "proxy.sock", self.redis.socket)
        self.addCleanup(self.proxy.close)
        self.env["CELERIAC_BROKER"] = self.proxy.url
        self.record = self.dir / "record"
        self.record.touch()
        for n in range(2):
            self.worker("-P", 1, "-T", 2, "--module", celeriac.BUILD / "tests/record.so", name=f"w{n}",
                        env={"CELERIAC_RECORD": str(self.record)})
        self.load = self.start("map", "--window", WINDOW, "record", stdin="0.002\n" * JOBS, name="map")
        until(lambda: self.ends(), 20, "jobs flow")

    def runs(self):
        return read_runs(self.record.read_text())

    def ends(self):
        return [run.end for run in self.runs() if run.end]

    def follow(self):
        """The address belongs to the replica now, and clients of the old master notice at the latest by its refusal."""
        self.proxy.server_path = self.replica.socket
        self.redis, self.old = self.replica, self.redis

    def check(self, began, most_lost, most_runs):
        status, errors = self.load.wait(60), (self.dir / "map.err").read_text()
        lost = errors.count(LOST)
        rows = (self.dir / "map.out").read_text().splitlines()
        self.assertEqual(status, 1 if lost else 0, errors)
        self.assertLessEqual(lost, most_lost, errors)
        self.assertEqual((len(rows), rows.count("null")), (JOBS, lost))
        runs, ends = self.runs(), sorted(self.ends())
        self.assertGreaterEqual(len({run.job for run in runs}), JOBS - lost)
        self.assertLessEqual(len(runs), most_runs)
        until(lambda: invariants.count(self.client())["jobs"] == 0, 20, "nothing is left")
        succeeded = int(self.client().hget("celeriac:{default}:stats", "succeeded"))
        self.assertGreaterEqual(succeeded, JOBS - lost)
        self.assertLessEqual(succeeded, JOBS)
        gap = max(after - before for before, after in zip(ends, ends[1:]) if after > began * 1000)
        print(f"no job ended for {gap} ms; {lost} lost; {len(runs) - JOBS} runs more than jobs", flush=True)

    def test_planned(self):
        began = time.time()
        self.redis.client().execute_command("FAILOVER", "TO", "127.0.0.1", self.replica.port)
        until(lambda: self.replica.client().info("replication")["role"] == "master", 20, "the replica is master")
        self.follow()
        self.check(began, 0, JOBS)

    def test_the_master_is_killed(self):
        """What it had not replicated is done again: its jobs ran, but it is not known."""
        began = time.time()
        self.redis.kill()
        self.replica.client().execute_command("REPLICAOF", "NO", "ONE")
        self.follow()
        self.check(began, WINDOW, JOBS + 200)

    def test_the_replica_was_left_behind(self):
        self.replica.client().execute_command("REPLICAOF", "NO", "ONE")
        known = len(self.ends())
        until(lambda: len(self.ends()) >= known + 100, 20, "jobs go on")
        self.redis.kill()
        self.follow()
        self.assertIn(self.load.wait(60), (0, 1))
        rows, errors = (self.dir / "map.out").read_text().splitlines(), (self.dir / "map.err").read_text()
        self.assertEqual((len(rows), rows.count("null")), (JOBS, errors.count(LOST)), errors)
        self.assertGreater(errors.count(LOST), 0)


if __name__ == "__main__":
    main()
