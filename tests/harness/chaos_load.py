"""The jobs of a chaos campaign: one command for each, resent under its own id until it is acknowledged; and batches
of map."""
import json
import random
import time
import uuid

from harness.chaos_record import Job

PRICE = {"short": 8, "long": 3, "delayed": 3, "retried": 4, "failing": 1, "unique": 3, "cancelled": 3, "poison": 0.4,
         "expiring": 1}
COMMANDS_MAX = 4   # at once
OPEN_MAX = 150     # no more jobs come while so many have no outcome
BATCH = 150


def uuid7(source):
    bits = int(time.time() * 1000) << 80 | 7 << 76 | source.getrandbits(12) << 64 | 2 << 62 | source.getrandbits(62)
    return str(uuid.UUID(int=bits))


class Load:
    def __init__(self, case, evidence, seed):
        self.case, self.evidence, self.random = case, evidence, random.Random(seed)
        self.commands = []     # (process, job, words, output name)
        self.cancels = []      # (when, id)
        self.batch, self.batches, self.serial, self.resent = None, 0, 0, 0
        self.complaints = []

    # ---- jobs, one by one ----

    def make(self):
        kind = self.random.choices(list(PRICE), PRICE.values())[0]
        job, uniform = Job(uuid7(self.random), kind), self.random.uniform
        words, arguments = [], [0.01]
        if kind == "long":
            arguments = [uniform(0.5, 4)]
        elif kind == "delayed":
            delay = uniform(0.3, 6)
            words = ["--in", f"{int(delay * 1000)}ms"]
            job.not_before = int(time.time() * 1000) + int(delay * 1000)
        elif kind == "retried":
            job.fails = self.random.randint(1, 3)
            words = ["--retries", job.fails, "--backoff", "20ms,200ms"]
            arguments = [uniform(0.01, 0.3), "-k", f"times={job.fails}"]
        elif kind == "failing":
            job.fails, job.allowed = 99, ("failure",)
            words, arguments = ["--retries", 1, "--backoff", "20ms"], [0.01, "-k", "times=99"]
        elif kind == "unique":
            job.unique = f"key{self.random.randint(1, 6)}"
            words, arguments = [f"--unique={job.unique}"], [uniform(0.05, 0.5)]
        elif kind == "cancelled":
            job.allowed, arguments = ("success", "cancelled"), [uniform(0.2, 2)]
        elif kind == "poison":
            job.allowed = ("dead",)
            arguments = [uniform(0.01, 0.3), "-k", f"signal={self.random.choice((6, 8, 9, 11))}"]
        elif kind == "expiring":
            job.allowed, words = ("success", "expired"), ["--expires", "1s"]
        return job, ["submit", "--id", job.job, *words, "record", *arguments]

    def start(self, job, words):
        self.serial += 1
        name = f"submit{self.serial % 50}"
        self.commands.append((self.case.start(*words, name=name), job, words, name))
        self.case.commands.pop()  # looked after here

    def ended(self, command, job, words, name):
        error = (self.case.dir / f"{name}.err").read_text()
        if words[0] == "cancel":
            said = (self.case.dir / f"{name}.out").read_text().split()
            if said:
                job.cancel_said = said[-1]
            elif command.returncode in (69, 70, 75, 124):
                self.cancels.append((time.monotonic() + 0.3, job))
            return
        if command.returncode in (0, 73):
            if command.returncode == 73 and job.unique and "nique" in error:
                self.evidence.refused.add(job.job)
                return
            self.evidence.jobs[job.job] = job
            if job.kind == "cancelled":
                job.cancel_said = "asked"
                self.cancels.append((time.monotonic() + self.random.uniform(0, 1.5), job))
        elif command.returncode in (69, 70, 75):
            self.resent += 1
            self.start(job, words)  # the same id: it is submitted once, however often it is sent
        else:
            self.complaints.append(f"submit of {job.kind} {job.job} ended with {command.returncode}: {error}")

    def tick(self, is_open):
        for entry in list(self.commands):
            if entry[0].poll() is not None:
                self.commands.remove(entry)
                self.ended(*entry)
        for entry in [c for c in self.cancels if time.monotonic() >= c[0]][:1]:
            self.cancels.remove(entry)
            self.start(entry[1], ["cancel", entry[1].job])
        if is_open and len(self.commands) < COMMANDS_MAX:
            self.start(*self.make())
        self.tick_batch(is_open)

    @property
    def is_idle(self):
        return not self.commands and not self.cancels and self.batch is None

    # ---- batches ----

    def tick_batch(self, is_open):
        if self.batch is None and is_open:
            lines = "0.005\n" * BATCH
            self.batch = self.case.start("map", "--json", "--window", 40, "record", stdin=lines, name="batch")
            self.case.commands.pop()
        elif self.batch is not None and self.batch.poll() is not None:
            self.end_batch()

    def end_batch(self):
        error = (self.case.dir / "batch.err").read_text()
        rows = [json.loads(row) for row in (self.case.dir / "batch.out").read_text().splitlines()]
        for row in rows:
            if "id" in row:
                self.evidence.jobs[row["id"]] = Job(row["id"], "map")
                self.evidence.seen[row["id"]] = row["state"]
        if self.batch.returncode == 69 and not rows:
            self.resent += 1  # Redis was away when it began; had it sent a job, that would be a stranger
        elif self.batch.returncode != 0 or len(rows) != BATCH:
            self.complaints.append(f"map ended with {self.batch.returncode} and {len(rows)} of {BATCH} rows: {error}")
        else:
            self.batches += 1
        self.batch = None
