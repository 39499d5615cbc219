"""Waiting for a condition instead of sleeping. Seconds are stretched in slow builds (sanitizers, valgrind)."""
import os
import time

SLOWNESS = int(os.environ.get("CELERIAC_SLOWNESS", "1"))


def until(condition, seconds, what):
    """Calls `condition` until it gives something true, and returns that. AssertionError "no WHAT in N s" otherwise."""
    end = time.monotonic() + seconds * SLOWNESS
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds * SLOWNESS} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
