"""Redis goes away and comes back: stopped, killed, or standing still. The long version is tests/soak/outage.py."""
from harness.case import main
from harness.load import Load, wait_processed
from harness.outage import OutageCase


class RedisAway(OutageCase):
    def test_an_outage_longer_than_the_lease_kills_nobody(self):
        self.check_outage(lease=2, away=5)

    def test_a_redis_that_stands_still_for_longer_than_the_lease(self):
        self.allow_warning(".*")
        for name in ("one", "two"):
            self.worker("-P", 2, "-T", 1, "--lease", 2, name=name)
        load = Load(self, "sleep", [0.02] * 300)
        wait_processed(self, 50)
        self.redis.pause()
        self.wait_out(4)
        self.redis.resume()
        load.check_all_succeed(60)

    def test_cut_connections_are_dialled_again(self):
        self.allow_warning(".*")
        self.worker("-P", 2, "-T", 1)
        load = Load(self, "sleep", [0.01] * 500)
        for count in (50, 150, 250):
            wait_processed(self, count)
            self.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            self.client().execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        load.check_all_succeed(60)

    def test_scripts_that_redis_forgot_are_sent_again(self):
        self.worker("-P", 2, "-T", 1)
        load = Load(self, "sleep", [0.01] * 300)
        wait_processed(self, 50)
        self.client().script_flush()
        load.check_all_succeed(60)


if __name__ == "__main__":
    main()
