"""The base of every test: a temporary directory, a private Redis, the program.

After each test: workers are asked to end and must, the invariants of Redis must hold, an undeclared warning
in a worker's log fails, and no process may be left. The logs of a failed test are printed.
"""
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import unittest

from harness import celeriac, invariants, process
from harness.redis_server import RedisServer
from harness.until import until

process.lead_session()


class Case(unittest.TestCase):
    redis_settings = ()  # lines of redis.conf
    redis_aof = False
    redis_tcp = False
    longMessage = True
    maxDiff = 2000

    def run(self, result=None):
        def count():
            return len(result.failures) + len(result.errors)
        before = count()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="celeriac-"))
        super().run(result)
        if count() > before:
            self.print_logs()
        shutil.rmtree(self.dir)
        return result

    def setUp(self):
        self.workers, self.commands, self.allowed, self.servers = [], [], [], []
        self.addCleanup(self.finish)
        self.redis = self.redis_server("redis", *self.redis_settings, aof=self.redis_aof, tcp=self.redis_tcp)
        self.env = celeriac.environment(self.dir, CELERIAC_BROKER=self.redis.url)

    # ---- what tests call ----

    def redis_server(self, name, *settings, **options):
        """Another private Redis."""
        server = RedisServer(self.dir / name, *settings, **options)
        self.servers.append(server)
        return server.start()

    def celeriac(self, *argv, stdin=None, timeout=60, code=0, env=None):
        """Runs a command, which must end with `code` (None: any)."""
        result = celeriac.run(argv, {**self.env, **(env or {})}, self.dir, stdin, timeout)
        if code is not None:
            self.assertEqual(result.code, code, str(result))
        self.assertNotIn("Sanitizer", result.err, str(result))
        return result

    def start(self, *argv, stdin=None, name="command", env=None):
        """Starts a command in the background, with its outputs in NAME.out and NAME.err. A Popen."""
        with open(self.dir / f"{name}.out", "w") as out, open(self.dir / f"{name}.err", "w") as err:
            source = None
            if stdin is not None:
                (self.dir / f"{name}.in").write_text(stdin)
                source = open(self.dir / f"{name}.in")
            child = process.start([celeriac.PROGRAM, *[str(word) for word in argv]], env={**self.env, **(env or {})},
                                  cwd=self.dir, stdin=source or celeriac.subprocess.DEVNULL, stdout=out, stderr=err)
            if source:
                source.close()
        self.commands.append(child)
        return child

    def worker(self, *argv, name=None, ready=True, env=None, wrapper=()):
        name = name or f"w{len(self.workers) + 1}"
        worker = celeriac.Worker(name, argv, {**self.env, **(env or {})}, self.dir, wrapper)
        self.workers.append(worker)
        return worker.wait_ready() if ready else worker

    def submit(self, *argv, **options):
        """The new job's id."""
        return self.celeriac("submit", *argv, **options).out.strip()

    def status(self, job):
        return json.loads(self.celeriac("status", "--json", job, code=None).out)

    def wait_state(self, job, *states, seconds=10):
        """The job's status once it is in one of these states."""
        return until(lambda: (lambda s: s["state"] in states and s)(self.status(job)), seconds, f"{job} is {states}")

    def wait_begun(self, job):
        """Returns when the job has told progress: it is not just reserved. The worker's lease should be short."""
        until(lambda: "progress" in self.status(job), 10, f"{job} has begun")

    def assert_error(self, result, code, *words):
        """One clear line on stderr with these words, the exit code, and nothing on stdout."""
        self.assertEqual(result.code, code, str(result))
        self.assertEqual(result.out, "", str(result))
        self.assertEqual(len(result.err.splitlines()), 1, str(result))
        for word in words:
            self.assertIn(word.lower(), result.err.lower(), str(result))

    def allow_warning(self, pattern):
        """Lines of worker logs at level warn or error that match are expected."""
        self.allowed.append(celeriac.re.compile(pattern))

    def client(self, **options):
        return self.redis.client(**options)

    # ---- the end of a test ----

    def finish(self):
        try:
            self.stop_all()
            self.check_redis()
            self.check_logs()
        finally:
            self.end_processes()

    def stop_all(self):
        for command in self.commands:
            if command.poll() is None:
                command.kill()
            command.wait()
        for server in self.servers:
            if server.is_running:
                server.resume()
        late = []
        for worker in self.workers:
            if worker.is_running:
                try:
                    worker.stop(signal.SIGQUIT)
                except AssertionError as error:
                    late.append(str(error))
        self.assertEqual(late, [])

    def check_redis(self):
        if self.redis.is_running:
            self.assertEqual(invariants.violations(self.client()), [])

    def check_logs(self):
        for worker in self.workers:
            for line in worker.log.splitlines():
                if "level=warn" in line or "level=error" in line:
                    self.assertTrue(any(p.search(line) for p in self.allowed), f"undeclared: {line}")
            self.assertNotIn("Sanitizer", worker.log)

    def end_processes(self):
        for server in self.servers:
            server.stop()
        try:
            until(lambda: process.reap() or not process.children(os.getpid(), deep=True), 20, "every process has ended")
        except AssertionError:
            left = [f"{pid} {process.command_line(pid)}" for pid in process.children(os.getpid(), deep=True)]
            for line in left:
                os.kill(int(line.split()[0]), signal.SIGKILL)
            process.reap()
            raise AssertionError("left behind: " + "; ".join(left)) from None

    def print_logs(self):
        for path in sorted(self.dir.rglob("*.log")) + sorted(self.dir.glob("*.err")):
            text = path.read_text(errors="replace").splitlines()
            if text:
                print(f"---- {path.name}: the last of {len(text)} lines", *text[-60:], sep="\n", file=sys.stderr)


def main():
    unittest.main(verbosity=2, warnings="ignore")
