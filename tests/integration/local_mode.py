"""--local: a private Redis and a worker that live as long as the command; also when no broker is configured."""
import os
import signal

from harness import process
from harness.case import Case, main
from harness.until import until


class Local(Case):
    def setUp(self):
        super().setUp()
        del self.env["CELERIAC_BROKER"]

    def test_run_without_any_broker_is_local_and_says_so(self):
        result = self.celeriac("run", "factorial", 24)
        self.assertEqual(result.out, "620448401733239439360000\n")
        self.assertIn("local", result.err)

    def test_map_local(self):
        result = self.celeriac("map", "--local", "sum_range", stdin="1\n2\n3\n")
        self.assertEqual(result.json, [0, 1, 3])

    def test_failures_keep_their_exit_code(self):
        self.celeriac("run", "--local", "--retries", 0, "fail", "x", code=1)
        self.celeriac("run", "--local", "nosuchtask", code=None)

    def test_local_wins_over_a_configured_broker(self):
        env = {"CELERIAC_BROKER": "redis://127.0.0.1:1/0"}
        self.assertEqual(self.celeriac("run", "--local", "sum_range", 5, env=env).out, "10\n")

    def test_interrupted_leaves_nothing_behind(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            child = self.start("run", "--local", "sleep", 60, name="local")
            until(lambda: len(process.children(child.pid, deep=True)) >= 4, 20, "Redis, master, steward, runners")
            child.send_signal(number)
            self.assertEqual(child.wait(20), code)
            until(lambda: process.reap() or not self.others(), 5, "nothing left")

    def test_killed_leaves_no_process_behind(self):
        child = self.start("run", "--local", "sleep", 60, name="local")
        until(lambda: len(process.children(child.pid, deep=True)) >= 4, 20, "Redis, master, steward, runners")
        child.kill()
        child.wait()
        until(lambda: process.reap() or not self.others(), 5, "nothing left")

    def others(self):
        mine = {server.process.pid for server in self.servers}
        return [p for p in process.children(os.getpid(), deep=True) if p not in mine]


if __name__ == "__main__":
    main()
