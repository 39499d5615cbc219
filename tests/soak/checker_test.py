"""The checker of the chaos campaign is checked itself: a clean campaign passes, and each planted violation is named."""
import copy
import unittest

from harness import chaos_checker
from harness.chaos_record import Evidence, Fault, Job, Run, read_runs

RECORD = """S a 1 10 1 1000
E a 1 10 1100 ok
S b 1 10 1 1000
S b 1 11 1 1600
E b 1 11 1700 ok
S c 1 11 1 2000
E c 1 11 2010 fail
S c 2 12 1 2500
E c 2 12 2510 ok
S d 1 13 2 3000
C d 1 13 3001
S d 1 14 2 3100
C d 1 14 3101
S d 1 15 2 3200
C d 1 15 3201
S e 1 16 2 5000
E e 1 16 5100 ok
S f 1 16 2 5200
E f 1 16 5300 ok
S h 1 16 2 5400
E h 1 16 5450 stop
"""


def clean():
    jobs = {"a": Job("a", "short"), "b": Job("b", "long"), "c": Job("c", "retried", fails=1),
            "d": Job("d", "poison", allowed=("dead",)), "e": Job("e", "unique", unique="k"),
            "f": Job("f", "delayed", not_before=5200), "h": Job("h", "cancelled", ("success", "cancelled"),
                                                               cancel_said="running")}
    outcomes = [(job, "success") for job in "abcef"] + [("d", "dead"), ("h", "cancelled")]
    return Evidence(jobs=jobs, runs=read_runs(RECORD), outcomes=outcomes, refused={"g"}, seen={"a": "success"},
                    faults=[Fault("kill_runner", 1500, 1500, frozenset({10})), Fault("redis_kill", 1400, 2400)],
                    counters={"succeeded": 5, "dead": 1, "cancelled": 1}, descriptors={"w1 steward": (9, 9)},
                    memory=(1000, 1100, 500))


class CheckerTest(unittest.TestCase):
    def planted(self, word, plant):
        evidence = copy.deepcopy(clean())
        plant(evidence)
        found = chaos_checker.violations(evidence)
        self.assertTrue(any(sentence.startswith(word) for sentence in found), found)

    def test_a_clean_campaign_passes(self):
        self.assertEqual(chaos_checker.violations(clean()), [])

    def test_a_lost_job(self):
        self.planted("lost", lambda e: e.outcomes.remove(("a", "success")))

    def test_an_outcome_recorded_twice(self):
        self.planted("double", lambda e: e.outcomes.append(("a", "failure")))

    def test_a_commit_that_was_counted_twice(self):
        self.planted("counter", lambda e: e.counters.update(succeeded=6))

    def test_an_outcome_of_a_job_that_nobody_submitted(self):
        self.planted("stranger", lambda e: e.outcomes.append(("z", "success")))

    def test_a_run_that_no_fault_explains(self):
        self.planted("extra run", lambda e: e.runs.append(Run("e", 1, 17, 2, 6000, 6100, "ok")))

    def test_a_fault_of_redis_explains_no_run(self):
        self.planted("extra run", lambda e: e.faults.pop(0))

    def test_a_run_that_starts_late_because_its_process_stood_still_is_explained(self):
        evidence = clean()
        evidence.runs.append(Run("e", 1, 17, 2, 6000, 6100, "ok"))
        evidence.faults.append(Fault("stop_worker", 4000, 5999, frozenset({17})))
        self.assertEqual(chaos_checker.violations(evidence), [])
        evidence.faults[-1].kind = "stop_steward"
        self.assertNotEqual(chaos_checker.violations(evidence), [])

    def test_a_job_that_ends_as_it_must_not(self):
        self.planted("wrong end", lambda e: e.outcomes.__setitem__(0, ("a", "dead")))

    def test_a_success_without_a_good_run(self):
        self.planted("unearned", lambda e: setattr(e.runs[0], "how", "fail"))

    def test_an_attempt_charged_that_never_ran(self):
        self.planted("attempts", lambda e: setattr(e.jobs["c"], "fails", 2))

    def test_a_failure_charged_too_often(self):
        self.planted("attempts", lambda e: setattr(e.jobs["c"], "fails", 0))

    def test_a_delayed_job_that_starts_early(self):
        self.planted("early", lambda e: setattr(e.jobs["f"], "not_before", 5300))

    def test_a_refused_job_that_runs(self):
        self.planted("refused", lambda e: e.refused.add("f"))

    def test_two_jobs_under_one_key_at_once(self):
        def plant(evidence):
            evidence.jobs["f"].unique = "k"
            next(run for run in evidence.runs if run.job == "f").start = 5050
            evidence.runs.sort(key=lambda run: run.start)
        self.planted("unique", plant)

    def test_a_cancelled_job_that_succeeds(self):
        self.planted("cancel", lambda e: setattr(e.jobs["a"], "cancel_said", "cancelled"))

    def test_a_job_cancelled_by_nobody(self):
        self.planted("cancel", lambda e: setattr(e.jobs["h"], "cancel_said", None))

    def test_a_client_that_was_told_something_else(self):
        self.planted("told", lambda e: e.seen.update(a="failure"))

    def test_a_lock_left_behind(self):
        self.planted("lock", lambda e: e.locks.append("k"))

    def test_a_waiter_left_behind(self):
        self.planted("waiter", lambda e: e.waiters.append("a"))

    def test_a_key_without_bound(self):
        self.planted("left", lambda e: e.leftovers.append("celeriac:x has neither a time to live nor a known bound"))

    def test_leaked_descriptors(self):
        self.planted("descriptors", lambda e: e.descriptors.update(w1=(9, 12)))

    def test_leaked_memory_of_redis(self):
        self.planted("memory", lambda e: setattr(e, "memory", (1000, 2000, 500)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
