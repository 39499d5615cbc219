"""celeriac map: one job a line, answers in order, bounded, failures told one by one."""
import json

from harness.case import Case, main
from harness.until import until


class Map(Case):
    def setUp(self):
        super().setUp()
        self.worker("-P", 2, "-T", 2)

    def map(self, *argv, stdin, code=0, **options):
        return self.celeriac("map", *argv, stdin=stdin, code=code, **options)

    def test_results_come_in_input_order(self):
        lines = "".join(f"{n / 1000}\n" for n in (50, 5, 30, 1, 20, 0))
        self.assertEqual(self.map("sleep", stdin=lines).json, [0.05, 0.005, 0.03, 0.001, 0.02, 0])

    def test_unordered_prints_as_they_come(self):
        result = self.map("--unordered", "sleep", stdin="0.7\n0.001\n")
        self.assertEqual(result.json, [0.001, 0.7])

    def test_kinds_of_lines(self):
        lines = '[7]\n{"value": 8}\n9\n"text"\nbare words\nnull\n[[1,2]]\n'
        self.assertEqual(self.map("echo", stdin=lines.replace("value", self.parameter("echo"))).json,
                         [7, 8, 9, "text", "bare words", None, [1, 2]])

    def parameter(self, task):
        """The name of the first parameter, as `tasks` shows it."""
        row = next(r for r in self.celeriac("tasks", "--json").json if r["name"] == task)
        return row["params"][0]["name"]

    def test_blank_lines_are_skipped_and_a_last_line_needs_no_newline(self):
        self.assertEqual(self.map("sum_range", stdin="\n3\n\n  \n4\n\n5").json, [3, 6, 10])

    def test_no_input_no_output(self):
        self.assertEqual(self.map("sum_range", stdin="").out, "")

    def test_input_from_a_file(self):
        (self.dir / "lines").write_text("3\n4\n")
        self.assertEqual(self.celeriac("map", "sum_range", self.dir / "lines").json, [3, 6])
        self.assert_error(self.celeriac("map", "sum_range", self.dir / "nothing", code=66), 66, "nothing")

    def test_failed_jobs_are_null_with_their_error_on_stderr(self):
        result = self.map("--retries", 0, "eval", stdin="1+1\n1+*\n2+2\n", code=1)
        self.assertEqual(result.json, [2, None, 4])
        self.assertIn("2", result.err)  # the number of the line

    def test_lines_that_do_not_fit_are_failed_jobs(self):
        result = self.map("sum_range", stdin='3\n"x"\n[1,2,3]\n4\n', code=1)
        self.assertEqual(result.json, [3, None, None, 6])

    def test_a_line_that_is_too_large_is_a_failed_job(self):
        lines = "1\n" + json.dumps("x" * (2 << 20)) + "\n2\n"
        self.assertEqual(self.map("echo", stdin=lines, code=1).json, [1, None, 2])

    def test_json_tells_all_about_each_line(self):
        rows = self.map("--json", "--retries", 0, "eval", stdin="1+1\n\n1+*\n", code=1).json
        self.assertEqual([(row["line"], row["state"], row.get("result")) for row in rows],
                         [(1, "success", 2), (3, "failure", None)])
        self.assertLessEqual({"line", "id", "state", "result", "runtime_ms", "attempt", "worker"}, rows[0].keys())
        self.assertEqual(set(rows[1]["error"]) & {"type", "message"}, {"type", "message"})

    def test_many_lines(self):
        lines = "".join(f"{n}\n" for n in range(5000))
        self.assertEqual(self.map("echo", stdin=lines).json, list(range(5000)))

    def test_window_and_chunk(self):
        lines = "".join(f"{n}\n" for n in range(100))
        self.assertEqual(self.map("--window", 3, "echo", stdin=lines).json, list(range(100)))
        self.assertEqual(self.map("--chunk", 7, "echo", stdin=lines).json, list(range(100)))
        self.assertEqual(self.map("--chunk", "auto", "echo", stdin=lines).json, list(range(100)))

    def test_options_of_jobs_hold_for_each(self):
        rows = self.map("--json", "-q", "default", "-p", 9, "--tag", "lot=1", "echo", stdin="1\n2\n").json
        self.assertEqual([row["result"] for row in rows], [1, 2])

    def test_progress_bar_only_on_a_terminal(self):
        self.assertEqual(self.map("echo", stdin="1\n").err, "")

    def test_leaves_no_job_behind_when_interrupted(self):
        child = self.start("map", "sleep", stdin="60\n" * 10, name="map")
        job = self.wait_running()
        child.send_signal(2)
        self.assertEqual(child.wait(20), 130)
        self.wait_state(job, "cancelled", "running")
        for row in self.celeriac("jobs", "--json", "--state", "running").json:
            self.celeriac("cancel", row["id"], code=None)

    def wait_running(self):
        return until(lambda: self.celeriac("jobs", "--json", "--state", "running").json, 10, "a running job")[0]["id"]


if __name__ == "__main__":
    main()
