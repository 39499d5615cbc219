"""Judges a chaos campaign by what it left behind. Each rule yields sentences; none when all is well.

A run beyond those that the job itself asked for must be explained by a recorded fault that killed, stopped or ended the
process it ran in. Faults of Redis, of connections and of stewards explain nothing: they must cost no run at all.
"""
import collections

EXPLAIN = ("kill_runner", "kill_master", "kill_worker", "stop_runner", "stop_master", "stop_worker", "term_worker",
           "quit_worker")
COUNTERS = {"success": "succeeded", "failure": "failed", "cancelled": "cancelled", "expired": "expired", "dead": "dead"}
CLOCK_MS = 5  # rounding of the clocks that are compared
DYING_MS = 1000  # from the note that a job will kill its process to the death: others may start meanwhile
CRASHES_TO_DIE = 3


def runs_by_job(evidence):
    by = collections.defaultdict(list)
    for run in evidence.runs:
        by[run.job].append(run)
    return by


def explanation(evidence, run, until):
    """The kind of fault that cut this run off, or took its worker for dead, before `until`."""
    for other in evidence.runs:
        if other.how == "crash" and other.pid == run.pid and other is not run \
                and run.start <= other.end + DYING_MS and other.end <= until:
            return "neighbour crashed"
    for fault in evidence.faults:
        if fault.kind in EXPLAIN and {run.pid, run.parent} & fault.pids and fault.until >= run.start - 1000 \
                and fault.at <= until:
            return fault.kind
    return None


def late_start(evidence, run, following):
    """The fault that held up the process of the later run after it had reserved the job, until others had run it."""
    for fault in evidence.faults:
        if fault.kind.startswith("stop_") and fault.kind in EXPLAIN and {following.pid, following.parent} & fault.pids \
                and fault.at <= run.start and fault.until <= following.start <= fault.until + 1000:
            return f"late after {fault.kind}"
    return None


def charged(evidence, runs):
    """How many of these runs ended with their process."""
    return sum(1 for run in runs if run.how == "crash" or (run.end is None and explanation(evidence, run, 1 << 62)))


# ---- rules ----

def one_outcome(evidence):
    count = collections.Counter(job for job, _ in evidence.outcomes)
    for job, submitted in evidence.jobs.items():
        if count[job] == 0:
            yield f"lost: {submitted.kind} {job} has no outcome"
    for job, n in count.items():
        if n > 1:
            yield f"double: {job} has {n} outcomes"
        if job not in evidence.jobs and job not in evidence.seen:
            yield f"stranger: {job} has an outcome and was never submitted"


def outcome_is_allowed(evidence):
    by = runs_by_job(evidence)
    for job, state in evidence.outcomes:
        submitted = evidence.jobs.get(job)
        if submitted is None or state in submitted.allowed:
            continue
        if state == "dead" and charged(evidence, by[job]) >= CRASHES_TO_DIE:
            continue  # its process was shot from under it that often
        yield f"wrong end: {submitted.kind} {job} is {state}, not {' or '.join(submitted.allowed)}"


def outcome_was_earned(evidence):
    by = runs_by_job(evidence)
    for job, state in evidence.outcomes:
        if state == "success" and not any(run.how == "ok" for run in by[job]):
            yield f"unearned: {job} is a success and no run of it ended well"


def counters_agree(evidence):
    count = collections.Counter(state for _, state in evidence.outcomes)
    for state, name in COUNTERS.items():
        if evidence.counters.get(name, 0) != count[state]:
            yield f"counter: {name} is {evidence.counters.get(name, 0)}, outcomes are {count[state]}"


def extra_runs(evidence):
    """[(run, next run, explanation or None)] for each run that was followed by one that the job did not ask for."""
    found = []
    for runs in runs_by_job(evidence).values():
        for run, following in zip(runs, runs[1:]):
            asked = run.how == "crash" or (run.how == "fail" and following.attempt == run.attempt + 1)
            if not asked:
                why = explanation(evidence, run, following.start) or late_start(evidence, run, following)
                found.append((run, following, why))
    return found


def extra_runs_are_explained(evidence):
    for run, following, why in extra_runs(evidence):
        if why is None:
            yield (f"extra run: {run.job} ran in {run.pid} from {run.start} ({run.how}, attempt {run.attempt}) and"
                   f" again in {following.pid} at {following.start} (attempt {following.attempt})")


def failing_attempts_are_counted(evidence):
    """As many charged failures as the job asks for: none is charged twice, none is forgotten."""
    by = runs_by_job(evidence)
    for job, submitted in evidence.jobs.items():
        attempts = {run.attempt for run in by[job] if run.how == "fail"}
        if attempts - set(range(1, submitted.fails + 1)):
            yield f"attempts: {job} failed in {sorted(attempts)}, asked for {submitted.fails}"
        states = [state for i, state in evidence.outcomes if i == job] if submitted.fails else []
        if "success" in states and attempts != set(range(1, submitted.fails + 1)):
            yield f"attempts: {job} was charged for attempts that never ran: {sorted(attempts)} of {submitted.fails}"


def nothing_starts_early(evidence):
    for run in evidence.runs:
        job = evidence.jobs.get(run.job)
        if job and run.start < job.not_before - CLOCK_MS:
            yield f"early: {run.job} started {job.not_before - run.start} ms before it was due"


def refused_never_run(evidence):
    for run in evidence.runs:
        if run.job in evidence.refused:
            yield f"refused: {run.job} ran though its uniqueness key was held"


def unique_jobs_are_alone(evidence):
    by = collections.defaultdict(list)
    for run in evidence.runs:
        job = evidence.jobs.get(run.job)
        if job and job.unique and run.end is not None:
            by[job.unique].append(run)
    for key, runs in by.items():
        for one, two in zip(runs, runs[1:]):
            if one.job != two.job and two.start < one.end and not explanation(evidence, one, one.end):
                yield f"unique: {one.job} and {two.job} ran at once under the key {key}"


def cancel_holds(evidence):
    states = dict(evidence.outcomes)
    for job, submitted in evidence.jobs.items():
        if submitted.cancel_said == "cancelled" and states.get(job) == "success":
            yield f"cancel: {job} was said to be cancelled and is a success"
        if states.get(job) == "cancelled" and submitted.cancel_said is None:
            yield f"cancel: {job} is cancelled and nobody asked for it"


def clients_were_told_the_truth(evidence):
    states = dict(evidence.outcomes)
    for job, state in evidence.seen.items():
        if states.get(job) != state:
            yield f"told: a client saw {job} as {state}, Redis has {states.get(job)}"


def nothing_is_left(evidence):
    yield from (f"left: {sentence}" for sentence in evidence.leftovers)
    yield from (f"lock: the uniqueness key {key} is held by nobody's job" for key in evidence.locks)
    yield from (f"waiter: {job} is waited for though it ended" for job in evidence.waiters)
    for name, (first, last) in evidence.descriptors.items():
        if last > first + 2:
            yield f"descriptors: {name} had {first} open files, now {last}"
    first, last, allowed = evidence.memory
    if last - first > allowed:
        yield f"memory: Redis used {first} bytes at first, {last} at the end"


RULES = (one_outcome, outcome_is_allowed, outcome_was_earned, counters_agree, extra_runs_are_explained,
         failing_attempts_are_counted, nothing_starts_early, refused_never_run, unique_jobs_are_alone, cancel_holds,
         clients_were_told_the_truth, nothing_is_left)


def violations(evidence):
    return [sentence for rule in RULES for sentence in rule(evidence)]
