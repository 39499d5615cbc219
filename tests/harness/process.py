"""Processes of a test: started so that they die with it, seen through /proc, none left behind.

The test leads a session of its own and adopts orphans (a "subreaper"), so whatever a worker leaves behind is found here
even when its parent is dead.
"""
import ctypes
import os
import pathlib
import signal
import subprocess

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
libc = ctypes.CDLL(None, use_errno=True)


def lead_session():
    if os.getsid(0) != os.getpid() and os.getpgid(0) != os.getpid():
        os.setsid()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(argv, **options):
    """A Popen that the kernel kills when this test dies. Start it from the main thread only."""
    return subprocess.Popen(argv, preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), **options)


def stat(pid):
    """(state, parent) of a process, or None if it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[1])


def is_alive(pid):
    found = stat(pid)
    return found is not None and found[0] not in "ZX"


def children(pid, deep=False):
    """The live children of a process, or all descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        found = stat(entry) if entry.isdigit() else None
        if found and found[0] not in "ZX":
            parents.setdefault(found[1], []).append(int(entry))
    result = list(parents.get(pid, []))
    for child in result if deep else []:
        result += parents.get(child, [])
    return sorted(result)


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def private_bytes(pid):
    """Memory that the process shares with nobody (smaps_rollup)."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))


def reap():
    """Forgets adopted orphans that have ended. Only when no Popen waits for its child any more."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
