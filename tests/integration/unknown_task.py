"""A task that not every worker knows: the job finds the worker that does, and is dead when there is none."""
import signal

from harness import module
from harness.case import Case, main
from harness.until import until


class UnknownTask(Case):
    def setUp(self):
        super().setUp()
        self.path = self.dir / "mine.so"
        module.build(self.path, 7)
        self.allow_warning("mine")

    def test_a_job_waits_for_the_worker_that_knows_its_task(self):
        knows = self.worker("-P", 1, "-T", 1, "--module", self.path, name="knows")
        knows.send(signal.SIGTSTP)
        knows.wait_event("worker_quiet")
        self.worker("-P", 1, "-T", 1, name="other")
        job = self.submit("mine")
        status = self.wait_state(job, "delayed")
        self.assertEqual((status["attempt"], status.get("crashes", 0)), (0, 0))
        knows.send(signal.SIGCONT)
        self.assertEqual(self.celeriac("wait", job).value, 7)
        status = self.status(job)
        self.assertTrue(status["worker"].startswith("knows"), status)
        self.assertEqual(status["attempt"], 1)

    def test_a_job_is_dead_when_the_last_worker_that_knew_its_task_is_gone(self):
        knows = self.worker("-P", 1, "-T", 1, "--module", self.path, name="knows")
        other = self.worker("-P", 1, "-T", 1, name="other")
        for _ in range(4):
            self.assertEqual(self.celeriac("run", "mine").value, 7)
        self.assertEqual(knows.stop(), 0)
        job = self.submit("mine")
        self.assertIn("mine", self.wait_state(job, "dead")["error"]["message"])
        until(lambda: "mine" in other.log, 10, "the log tells of it")

    def test_signatures_of_a_worker_are_known_before_sending(self):
        self.worker("-P", 1, "-T", 1, "--module", self.path)
        self.assert_error(self.celeriac("submit", "mine", 1, code=64), 64, "mine")
        self.assertIn("mine()", self.celeriac("tasks").out)


if __name__ == "__main__":
    main()
