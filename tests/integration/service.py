"""What a host needs around the program: health checks, a service manager's protocol, unit files, manual pages."""
import re
import shutil
import signal
import socket
import subprocess
import unittest

from harness import celeriac
from harness.case import Case, main
from harness.until import SLOWNESS, until

PAGES = celeriac.BUILD / "manual"
UNITS = celeriac.BUILD / "packaging"


class Check(Case):
    def check(self, name, code, *words):
        result = self.celeriac("worker", "--check", "--name", name, code=code, timeout=10)
        for word in words:
            self.assertIn(word, result.out + result.err)

    def test_a_worker_that_is_there_and_ready(self):
        self.check("nobody", 69, "no worker answers")
        self.worker("-P", 1, "-T", 1, name="alpha")
        self.worker("-P", 2, "-T", 1, name="alpha-beta")
        self.check("alpha", 0, "ready worker=alpha-", "processes=1")
        self.check("alpha-beta", 0, "ready worker=alpha-beta-", "processes=2")
        self.check("alph", 69)
        self.celeriac("worker", "--check")

    def test_a_worker_that_cannot_reach_redis_is_not_ready_but_one_that_lost_it_stays(self):
        self.allow_warning(".*")
        worker = self.worker("-P", 1, "-T", 1, name="steady")
        self.redis.stop()
        until(lambda: "redis_down" in worker.log, 10, "it says so")
        self.check("steady", 0)
        self.worker("-P", 1, "-T", 1, name="early", ready=False).wait_event("worker_started")
        self.check("early", 69, "not ready")
        self.redis.start()

    def test_a_master_that_is_stopped_or_gone(self):
        self.allow_warning(".*")
        worker = self.worker("-P", 1, "-T", 1, name="frozen")
        worker.send(signal.SIGSTOP)
        self.check("frozen", 69, "no answer")
        worker.send(signal.SIGCONT)
        self.check("frozen", 0)
        worker.kill()
        self.check("frozen", 69)


class Notify(Case):
    def listen(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.settimeout(20 * SLOWNESS)
        listener.bind(str(self.dir / "notify"))
        return listener

    def wait_message(self, listener, word):
        while word not in listener.recv(4096).decode().splitlines():
            pass

    def test_ready_alive_stopping(self):
        listener = self.listen()
        env = {"NOTIFY_SOCKET": str(self.dir / "notify"), "WATCHDOG_USEC": "900000"}
        worker = self.worker("-P", 1, "-T", 1, env=env, ready=False)
        self.wait_message(listener, "READY=1")
        self.assertTrue(worker.events("worker_ready"))
        for _ in range(3):
            self.wait_message(listener, "WATCHDOG=1")
        worker.send(signal.SIGTERM)
        self.wait_message(listener, "STOPPING=1")

    def test_nobody_is_told_when_nobody_asks(self):
        self.worker("-P", 1, "-T", 1, env={"NOTIFY_SOCKET": str(self.dir / "nothing"), "WATCHDOG_USEC": "1000"})
        self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)


@unittest.skipUnless(UNITS.is_dir() and shutil.which("systemd-analyze"), "no units built, or no systemd-analyze")
class Units(Case):
    def test_verify(self):
        for unit in sorted(UNITS.glob("*.service")):
            with self.subTest(unit.name):
                text = re.sub(r"^ExecStart=\S+", f"ExecStart={celeriac.PROGRAM}", unit.read_text(), flags=re.M)
                name = unit.name.replace("@", "@one")
                (self.dir / name).write_text(text)
                done = subprocess.run(["systemd-analyze", "verify", "--man=no", self.dir / name], text=True, timeout=60,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertEqual((done.returncode, [line for line in done.stdout.splitlines() if name in line]), (0, []))


@unittest.skipUnless(PAGES.is_dir(), "no manual pages in this build")
class Manual(Case):
    def test_a_page_for_each_verb(self):
        verbs = re.findall(r"^  (\w+) ", self.celeriac("help").out.partition("Options of every verb")[0], re.M)
        self.assertGreater(len(verbs), 20)
        pages = {page.name for page in PAGES.iterdir()}
        self.assertLessEqual({f"celeriac-{verb}.1" for verb in verbs}, pages)
        self.assertLessEqual({"celeriac.1", "celeriac.conf.5", "celeriac.3", "celeriac_task.3"}, pages)

    def test_pages_name_every_option(self):
        for verb in ("worker", "map", "submit"):
            page = (PAGES / f"celeriac-{verb}.1").read_text().replace("\\-", "-")
            text = self.celeriac(verb, "--help").out.partition("Options of every verb")[0]
            for name in re.findall(r"^  (?:-\w, |    )--([a-z-]+)", text, re.M):
                self.assertIn(f"--{name}", page)

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_no_warnings(self):
        for page in sorted(PAGES.glob("*.[0-9]")):
            with self.subTest(page.name):
                done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], text=True, timeout=60,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
    def test_no_lint(self):
        for page in sorted(PAGES.glob("*.[0-9]")):
            with self.subTest(page.name):
                done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], text=True, timeout=60,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    main()
