"""celeriac top on a real terminal: what stands on its screen, what its keys do, and what is left of it at the end."""
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from harness import celeriac, process
from harness.case import Case, main
from harness.until import until

HINTS = "? help  / filter  Enter details  P pause  C cancel  R retry  q quit"


class Terminal:
    """A shell in tmux. Keys go in; the screen comes out."""
    numbers = itertools.count()
    is_open = True

    def __init__(self, case, columns=80, rows=24, **env):
        self.case = case
        self.tmux = ("tmux", "-u", "-f", "/dev/null", "-S", case.dir / f"tmux-{next(self.numbers)}")
        self.env = {**case.env, "PS1": "$ ", "TERM": "screen", "TZ": "UTC0"}
        case.addCleanup(self.close)
        self.run("new-session", "-d", "-x", columns, "-y", rows, "bash", "--norc", "--noprofile")
        until(lambda: self.screen.startswith("$"), 20, "a prompt")
        self.env.update(env)
        for name, value in {"TERM": "screen-256color", **env}.items():
            self.type(f"export {name}={value}")
        self.type("ulimit -c 0; clear; echo what was before; stty -g >stty-before")
        until(lambda: self.screen.startswith("what was before\n$"), 20, "a cleared screen")

    def run(self, *argv):
        done = subprocess.run([str(word) for word in (*self.tmux, *argv)], cwd=self.case.dir, env=self.env, text=True,
                              timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.case.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def close(self):
        if self.is_open:
            self.is_open = False
            self.run("kill-server")

    def type(self, line):
        self.run("send-keys", "-l", line)
        self.keys("Enter")

    def keys(self, *names):
        self.run("send-keys", *names)

    @property
    def screen(self):
        return self.run("capture-pane", "-p")

    @property
    def lines(self):
        return self.screen.rstrip("\n").split("\n")

    def shows(self, pattern, seconds=20):
        """The screen, once it matches."""
        return until(lambda: (lambda s: re.search(pattern, s, re.M) and s)(self.screen), seconds,
                     f"{pattern} on\n{self.screen}")

    def lacks(self, pattern, seconds=20):
        return until(lambda: (lambda s: not re.search(pattern, s, re.M) and s)(self.screen), seconds,
                     f"no {pattern} on\n{self.screen}")

    def top(self, *argv):
        self.type(" ".join(["celeriac top --interval 200ms", *argv]) + "; echo ended with $?")
        self.shows("^celeriac top  ")
        return self

    def ends(self, code):
        """It has ended with `code`, and left no trace."""
        self.shows(f"^ended with {code}$")
        self.case.assertIn("what was before", self.screen)
        self.case.assertNotIn("QUEUE", self.screen)
        self.is_restored()

    def is_restored(self):
        flags = "#{alternate_on} #{cursor_flag} #{wrap_flag}"
        self.case.assertEqual(self.run("display-message", "-p", flags).strip(), "0 1 1")
        self.type("stty -g >stty-after; echo asked")
        self.shows("^asked$")
        before, after = ((self.case.dir / f"stty-{when}").read_text() for when in ("before", "after"))
        self.case.assertEqual(before, after)
        self.type("clear; echo what was before")
        until(lambda: self.screen.startswith("what was before\n$"), 20, "a cleared screen")


@unittest.skipUnless(shutil.which("tmux"), "no tmux")
class Dashboard(Case):
    redis_aof = True

    def setUp(self):
        super().setUp()
        bin = self.dir / "bin"
        bin.mkdir()
        (bin / "celeriac").symlink_to(pathlib.Path(celeriac.PROGRAM).resolve())
        self.env["PATH"] = f"{bin}:{os.environ['PATH']}"

    def top_pid(self):
        def find():
            return [pid for pid in process.children(os.getpid(), deep=True)
                    if process.command_line(pid).startswith("celeriac top")]
        return until(find, 20, "a process of celeriac top")[0]

    def fill(self):
        """A job runs, one has failed for good, three wait in a paused queue, one is delayed."""
        self.worker("-P", 1, "-T", 2, "--lease", "1s", name="wanda")
        self.submit("-q", "nightly", "--in", "1h", "echo", 0)
        self.celeriac("pause", "nightly")
        for n in range(3):
            self.submit("-q", "nightly", "echo", n)
        running = self.submit("sleep", 600)
        failed = self.submit("--retries", 0, "fail", "böse")
        self.wait_state(failed, "failure")
        self.wait_state(running, "running")
        return running, failed

    def test_screen_shows_queues_slots_and_failures(self):
        self.fill()
        terminal = Terminal(self).top()
        screen = terminal.shows(r"done/s \d[\s\S]*\[sleep +\d+m?s\]")  # rates come with the second look
        self.assertRegex(screen, r"\Aceleriac top  unix://\S+ +\d\d:\d\d:\d\d\n"
                                 r"done/s [\d.]+  failed/s [\d.]+  ready 3  running 1  delayed 1  dead 1\n"
                                 r" QUEUE +READY +RUN +DELAYED +DEAD +LATENCY +DONE/s +FAIL/s\n"
                                 r">default +0 +1 +0 +1 +- +[\d.]+ +[\d.]+\n"
                                 r" nightly +3 +0 +1 +0 +\d+[smh]+ +0\.0 +0\.0 paused █+\n"
                                 r" WORKERS 1, 1 of 2 slots busy\n"
                                 r" wanda-\S+  1/2 busy  [\d.]+M  beat \d+m?s  default\n"
                                 r" \[sleep +\d+m?s\] \[-\]\n"
                                 r" FAILURES +QUEUE +STATE +TRY +AGE +ERROR\n"
                                 r" fail +default +failure +1 +\d+m?s  fail: böse\n\n")
        self.assertEqual(len(terminal.lines), 24)
        self.assertEqual(terminal.lines[-1], HINTS)
        terminal.keys("q")
        terminal.ends(0)

    def test_rates_are_counted(self):
        self.worker("-P", 1, "-T", 1)
        terminal = Terminal(self).top("--interval 1h")
        terminal.shows("^done/s -  failed/s -")
        terminal.keys("q")
        terminal.ends(0)
        terminal.top()
        load = self.start("map", "sleep", stdin="0.02\n" * 5000)
        terminal.shows(r"^done/s [1-9]")
        terminal.shows(r"^.default .* [1-9][\d.]* +0\.0 *█*$")
        load.kill()
        terminal.keys("q")
        terminal.ends(0)

    def test_size_may_change(self):
        self.fill()
        terminal = Terminal(self, 120, 40).top()
        until(lambda: len(terminal.lines) == 40 and terminal.lines[-1] == HINTS, 20, "40 lines")
        self.assertRegex(terminal.lines[0], r"^.{119,120}$")
        terminal.run("resize-window", "-x", 30, "-y", 8)
        terminal.shows(r"\A30x8 is too small: q quits\n")
        terminal.lacks("QUEUE")
        terminal.run("resize-window", "-x", 80, "-y", 24)
        until(lambda: len(terminal.lines) == 24, 20, "24 lines")
        terminal.shows("^>default")
        terminal.keys("q")
        terminal.shows("ended with 0")

    def test_help_filter_and_details(self):
        running, _ = self.fill()
        terminal = Terminal(self).top()
        terminal.shows(r"\[sleep")
        terminal.keys("?")
        terminal.shows("^P +pause the queue, or resume it")
        terminal.keys("Escape")
        terminal.shows("^>default")
        terminal.keys("/", "n", "i", "x", "BSpace", "g", "h")
        terminal.shows("^/nigh_$")
        terminal.keys("Enter")
        terminal.shows('^Only what contains "nigh"')
        screen = terminal.shows("^>nightly")
        self.assertNotIn("default  ", screen)
        self.assertEqual(screen.count("none that matches"), 2, screen)
        terminal.keys("Escape")
        terminal.shows("^ default")
        terminal.keys("Down")
        terminal.shows(r"^>\[sleep")
        terminal.keys("Enter")
        terminal.shows(f"^id +{running}$")
        terminal.shows("^It runs on worker wanda")
        terminal.run("resize-window", "-x", 80, "-y", 12)
        terminal.lacks("^It runs on worker wanda")
        terminal.keys(*["Down"] * 20)
        terminal.shows("^It runs on worker wanda")
        self.assertNotIn(running, terminal.screen)
        terminal.keys(*["Up"] * 20)
        terminal.shows(f"^id +{running}$")
        terminal.run("resize-window", "-x", 80, "-y", 24)
        terminal.keys("Escape")
        terminal.shows(r"^>\[sleep")
        terminal.keys("Home")
        terminal.shows("^>default")
        terminal.keys("Enter")
        terminal.shows("^failed +1$")
        terminal.keys("q")
        terminal.ends(0)

    def test_capital_letters_ask_and_act(self):
        running, failed = self.fill()
        terminal = Terminal(self).top()
        terminal.shows(r"\[sleep")
        terminal.keys("C")
        terminal.shows("^C cancels a running job: select one")
        terminal.keys("P")
        terminal.shows("^Pause queue default. y/N$")
        terminal.keys("n")
        terminal.shows(f"^{re.escape(HINTS)}$")
        self.assertNotRegex(terminal.screen, "^.default.*paused")
        terminal.keys("P", "y")
        terminal.shows("^default: paused$")
        terminal.shows("^>default.*paused")
        terminal.keys("P")
        terminal.shows("^Resume queue default. y/N$")
        terminal.keys("y")
        terminal.shows("^default: resumed$")
        self.assertFalse(self.celeriac("queues", "--json", "default").json[0]["paused"])
        terminal.keys("Tab")
        terminal.shows(r"^>\[sleep")
        terminal.keys("C")
        terminal.shows(f"^Cancel sleep {running}. y/N$")
        terminal.keys("y")
        terminal.shows(f"^{running}: it is told to stop$")
        self.wait_state(running, "cancelled")
        terminal.shows(r"^ \[-\] \[-\]$")
        terminal.keys("End")
        terminal.shows("^>fail ")
        self.celeriac("pause", "default")  # it stays where it is put
        terminal.keys("R")
        terminal.shows(f"^Retry fail {failed}. y/N$")
        terminal.keys("y")
        terminal.shows(f"^{failed}: queued$")
        self.assertEqual(self.status(failed)["state"], "queued")
        terminal.shows("^ none$")
        terminal.keys("q")
        terminal.ends(0)

    def test_colours_and_utf8_are_left_out_where_they_are_not_wanted(self):
        self.fill()
        colours = "\033\\[[\\d;]*[34][0-7]m"
        for env, has_colours, has_utf8 in (({}, True, True), ({"NO_COLOR": "1"}, False, True),
                                           ({"TERM": "vt100", "LC_ALL": "C"}, False, False)):
            with self.subTest(env):
                terminal = Terminal(self, **env).top()
                terminal.shows(r"\[sleep")
                screen = terminal.shows("^.nightly.*paused " + ("█" if has_utf8 else "#"))
                self.assertEqual(screen.isascii(), not has_utf8, screen)
                styled = terminal.run("capture-pane", "-p", "-e")
                self.assertEqual(bool(re.search(colours, styled.replace("\033[39m", "").replace("\033[49m", ""))),
                                 has_colours, styled)
                self.assertIn("\033[7m", styled)  # what is selected
                terminal.keys("q")
                terminal.ends(0)

    def test_terminal_is_given_back_whatever_ends_it(self):
        self.submit("echo", 1)
        terminal = Terminal(self)
        for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGSEGV, 139),
                             (signal.SIGABRT, 134)):
            with self.subTest(number):
                terminal.top()
                terminal.shows("^>default")
                os.kill(self.top_pid(), number)
                terminal.ends(code)
        terminal.top()
        terminal.keys("C-c")
        terminal.shows(r"^\$$")
        terminal.is_restored()

    def test_terminal_is_given_back_while_it_is_stopped(self):
        self.submit("echo", 1)
        terminal = Terminal(self)
        terminal.type("celeriac top")
        terminal.shows("^>default")
        terminal.keys("C-z")
        terminal.shows("Stopped")
        terminal.is_restored()
        terminal.type("fg")
        terminal.shows("^>default")
        os.kill(self.top_pid(), signal.SIGSTOP)
        terminal.shows("Stopped")
        terminal.type("fg")
        terminal.shows("^>default")
        terminal.keys("q")
        terminal.shows(r"^\$$")
        terminal.is_restored()

    def test_ends_with_its_terminal(self):
        self.submit("echo", 1)
        terminal = Terminal(self).top()
        pid = self.top_pid()
        terminal.close()
        until(lambda: not process.is_alive(pid), 20, "top has ended")

    def test_not_a_terminal(self):
        self.submit("echo", 1)
        self.assert_error(self.celeriac("top", code=64), 64, "no terminal", "--once")
        self.assert_error(self.celeriac("top", "x", code=64), 64, "operands")
        self.assert_error(self.celeriac("top", "--interval", "1ms", code=64), 64, "--interval", "1ms")
        self.assert_error(self.celeriac("top", "--once", "-q", "a b", code=64), 64, "a b")
        terminal = Terminal(self)
        terminal.type("TERM=dumb celeriac top; echo ended with $?")
        terminal.shows('^celeriac: TERM "dumb": expected a terminal')
        terminal.shows("^ended with 64$")

    def test_one_picture_for_scripts(self):
        self.fill()
        until(lambda: self.celeriac("workers", "--json").json[0]["running"], 20, "the job in the worker's row")
        text = self.celeriac("top", "--once", "--interval", "100ms").out
        self.assertRegex(text, r"\Aceleriac top  unix:")
        self.assertRegex(text, r"(?m)^ default +0 +1 +0 +1 ")
        self.assertRegex(text, r"(?m)^ \[sleep +\d+m?s\] \[-\]$")
        self.assertNotIn("\033", text)
        self.assertNotRegex(text, "(?m) $")
        view = json.loads(self.celeriac("top", "--json", "--interval", "100ms", "-q", "default").out)
        self.assertEqual([q["queue"] for q in view["queues"]], ["default"])
        self.assertEqual(view["workers"][0]["running"][0]["task"], "sleep")
        self.assertEqual(view["failures"][0]["error"]["message"], "böse")
        self.assertGreaterEqual(view["done_per_s"], 0)

    def test_monitor_may_look_and_is_told_that_it_may_do_no_more(self):
        line = next(line for line in (celeriac.SOURCE / "docs/redis.acl").read_text().splitlines()
                    if line.startswith("user monitor "))
        self.client().execute_command("ACL", "SETUSER", "monitor", *line.split()[4:], "on", ">secret")
        self.submit("echo", 1)
        url = f"unix://monitor:secret@{self.redis.socket}"
        terminal = Terminal(self).top("-b", url)
        screen = terminal.shows("^>default")
        self.assertNotIn("secret", screen.split("\n", 1)[0])
        terminal.keys("P", "y")
        terminal.shows("(?i)NOPERM|permission")
        terminal.keys("q")
        terminal.shows("^ended with 0$")


    def test_redis_may_go_and_come_back(self):
        self.submit("echo", 1)
        terminal = Terminal(self).top()
        terminal.shows("^>default +1 ")
        self.redis.kill()
        terminal.shows(r"^Redis is away for \d+ s: ")
        terminal.shows("^>default +1 ")  # what was seen last
        terminal.keys("P", "y")
        until(lambda: "redis.sock" in terminal.lines[-1], 20, "an answer to P")
        self.redis.start()
        terminal.shows("^done/s .* ready 1 ")
        terminal.keys("q")
        terminal.ends(0)

    def test_ctrl_c_ends_it_while_redis_stands_still(self):
        self.submit("echo", 1)
        terminal = Terminal(self).top()
        terminal.shows("^>default")
        self.redis.pause()
        terminal.shows(r"^Redis is away for \d+ s: ", 30)
        terminal.keys("C-c")
        terminal.shows(r"^\$$")
        terminal.is_restored()


if __name__ == "__main__":
    main()
