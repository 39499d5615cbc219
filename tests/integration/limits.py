"""The verb `limit`, and what limits do to real jobs on real workers."""
from harness import invariants
from harness.case import Case, main


class Length(Case):
    def test_a_full_queue_refuses_with_75_and_one_line(self):
        self.celeriac("limit", "default", "--max-length", 2)
        for _ in range(2):
            self.submit("echo", 1)
        for argv in (("echo", 1), ("--in", "1h", "echo", 1), ("--unique=k", "echo", 1)):
            refused = self.celeriac("submit", *argv, code=75)
            self.assertEqual(refused.err, "celeriac: queue default is full\n")
        self.assertEqual(invariants.count(self.client())["jobs"], 2)
        self.celeriac("limit", "default", "--max-length", "off")
        self.submit("echo", 1)

    def test_dead_letters_take_no_room(self):
        self.celeriac("limit", "default", "--max-length", 1)
        self.worker("-P", 1, "-T", 1)
        for option in ((), ("--in", "1ms"), ("--id", "6f1c0a52-9d0b-4c1e-8a55-0c5c8d3d7b10")):
            self.celeriac("run", "--retries", 0, *option, "fail", "x", code=1)
        self.assertEqual(invariants.count(self.client())["dead"], 3)

    def test_limits_are_shown(self):
        self.submit("-q", "free", "echo", 1)
        shown = self.celeriac("limit", "mail", "--max-length", 10000, "--json").json
        self.assertEqual(shown, [{"queue": "mail", "max_length": 10000}])
        self.assertEqual(self.celeriac("limit", "--json").json, [{"queue": "free"}, *shown])
        rows = {row["queue"]: row.get("limits") for row in self.celeriac("queues", "--json").json}
        self.assertEqual(rows, {"free": None, "mail": {"max_length": 10000}})
        self.assertIn("length 10000", self.celeriac("queues").out)
        self.assertEqual(self.celeriac("limit", "mail", "--remove", "--json").json, [{"queue": "mail"}])

    def test_what_makes_no_sense_is_refused(self):
        self.assert_error(self.celeriac("limit", "nobody", code=66), 66, "nobody")
        self.assert_error(self.celeriac("limit", "--max-length", 1, code=64), 64, "QUEUE")
        self.assert_error(self.celeriac("limit", "a", "b", "--max-length", 1, code=64), 64, "QUEUE")
        for bad in ("0", "-1", "many", "1x", "", "99999999999"):
            self.assert_error(self.celeriac("limit", "q", f"--max-length={bad}", code=64), 64, "max-length")
        self.assert_error(self.celeriac("limit", "q{", "--max-length", 1, code=64), 64, "q{")
        self.assertEqual(self.client().keys("*"), [])


if __name__ == "__main__":
    main()
