"""`celeriac bench`: every benchmark runs, tiny, and says what it must. Never how fast."""
import shutil
import unittest

from harness.case import Case, main

NAMES = {
    "submit": {"submit, one at a time", "submit, many at once"},
    "drain": {"drain", "drain, until the first is done", "drain, Redis' CPU", "drain, commands"},
    "roundtrip": {"roundtrip, p50", "roundtrip, p99"},
    "pipeline": {"pipeline", "pipeline, of the drain alone"},
    "countdown": {"countdown, halves as 2 threads", "countdown, halves as 2 processes"},
    "map": {"map eval"},
    "memory": {"memory of a waiting job"},
    "delayed": {"delayed, p50 late", "delayed, p99 late", "delayed, most late"},
    "recovery": {"recovery, kill -9 of a runner, last", "recovery, kill -9 of the worker, last"},
    "scale": {"drain, 1 k waiting", "drain, 10 k waiting", "drain, 8 queues", "drain, 2 runners"},
    "floor": {"floor, PING one after the other", "floor, submit", "floor, drain"},
    "slots": {"slots, time in tasks of 10 ms"},
    "tasks": {"table, x*x + 3*x*y - y/2", "linear_large, 1,000 equations", "pi, 1,000,000 digits",
              "map solve, 100,000 equations"},
}


class Bench(Case):
    def bench(self, name, *argv, jobs=200):
        return self.celeriac("bench", name, "--jobs", jobs, "--repeat", 1, "--whole", "50ms", *argv, timeout=100)

    def check(self, name, jobs=200):
        report = self.bench(name, "--json", jobs=jobs).value
        self.assertEqual(report["v"], 1)
        self.assertGreater(report["cores"], 0)
        self.assertLessEqual(NAMES[name], {line["measure"] for line in report["lines"]})
        for line in report["lines"]:
            for series in ("own", "floor", "ratio"):
                if series in line:
                    figures = line[series]
                    self.assertLessEqual(figures["min"], figures["median"], line)
                    self.assertLessEqual(figures["median"], figures["max"], line)
                    self.assertEqual(len(figures["values"]), 1, line)
        self.assertEqual(self.client().keys("celeriac-bench-*"), [])

    def test_every_benchmark_is_known_here(self):
        for name in NAMES:
            self.assertIn(name, self.celeriac("bench", "--help").out)

    def test_table(self):
        lines = self.bench("submit").lines
        self.assertRegex(lines[0], r"MEASURE +MEDIAN +MIN +MAX +UNIT +FLOOR +RATIO")
        self.assertRegex(lines[1], r"^submit, one at a time +\d")

    def test_without_a_broker_it_brings_its_own(self):
        result = self.celeriac("bench", "--local", "floor", "--jobs", 50, "--repeat", 1)
        self.assertIn("private redis-server", result.err)

    def test_wrong_names_are_refused(self):
        self.assert_error(self.celeriac("bench", "nothing", code=64), 64, "nothing")
        self.assert_error(self.celeriac("bench", code=64), 64, "usage")

    def test_plot_without_gnuplot(self):
        (self.dir / "bin").mkdir()
        (self.dir / "bin/redis-server").symlink_to(shutil.which("redis-server"))
        result = self.celeriac("bench", "floor", "--plot", "x.svg", code=69, env={"PATH": str(self.dir / "bin")})
        self.assert_error(result, 69, "gnuplot-nox")

    @unittest.skipUnless(shutil.which("gnuplot"), "needs gnuplot-nox")
    def test_plot(self):
        self.bench("submit", "--plot", "x.svg")
        self.assertIn("<svg", (self.dir / "x.svg").read_text())


def add(name, jobs):
    setattr(Bench, f"test_{name}", lambda self: self.check(name, jobs))


for each in NAMES:
    add(each, {"recovery": 400, "slots": 20, "delayed": 20}.get(each, 200))

if __name__ == "__main__":
    main()
