"""Signals of the verb worker."""
import os
import signal

from harness import module, process
from harness.case import Case, main
from harness.until import until


class Signals(Case):
    def test_term_finishes_what_runs_and_hands_back_the_rest(self):
        worker = self.worker("-P", 1, "-T", 1, "--lease", "1s")
        first = self.submit("sleep", 3)
        self.wait_begun(first)
        second = self.submit("sleep", 60)
        self.assertEqual(worker.stop(signal.SIGTERM), 0)
        self.assertEqual((self.status(first)["state"], self.status(second)["state"]), ("success", "queued"))

    def test_term_waits_no_longer_than_the_grace_time(self):
        worker = self.worker("-P", 1, "-T", 1, "--grace", "300ms")
        self.allow_warning("grace|killed|hand|runner")
        job = self.submit("sleep", 60)
        self.wait_state(job, "running")
        self.assertEqual(worker.stop(signal.SIGTERM, timeout=5), 0)
        status = self.status(job)
        self.assertEqual((status["state"], status.get("crashes", 0)), ("queued", 0))

    def test_a_second_int_hands_back_now(self):
        worker = self.worker("-P", 1, "-T", 1)
        self.allow_warning("hand|runner")
        job = self.submit("sleep", 60)
        self.wait_state(job, "running")
        worker.send(signal.SIGINT)
        worker.wait_event("worker_stopping")
        worker.send(signal.SIGINT)
        self.assertEqual(worker.process.wait(10), 0)
        self.assertEqual(self.status(job)["state"], "queued")

    def test_quit_hands_back_now(self):
        worker = self.worker("-P", 2, "-T", 2)
        self.allow_warning("hand|runner")
        jobs = [self.submit("spin", 60) for _ in range(4)]
        for job in jobs:
            self.wait_state(job, "running")
        self.assertEqual(worker.stop(signal.SIGQUIT, timeout=10), 0)
        self.assertEqual({self.status(job)["state"] for job in jobs}, {"queued"})

    def test_tstp_takes_nothing_new_and_cont_goes_on(self):
        worker = self.worker("-P", 1, "-T", 1)
        worker.send(signal.SIGTSTP)
        worker.wait_event("worker_quiet")
        job = self.submit("sum_range", 5)
        self.celeriac("wait", "--wait-timeout", "300ms", job, code=124)
        self.assertEqual(self.status(job)["state"], "queued")
        worker.send(signal.SIGCONT)
        self.assertEqual(self.celeriac("wait", job).value, 10)

    def test_ttin_and_ttou_change_the_number_of_runners(self):
        worker = self.worker("-P", 2, "-T", 1)
        self.assertEqual(len(worker.runners), 2)
        worker.send(signal.SIGTTIN)
        until(lambda: len(worker.runners) == 3, 5, "three runners")
        worker.send(signal.SIGTTOU)
        until(lambda: len(worker.runners) == 2, 5, "two runners")
        self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)

    def test_hup_replaces_runners_one_by_one_without_losing_jobs(self):
        worker = self.worker("-P", 2, "-T", 1)
        before = worker.runners
        lines = "0.01\n" * 200
        child = self.start("map", "sleep", stdin=lines, name="map")
        self.wait_some_done(10)
        worker.send(signal.SIGHUP)
        worker.wait_new_runners(before, 2)
        self.assertEqual(child.wait(60), 0)
        self.assertEqual(len((self.dir / "map.out").read_text().splitlines()), 200)

    def wait_some_done(self, count):
        until(lambda: any(q["processed"] >= count for q in self.celeriac("queues", "--json").json), 15, "jobs are done")

    def refuse_reload(self, worker, reason):
        """HUP with what is there now: refused with a clear line, and the old runner stays."""
        before, refusals = worker.runners, len(worker.events("reload_refused"))
        worker.send(signal.SIGHUP)
        worker.wait_event("reload_refused", count=refusals + 1)
        self.assertIn(reason, worker.log)
        until(lambda: worker.runners == before, 10, "only the old runner is left")
        self.assertEqual(self.celeriac("run", "-p", 9, "mine").value, 1)

    def test_hup_with_a_broken_module_keeps_the_old_ones(self):
        path = self.dir / "mine.so"
        module.build(path, 1)
        whole = path.read_bytes()
        worker = self.worker("-P", 1, "-T", 2, "--module", path)
        self.allow_warning("module|reload|runner_died.* code=78 ")
        job = self.submit("sleep", 600)
        self.wait_state(job, "running")
        module.replace(path, b"not a shared object")
        self.refuse_reload(worker, "mine.so: ")
        module.replace(path, whole[:40])
        self.refuse_reload(worker, "mine.so: file too short")
        module.replace(path, whole[:len(whole) * 3 // 5])
        self.refuse_reload(worker, "mine.so: file cut short")
        module.build(path, 1, abi="99")
        self.refuse_reload(worker, "built for interface 99")
        status = self.status(job)
        self.assertEqual((status["state"], status["attempt"]), ("running", 1))
        self.celeriac("cancel", job)
        before = worker.runners
        module.build(path, 2)
        worker.send(signal.SIGHUP)
        worker.wait_new_runners(before)
        self.assertEqual(self.celeriac("run", "mine").value, 2)

    def test_runners_that_come_later_have_the_modules_that_were_accepted(self):
        """A file that was replaced is nobody's business until HUP, and not even then if it is refused."""
        path = self.dir / "mine.so"
        module.build(path, 1)
        worker = self.worker("-P", 1, "-T", 1, "--module", path)
        self.allow_warning("module|reload|runner_died|recovered")
        module.build(path, 2)  # good, but nobody has said so yet
        self.assert_runs_anew(worker, 1)
        module.replace(path, b"not a shared object")
        self.refuse_reload(worker, "mine.so: ")
        self.assert_runs_anew(worker, 1)
        path.unlink()
        self.assert_runs_anew(worker, 1)
        module.build(path, 3)
        before = worker.runners
        worker.send(signal.SIGHUP)
        worker.wait_new_runners(before)
        path.write_bytes(b"written over in place")
        self.assert_runs_anew(worker, 3)

    def assert_runs_anew(self, worker, value):
        """A runner that is started now runs the module that returns this."""
        before = worker.runners
        os.kill(before[0], signal.SIGKILL)
        worker.wait_new_runners(before)
        self.assertEqual(self.celeriac("run", "mine").value, value)

    def test_usr1_dumps_to_the_log_and_goes_on(self):
        worker = self.worker("-P", 2, "-T", 1)
        job = self.submit("sleep", 60)
        self.wait_state(job, "running")
        before = len(worker.log.splitlines())
        worker.send(signal.SIGUSR1)
        until(lambda: job in "\n".join(worker.log.splitlines()[before:]), 10, "the running job in the dump")
        self.celeriac("cancel", job)
        self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)

    def test_no_process_outlives_a_stopped_worker(self):
        worker = self.worker("-P", 3, "-T", 2)
        pids = worker.all_pids
        self.assertEqual(len(pids), 5)
        self.assertEqual(worker.stop(signal.SIGTERM), 0)
        self.assertFalse([pid for pid in pids if process.is_alive(pid)])


if __name__ == "__main__":
    main()
