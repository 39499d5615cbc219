"""What a chaos campaign leaves behind: the record that the jobs wrote, faults, submissions, and Redis at the end.

Everything is plain data, so that the checker (harness/chaos_checker.py) can be shown planted violations.
"""
import dataclasses

from harness.ids import to_uuid

STATES = {4: "success", 5: "failure", 6: "cancelled", 7: "expired", 8: "dead"}


@dataclasses.dataclass
class Run:
    """One start of a job; `end` and `how` ("ok", "fail", "stop", "crash") are None if it was cut off."""
    job: str
    attempt: int
    pid: int
    parent: int
    start: int
    end: int = None
    how: str = None


@dataclasses.dataclass
class Fault:
    """`pids`: the processes (or their masters) whose jobs may run again because of it; none for most."""
    kind: str
    at: int
    until: int
    pids: frozenset = frozenset()


@dataclasses.dataclass
class Job:
    """A submission that was acknowledged. `allowed`: the states in which it may end."""
    job: str
    kind: str
    allowed: tuple = ("success",)
    not_before: int = 0
    fails: int = 0          # so many attempts fail first
    unique: str = None
    cancel_said: str = None  # what `cancel` answered


@dataclasses.dataclass
class Evidence:
    jobs: dict = dataclasses.field(default_factory=dict)       # id -> Job
    runs: list = dataclasses.field(default_factory=list)
    faults: list = dataclasses.field(default_factory=list)
    outcomes: list = dataclasses.field(default_factory=list)   # (id, state)
    refused: set = dataclasses.field(default_factory=set)      # ids that a uniqueness key kept out
    counters: dict = dataclasses.field(default_factory=dict)   # {q}:stats
    leftovers: list = dataclasses.field(default_factory=list)  # sentences from harness/invariants.py
    locks: list = dataclasses.field(default_factory=list)      # keys in {q}:unique
    waiters: list = dataclasses.field(default_factory=list)    # ids in {q}:waiters
    seen: dict = dataclasses.field(default_factory=dict)       # id -> state that a waiting client was told
    descriptors: dict = dataclasses.field(default_factory=dict)  # process -> (at first, at the end)
    memory: tuple = (0, 0, 0)                                  # Redis at first, at the end, allowed difference


def read_runs(text):
    """Runs in order of their start."""
    runs, running = [], {}
    for line in text.splitlines():
        what, job, attempt, pid, *rest = line.split()
        key = (job, int(attempt), int(pid))
        if what == "S":
            run = Run(job, int(attempt), int(pid), int(rest[0]), int(rest[1]))
            running.setdefault(key, []).append(run)
            runs.append(run)
        else:
            run = running[key].pop()
            run.end, run.how = int(rest[0]), "crash" if what == "C" else rest[1]
    return sorted(runs, key=lambda run: run.start)


SIZES = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}           # bytes of the length of bin and str
FIXED = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
CONTAINERS = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}    # bytes of the count, values per entry


def skip(data, at):
    """Where the msgpack value behind this one begins. Extensions (integers beyond 64 bits) do not occur here."""
    kind = data[at]
    if kind in FIXED:
        return at + 1 + FIXED[kind]
    if kind in SIZES:
        return at + 1 + SIZES[kind] + int.from_bytes(data[at + 1:at + 1 + SIZES[kind]], "big")
    if 0xA0 <= kind < 0xC0:
        return at + 1 + (kind & 0x1F)
    values, end = 0, at + 1
    if 0x80 <= kind < 0xA0:
        values = (kind & 0x0F) * (2 if kind < 0x90 else 1)
    elif kind in CONTAINERS:
        width, each = CONTAINERS[kind]
        values, end = each * int.from_bytes(data[end:end + width], "big"), end + width
    for _ in range(values):
        end = skip(data, end)
    return end


def outcome_state(outcome):
    """The state of an outcome (docs/protocol.md), a map of few entries: 0 -> state. "none" if it has no such entry."""
    at = 1
    for _ in range(outcome[0] & 0x0F):
        if outcome[at] == 0:
            return STATES.get(outcome[at + 1], "none")
        at = skip(outcome, skip(outcome, at))
    return "none"


def read_outcomes(client, namespace="celeriac"):
    """[(id, state)] of every outcome that Redis holds, wherever it stands."""
    found = []
    for key in client.scan_iter(namespace + ":{*", count=1000):
        kind = key.decode().rpartition("}:")[2]
        if kind.startswith("results:") or kind == "reasons":
            found += [(to_uuid(i.decode()), outcome_state(o)) for i, o in client.hscan_iter(key, count=1000)]
        elif kind.startswith("result:"):
            found.append((to_uuid(kind.partition(":")[2]), outcome_state(client.get(key))))
    return found
