"""Every row of the table of standard tasks: arguments, results, limits."""
import json
import math

from harness.case import Case, main


class Tasks(Case):
    def setUp(self):
        super().setUp()
        self.worker("-P", 2, "-T", 1)

    def value(self, *argv):
        return self.celeriac("run", *argv).value

    def refuse(self, *argv, words=()):
        """Arguments that do not fit: 64, and the error names the parameter and its value."""
        self.assert_error(self.celeriac("run", *argv, code=None), 64, *words)

    def test_countdown(self):
        self.assertEqual(self.value("countdown", 0), 0)
        self.assertEqual(self.value("countdown", 1000003), 1000003)
        self.refuse("countdown", "--", "-1", words=("n", "-1"))
        self.refuse("countdown", 10**15 + 1, words=("n",))

    def test_sum_range(self):
        self.assertEqual(self.value("sum_range", 0), 0)
        self.assertEqual(self.value("sum_range", 1), 0)
        self.assertEqual(self.value("sum_range", 1000000), 499999500000)

    def test_factorial(self):
        for n in (0, 1, 20, 21, 24, 1000):
            self.assertEqual(self.value("factorial", n), math.factorial(n))
        self.refuse("factorial", 1000001, words=("n", "1000001"))

    def test_factorial_of_a_million(self):
        text = self.celeriac("run", "factorial", 1000000, timeout=120).out.strip()
        self.assertEqual((len(text), text[:12]), (5565709, "826393168833"))

    def test_sleep(self):
        result = self.celeriac("run", "sleep", 0.2)
        self.assertEqual(result.value, 0.2)
        self.assertGreaterEqual(result.seconds, 0.2)
        self.refuse("sleep", "soon", words=("seconds", "soon"))

    def test_echo(self):
        deep = json.dumps({"a": [1, 2.5, None, True, "é\n", {"b": []}], "big": 10**40, "small": -(2**63)})
        self.assertEqual(self.value("echo", deep), json.loads(deep))

    def test_random(self):
        seen = {self.value("random", 1, 3) for _ in range(25)}
        self.assertEqual(seen, {1, 2, 3})
        self.assertEqual(self.value("random", 5, 5), 5)
        self.assertEqual(self.celeriac("run", "--retries", 0, "random", 5, 4, code=None).out, "")

    def test_eval(self):
        self.assertEqual(self.celeriac("run", "eval", "x^2+y", '{"x":3,"y":1}').out, "10\n")
        self.assertAlmostEqual(self.value("eval", "sin(1)^2+cos(1)^2"), 1)
        self.celeriac("run", "--retries", 0, "eval", "1+*", code=1)
        self.celeriac("run", "--retries", 0, "eval", "x+1", code=1)
        self.celeriac("run", "--retries", 0, "eval", "(" * 100000, code=1)
        self.celeriac("run", "--retries", 0, "eval", "1/0", code=1)

    def test_solve_finds_all_roots_of_an_interval(self):
        answer = self.value("solve", "x^3 - 6*x^2 + 11*x - 6 = 0")
        self.assert_roots(answer, [1, 2, 3])
        self.assert_roots(self.value("solve", "x^2 - 2"), [-math.sqrt(2), math.sqrt(2)])
        self.assert_roots(self.value("solve", "cos(t) = t", "-k", "unknown=t", "-k", "from=0", "-k", "to=1"),
                          [0.7390851332151607])
        self.assert_roots(self.value("solve", "exp(x) = 2", "-k", "guess=1"), [math.log(2)])
        self.assert_roots(self.value("solve", "sin(x)", "-k", "from=1", "-k", "to=7"), [math.pi, 2 * math.pi])

    def assert_roots(self, answer, roots):
        self.assertEqual(len(answer["roots"]), len(roots), answer)
        for found, root in zip(answer["roots"], roots):
            self.assertAlmostEqual(found, root, delta=1e-9)
        self.assertLess(abs(answer["residual"]), 1e-6)
        self.assertGreater(answer["evaluations"], 0)

    def test_solve_systems(self):
        answer = self.value("solve", '["x^2 + y^2 = 25", "x - y = 1"]', "-k", 'guess={"x":3,"y":2}')
        self.assertAlmostEqual(answer["solution"]["x"], 4, delta=1e-9)
        self.assertAlmostEqual(answer["solution"]["y"], 3, delta=1e-9)
        self.assertLess(abs(answer["residual"]), 1e-6)

    def test_solve_says_what_it_cannot(self):
        for argv in (("x^2 = -1",), ("x + = 3",), ("x = 1 = 2",), ("1 = 2",)):
            with self.subTest(argv):
                result = self.celeriac("run", "--retries", 0, "solve", *argv, code=None)
                if result.code == 0:
                    self.assertEqual(result.value["roots"], [])
                else:
                    self.assert_error(result, 1)

    def test_fail(self):
        job = self.celeriac("run", "--json", "--retries", 0, "fail", "so it is", code=1)
        self.assertEqual((job.value["error"]["type"], job.value["error"]["message"]), ("fail", "so it is"))
        self.assertEqual(job.value["state"], "failure")

    def test_crash_names_its_signal(self):
        self.allow_warning("runner|crash|signal")
        job = self.celeriac("run", "--json", "crash", "ABRT", code=1).value
        self.assertEqual(job["state"], "dead")
        self.assertIn("ABRT", job["error"]["signal"])
        self.assertEqual(job["crashes"], 3)

    def test_spin_burns_a_core(self):
        self.assertGreaterEqual(self.celeriac("run", "spin", 0.3).seconds, 0.3)

    def test_allocate(self):
        self.assertEqual(self.value("allocate", 50000000), 50000000)


if __name__ == "__main__":
    main()
