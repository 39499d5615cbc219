"""The program under test: one command with its answer, or a worker that runs beside the test."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

from harness import process
from harness.until import SLOWNESS, until

PROGRAM = os.environ.get("CELERIAC", "celeriac")
SOURCE = pathlib.Path(os.environ.get("CELERIAC_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("CELERIAC_BUILD", SOURCE / "build/debug"))
SANITIZE = os.environ.get("CELERIAC_SANITIZE", "")  # "address,undefined"
FIELD = re.compile(r'([\w.]+)=("(?:[^"\\]|\\.)*"|\S*)')


def environment(home, **extra):
    """Nothing of the caller's settings gets through."""
    private = ("CELERIAC_", "REDIS_", "XDG_", "NO_COLOR")
    kept = {k: v for k, v in os.environ.items() if k == "CELERIAC_MODULE_PATH" or not k.startswith(private)}
    kept.update(HOME=str(home), LC_ALL="C.UTF-8", **{k: str(v) for k, v in extra.items()})
    return kept


class Result:
    """What one command left: exit code, both outputs, and the output read as JSON."""

    def __init__(self, argv, code, out, err, seconds):
        self.argv, self.code, self.out, self.err, self.seconds = argv, code, out, err, seconds

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def json(self):
        return [json.loads(line) for line in self.lines]

    @property
    def value(self):
        return json.loads(self.out)

    def __str__(self):
        command = " ".join(self.argv)
        return f"$ celeriac {command}\nexit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def run(argv, env, cwd, stdin=None, timeout=60):
    """Runs `celeriac ARGV...` to its end. AssertionError if that takes longer than `timeout` seconds."""
    argv = [str(word) for word in argv]
    began = time.monotonic()
    child = process.start([PROGRAM, *argv], env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
    try:
        out, err = child.communicate(stdin.encode() if isinstance(stdin, str) else stdin, timeout * SLOWNESS)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise AssertionError(f"no end within {timeout * SLOWNESS} s: "
                             + str(Result(argv, None, out.decode(), err.decode(), timeout))) from None
    return Result(argv, child.returncode, out.decode(), err.decode(errors="replace"), time.monotonic() - began)


def parse_log(line):
    fields = {}
    for name, value in FIELD.findall(line):
        fields[name] = json.loads(value, strict=False) if value.startswith('"') else value
    return fields


class Worker:
    """`celeriac worker ...` with its log in a file. `name` is its --name."""

    def __init__(self, name, argv, env, cwd, wrapper=()):
        self.name = name
        self.log_path = pathlib.Path(cwd) / f"{name}.log"
        self.argv = ["worker", "--name", name, *[str(word) for word in argv]]
        with open(self.log_path, "a") as log:
            self.process = process.start([*wrapper, PROGRAM, *self.argv], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                         stdout=log, stderr=log)
        self.pid = self.process.pid  # of the master

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def events(self, event=None, **fields):
        """The log's events, as dicts; those of one kind, with these fields."""
        wanted = {**({"event": event} if event else {}), **{k: str(v) for k, v in fields.items()}}
        found = [parse_log(line) for line in self.log.splitlines() if "event=" in line]
        return [f for f in found if all(f.get(k) == v for k, v in wanted.items())]

    def wait_event(self, event, seconds=10, count=1, **fields):
        """The newest such event, once there are `count`."""
        return until(lambda: (lambda e: len(e) >= count and e[-1])(self.events(event, **fields)), seconds,
                     f"event={event} {fields} of worker {self.name}")

    def wait_ready(self, seconds=20):
        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"worker {self.name} ended with {self.process.returncode}:\n{self.log}")
            return self.events("worker_ready")
        until(is_ready, seconds, f"worker {self.name} is ready:\n{self.log}")
        return self

    def pids(self, role):
        """Live children of the master by role ("steward", "runner"), told by their process title."""
        return [pid for pid in process.children(self.pid) if role in process.command_line(pid)]

    @property
    def steward(self):
        return until(lambda: self.pids("steward"), 10, f"a steward of {self.name}")[0]

    @property
    def runners(self):
        return until(lambda: self.pids("runner"), 10, f"runners of {self.name}")

    def wait_new_runners(self, before, count=1, seconds=20):
        """Waits until exactly `count` runners are left, none of them of `before`. One look serves both questions: a
        runner that starts between two looks would make them true of no moment."""
        def are_new():
            now = self.runners
            return now if len(now) == count and not set(before) & set(now) else None
        return until(are_new, seconds, f"{count} new runners of {self.name} in place of {before}")

    @property
    def all_pids(self):
        return [self.pid, *process.children(self.pid, deep=True)]

    @property
    def is_running(self):
        return self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=30):
        """Asks it to end; returns its exit code."""
        if self.is_running:
            self.send(signal.SIGCONT)
            self.send(number)
        try:
            return self.process.wait(timeout * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"worker {self.name} did not end within {timeout * SLOWNESS} s of signal {number}") from None

    def kill(self):
        """kill -9 of every process of the worker at once, as when its host dies."""
        pids = self.all_pids if self.is_running else []
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for pid in reversed(pids):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
