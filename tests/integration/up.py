"""celeriac up: Redis with its append-only file, a worker and a dashboard, that begin and end together."""
import os
import pty
import select
import signal
import time

from harness import celeriac, process
from harness.case import Case, main
from harness.until import SLOWNESS, until


class Up(Case):
    def setUp(self):
        super().setUp()
        del self.env["CELERIAC_BROKER"]

    def up(self, *argv, name="up"):
        """Starts it; the broker's URL is what it prints."""
        child = self.start("up", *argv, name=name)
        text = until(lambda: (self.dir / f"{name}.out").read_text().partition("\n")[0] or child.poll() is not None, 20,
                     "the broker's address")
        self.assertIsNone(child.poll(), (self.dir / f"{name}.err").read_text())
        variable, _, url = text.partition("=")
        self.assertEqual(variable, "CELERIAC_BROKER")
        self.env["CELERIAC_BROKER"] = url
        return child

    def end(self, child, number=signal.SIGINT):
        child.send_signal(number)
        self.assertEqual(child.wait(60 * SLOWNESS), 0)
        self.assert_nothing_left()

    def assert_nothing_left(self):
        mine = {server.process.pid for server in self.servers}
        until(lambda: process.reap() or not set(process.children(os.getpid(), deep=True)) - mine, 20, "nothing left")

    def test_it_computes_and_ends_with_one_interrupt(self):
        child = self.up()
        self.assertEqual(self.celeriac("run", "sum_range", 5).out, "10\n")
        self.end(child)

    def test_what_waited_is_there_the_next_time(self):
        child = self.up("--", "-q", "other")
        job = self.submit("sum_range", 4)
        self.end(child, signal.SIGTERM)
        child = self.up()
        self.assertEqual(self.celeriac("wait", job).out, "6\n")
        self.end(child)

    def test_the_first_interrupt_lets_jobs_finish_and_the_second_hands_them_back(self):
        child = self.up("--", "-P", 1, "-T", 1)
        short, long = self.submit("sleep", 0.2), self.submit("sleep", 600)
        self.wait_state(short, "success")
        self.wait_state(long, "running")
        child.send_signal(signal.SIGINT)
        until(lambda: "event=worker_stopping" in (self.dir / "up.err").read_text(), 20, "the worker finishes")
        self.end(child)
        child = self.up("--", "-q", "other")
        self.assertEqual(self.status(long)["state"], "queued")
        self.end(child)

    def test_one_directory_is_used_once(self):
        child = self.up()
        self.assert_error(self.celeriac("up", code=73), 73, "--dir", ".celeriac", "another")
        self.assertEqual(self.celeriac("run", "sum_range", 5).out, "10\n")
        self.end(child)

    def test_killed_leaves_nothing_and_can_be_started_again(self):
        child = self.up()
        job = self.submit("--in", "1h", "echo", 1)
        self.wait_state(job, "delayed")
        child.kill()
        child.wait()
        self.assert_nothing_left()
        child = self.up()
        self.assertEqual(self.status(job)["state"], "delayed")
        self.end(child)

    def test_without_its_redis_it_ends(self):
        child = self.up()
        redis = next(pid for pid in process.children(child.pid) if "redis-server" in process.command_line(pid))
        os.kill(redis, signal.SIGKILL)
        self.assertEqual(child.wait(60 * SLOWNESS), 69)
        self.assertIn("redis-server has ended", (self.dir / "up.err").read_text())
        self.assert_nothing_left()

    def test_the_worker_ends_it_with_its_own_code(self):
        for options, code in ((("--processes", "none"), 64), (("--module", "./nosuch.so"), 78), (("--burst",), 0)):
            with self.subTest(options):
                self.celeriac("up", "--", *options, code=code)
                self.assert_nothing_left()

    def test_what_cannot_be_used_is_said(self):
        (self.dir / "file").write_text("")
        self.assert_error(self.celeriac("up", "--dir", "file/x", code=78), 78, "--dir", "file/x")
        self.assert_error(self.celeriac("up", "--dir", "d" * 120, code=78), 78, "--dir", "107")
        self.assert_error(self.celeriac("up", code=69, env={"PATH": str(self.dir)}), 69, "redis-server", "not installed")

    def test_on_a_terminal_it_shows_the_dashboard_and_q_ends_all(self):
        outer, inner = pty.openpty()
        child = process.start([celeriac.PROGRAM, "up"], env={**self.env, "TERM": "vt100"}, cwd=self.dir, stdin=inner,
                              stdout=inner, stderr=inner)
        self.commands.append(child)
        os.close(inner)
        self.read_until(outer, b"q quit")
        os.write(outer, b"q")
        self.read_until(outer, None)
        self.assertEqual(child.wait(60 * SLOWNESS), 0)
        os.close(outer)
        self.assertIn("event=worker_ended", (self.dir / ".celeriac/worker.log").read_text())
        self.assert_nothing_left()

    def read_until(self, fd, word):
        """Reads what is shown until `word` has come; None: to its end."""
        seen, deadline = b"", time.monotonic() + 60 * SLOWNESS
        while word is None or word not in seen:
            self.assertLess(time.monotonic(), deadline, seen)
            if not select.select([fd], [], [], 1)[0]:
                continue
            try:
                more = os.read(fd, 4096)
            except OSError:  # nobody has the terminal any more
                more = b""
            if not more:
                self.assertIsNone(word, seen)
                return
            seen += more


if __name__ == "__main__":
    main()
