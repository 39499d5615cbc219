"""Redis stopped for 25 s, more than twice the default lease."""
from harness.case import main
from harness.outage import OutageCase


class Outage(OutageCase):
    def test_25_seconds_without_redis(self):
        self.check_outage(lease=10, away=25)


if __name__ == "__main__":
    main()
