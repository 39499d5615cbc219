"""The chaos campaign (tests/soak/chaos.py) for a minute, with a fault every 1.5 s; and the test of its checker."""
import os

from harness.case import main
from soak import chaos
from soak.checker_test import CheckerTest  # noqa: F401: run here too


class ChaosMinute(chaos.Chaos):
    seconds = int(os.environ.get("CELERIAC_CHAOS_SECONDS", "60"))
    pace = float(os.environ.get("CELERIAC_CHAOS_PACE", "1.5"))


if __name__ == "__main__":
    main()
