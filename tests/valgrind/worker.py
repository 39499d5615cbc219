"""No leak and no error in any process of a worker that has run 1,000 jobs and was stopped; nor in the command line."""
import json
import signal
import subprocess

from harness import celeriac, process
from harness.case import Case, main

# The clean-up that glibc keeps for valgrind unmaps libraries before leaks are looked for, and with them the only
# pointers to what they hold (libgomp's 8 bytes): it stays off.
VALGRIND = ("valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect", "--trace-children=yes", "--trace-children-skip=*redis*",
            "--child-silent-after-fork=no",
            "--run-libc-freeres=no")


class Valgrind(Case):
    def test_a_worker_that_ran_a_thousand_jobs(self):
        log = f"--log-file={self.dir}/valgrind-%p.log"
        worker = self.worker("-P", 2, "-T", 2, "--lease", "1m", wrapper=(*VALGRIND, log), ready=False)
        worker.wait_ready(60)
        for task, value in (("echo", {"a": [1, "b"]}), ("sum_range", 10), ("eval", "1 + 2"), ("solve", "x^2 - 2")):
            lines = (json.dumps([value]) + "\n") * 250
            self.assertEqual(len(self.celeriac("map", task, stdin=lines, timeout=120).lines), 250)
        self.assertEqual(worker.stop(signal.SIGTERM, timeout=60), 0)
        self.check_logs_of_valgrind()

    def test_the_command_line(self):
        self.worker("-P", 1, "-T", 1)
        for argv in (("run", "echo", '{"a":[1,2]}'), ("queues",), ("jobs",), ("workers",), ("tasks",), ("config",)):
            words = [*VALGRIND, f"--log-file={self.dir}/valgrind-%p.log", celeriac.PROGRAM, *argv]
            child = process.start(words, env=self.env, cwd=self.dir, stdout=subprocess.DEVNULL)
            self.assertEqual(child.wait(60), 0, argv)
        self.check_logs_of_valgrind()

    def check_logs_of_valgrind(self):
        found = "\n".join(path.read_text() for path in self.dir.glob("valgrind-*.log"))
        self.assertEqual(found.strip(), "")


if __name__ == "__main__":
    main()
