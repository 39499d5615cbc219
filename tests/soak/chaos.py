"""The chaos campaign: random faults of a seed while jobs of all kinds flow through three workers on one Redis.

    CELERIAC_CHAOS_SECONDS   how long faults and jobs come (default 1800)
    CELERIAC_CHAOS_SEED      which faults and jobs (default 1)
    CELERIAC_CHAOS_PACE      mean seconds between faults (default 4)
    CELERIAC_CHAOS_KINDS     only these faults, separated by commas
    CELERIAC_CHAOS_KEEP      a directory that gets the record, the logs and the faults of a run that failed

The jobs write down their own runs (tests/soak/record_module.c). At the end harness/chaos_checker.py, which knows
nothing of how the campaign went, judges that record, the faults, the acknowledged submissions and Redis.
"""
import collections
import json
import os
import pathlib
import shutil
import statistics
import time

from harness import celeriac, chaos_checker, invariants, process
from harness.case import Case, main
from harness.chaos_faults import LEASE, Faults
from harness.chaos_load import OPEN_MAX, Load
from harness.chaos_record import Evidence, read_outcomes, read_runs
from harness.ids import to_uuid
from harness.until import until

SECONDS = int(os.environ.get("CELERIAC_CHAOS_SECONDS", "1800"))
SEED = int(os.environ.get("CELERIAC_CHAOS_SEED", "1"))
PACE = float(os.environ.get("CELERIAC_CHAOS_PACE", "4"))
KINDS = tuple(filter(None, os.environ.get("CELERIAC_CHAOS_KINDS", "").split(",")))
KEEP = os.environ.get("CELERIAC_CHAOS_KEEP")
WORKERS, GRACE, STUCK_AFTER = 3, 2, 45
CHECKUP_EVERY = 7
# what `doctor --repair` may find while faults come; never a flaw of a job or a key
CAUSED_BY_FAULTS = {"silent_worker", "unserved", "overdue", "memory_full", "replica", "write_failed"}
MEMORY_SLACK = 2 << 20
Q = "celeriac:{default}:"


class Chaos(Case):
    redis_settings = ("appendonly yes", "appendfsync always", "lua-time-limit 5000")
    seconds, seed, pace = SECONDS, SEED, PACE

    def setUp(self):
        super().setUp()
        self.allow_warning(".*")
        self.record = self.dir / "record"
        self.record.touch()
        self.env["CELERIAC_RECORD"] = str(self.record)
        self.evidence, self.ending, self.first_files = Evidence(), {}, {}
        self.faults = Faults(self, self.seed)
        self.faults.KINDS = KINDS or Faults.KINDS
        self.load = Load(self, self.evidence, self.seed + 1)
        self.checkups = []

    # ---- workers ----

    def live_workers(self):
        return [w for w in self.workers if w.is_running and w.pid not in self.ending]

    def new_worker(self):
        module = celeriac.BUILD / "tests/record.so"
        return self.worker("-P", 2, "-T", 2, "--lease", f"{LEASE}s", "--grace", f"{GRACE}s", "--module", module,
                           name=f"w{len(self.workers) + 1}", ready=False)

    def keep_workers(self):
        for worker in self.workers:
            if worker.pid in self.ending and not worker.is_running:
                del self.ending[worker.pid]
            elif worker.pid in self.ending and time.monotonic() - self.ending[worker.pid] > STUCK_AFTER:
                self.load.complaints.append(f"worker {worker.name} did not end within {STUCK_AFTER} s of a signal")
                del self.ending[worker.pid]
                worker.kill()
        while len(self.live_workers()) < WORKERS:
            self.new_worker()

    def files(self):
        """The most open descriptors that a process of each role has, in all live workers."""
        found = collections.Counter()
        for worker in self.live_workers():
            for pid in worker.all_pids:
                role = next((r for r in ("steward", "runner") if r in process.command_line(pid)), "master")
                try:
                    found[role] = max(found[role], len(os.listdir(f"/proc/{pid}/fd")))
                except FileNotFoundError:
                    pass
        return dict(found)

    # ---- the campaign ----

    def test_chaos(self):
        print(f"chaos: seed {self.seed}, {self.seconds} s, a fault every {self.pace} s", flush=True)
        for _ in range(WORKERS):
            self.new_worker().wait_ready()
        self.celeriac("run", "record", 0)
        self.record.write_text("")
        self.client().delete(Q + "stats", *self.client().keys(Q + "results:*"))
        self.first_files = self.files()
        first_memory = self.client().info("memory")["used_memory"]
        self.rage()
        self.calm_down()
        self.collect(first_memory)
        self.judge()

    def rage(self):
        end = time.monotonic() + self.seconds
        next_fault, next_count, open_jobs = time.monotonic() + 1, 0, 0
        while time.monotonic() < end:
            if time.monotonic() >= next_count:
                open_jobs, next_count = self.count_open(open_jobs), time.monotonic() + 0.5
            self.load.tick(open_jobs < OPEN_MAX)
            if time.monotonic() >= next_fault:
                self.faults.inject()
                next_fault = time.monotonic() + self.faults.random.expovariate(1 / self.pace)
            self.faults.tick()
            self.keep_workers()
            self.check_up()
            time.sleep(0.01)

    def check_up(self):
        """`doctor --repair` again and again: it may mend nothing that is whole, and must find nothing of that kind."""
        if self.checkups and (self.checkups[-1].poll() is None or time.monotonic() < self.next_checkup):
            return
        self.checkups.append(self.start("doctor", "--repair", "--json", name=f"doctor{len(self.checkups)}"))
        self.next_checkup = time.monotonic() + CHECKUP_EVERY

    def flaws(self):
        """What the checkups found that no fault causes; the last one, in the calm, must find nothing at all."""
        lines = [line for path in self.dir.glob("doctor*.out") for line in path.read_text().splitlines()]
        found = [line for line in lines if json.loads(line)["finding"] not in CAUSED_BY_FAULTS]
        return found + self.celeriac("doctor", "--json", code=None).out.splitlines()

    def count_open(self, otherwise):
        """Jobs that wait or run; not asked for while Redis is hurt."""
        if self.faults.redis_is_hurt():
            return otherwise
        client = self.client()
        return sum(client.hlen(key) for key in client.scan_iter(Q + "jobs:*")) - client.zcard(Q + "dead")

    def calm_down(self):
        self.faults.tick(everything=True)
        began = time.monotonic()

        def is_over():
            self.faults.tick()
            self.keep_workers()
            self.load.tick(False)
            return not self.faults.timers and self.load.is_idle and self.count_open(1) == 0
        try:
            until(is_over, 120, "every job has its outcome")
        except AssertionError as error:
            self.load.complaints.append(str(error))
        until(lambda: not self.ending or self.keep_workers(), STUCK_AFTER + 5, "workers that must end have ended")
        print(f"chaos: calm after {time.monotonic() - began:.1f} s", flush=True)

    def collect(self, first_memory):
        client, e = self.client(), self.evidence
        e.runs, e.faults = read_runs(self.record.read_text()), self.faults.log
        e.outcomes = read_outcomes(client)
        e.counters = {k.decode(): int(v) for k, v in client.hgetall(Q + "stats").items()}
        until(lambda: self.checkups[-1].poll() is not None, 30, "the last checkup has ended")
        e.leftovers = invariants.violations(client) + self.flaws()
        e.locks = [k.decode() for k in client.hkeys(Q + "unique")]
        e.waiters = [to_uuid(k.decode()) for k in client.hkeys(Q + "waiters")]
        last = self.files()
        e.descriptors = {role: (first, last.get(role, 0)) for role, first in self.first_files.items()}
        dead = client.zcard(Q + "dead")
        client.delete(Q + "dead", Q + "reasons", *client.keys(Q + "result*"))
        buckets = client.keys(Q + "jobs:*")
        if buckets and sum(map(client.hlen, buckets)) == dead:
            client.delete(*buckets)
        client.memory_purge()
        e.memory = (first_memory, client.info("memory")["used_memory"], MEMORY_SLACK)

    def judge(self):
        found = self.load.complaints + chaos_checker.violations(self.evidence)
        print(json.dumps(self.report(), indent=1), flush=True)
        if found and KEEP:
            self.keep(found)
        self.assertEqual(found, [], f"seed {self.seed}: {len(found)} violations")

    def keep(self, found):
        target = pathlib.Path(KEEP) / f"seed{self.seed}"
        target.mkdir(parents=True, exist_ok=True)
        for path in [*self.dir.glob("*.log"), self.record]:
            shutil.copy(path, target)
        faults = (f"{f.at} {f.until} {f.kind} {sorted(f.pids)}\n" for f in self.faults.log)
        (target / "faults").write_text("".join(faults))
        (target / "violations").write_text("\n".join(found) + "\n")

    # ---- figures ----

    def report(self):
        e = self.evidence
        extra = collections.Counter(why or "unexplained" for _, _, why in chaos_checker.extra_runs(e))
        return {"seed": self.seed, "seconds": self.seconds, "jobs": len(e.jobs), "refused": len(e.refused),
                "resent": self.load.resent, "runs": len(e.runs), "map_batches": self.load.batches,
                "kinds": collections.Counter(job.kind for job in e.jobs.values()),
                "outcomes": collections.Counter(state for _, state in e.outcomes), "counters": e.counters,
                "faults": len(e.faults), "by_kind": collections.Counter(f.kind for f in e.faults), "extra_runs": extra,
                "recovery_ms": {kind: self.recovery(kind) for kind in ("kill_runner", "kill_master", "kill_worker")},
                "after_redis_ms": self.after_redis(), "memory": e.memory, "descriptors": e.descriptors,
                "workers_started": len(self.workers),
                "checkups": collections.Counter(f"exit {child.poll()}" for child in self.checkups)}

    @staticmethod
    def summary(times):
        return {"n": len(times), "p50": statistics.median(times), "max": max(times)} if times else {"n": 0}

    def redis_was_hurt(self, start, end):
        return any(fault.kind in Faults.REDIS and fault.at <= end and fault.until + 1000 >= start
                   for fault in self.evidence.faults)

    def recovery(self, kind):
        """From the kill to the next start of each job that it cut off, with Redis well meanwhile."""
        times, by = [], chaos_checker.runs_by_job(self.evidence)
        for fault in (f for f in self.evidence.faults if f.kind == kind):
            for runs in by.values():
                for run, following in zip(runs, runs[1:]):
                    was_hit = {run.pid, run.parent} & fault.pids and run.start <= fault.at <= following.start
                    if run.end is None and was_hit and not self.redis_was_hurt(fault.at, following.start):
                        times.append(following.start - fault.at)
        return self.summary(times)

    def after_redis(self):
        """From the moment a killed Redis answers again to the next start of a job."""
        times = []
        for fault in (f for f in self.evidence.faults if f.kind == "redis_kill"):
            start = next((run.start for run in self.evidence.runs if run.start >= fault.until), None)
            if start is not None:
                times.append(start - fault.until)
        return self.summary(times)


if __name__ == "__main__":
    main()
