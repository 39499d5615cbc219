"""map --joblog and --resume: GNU parallel's nine columns, and no line run twice however often the client is killed."""
import json
import random
import time

from harness.case import Case, main
from harness.until import until

COLUMNS = "Seq Host Starttime JobRuntime Send Receive Exitval Signal Command".split()


class Joblog(Case):
    def rows(self, name="log"):
        """{line: row}; every line at most once."""
        lines = (self.dir / name).read_text().splitlines()
        self.assertEqual(lines[0].split("\t"), COLUMNS)
        rows = [dict(zip(COLUMNS, line.split("\t", 8))) for line in lines[1:]]
        self.assertEqual(len({row["Seq"] for row in rows}), len(rows))
        return {int(row["Seq"]): row for row in rows}

    def succeeded(self):
        return int(self.client().hget("celeriac:{default}:stats", "succeeded") or 0)

    def map(self, *argv, **options):
        return self.celeriac("map", "--joblog", "log", *argv, **options)


class Rows(Joblog):
    def test_nine_columns(self):
        self.allow_warning("runner_died|job_dead|recovered")
        self.worker("-P", 1, "-T", 1, "--max-crashes", 1)
        self.map("--retries", 0, "echo", stdin='"a b"\n\n[1, 2]\n"tab\tbed"\n', code=1)
        rows = self.rows()
        self.assertEqual(list(rows), [1, 3, 4])
        first = rows[1]
        self.assertTrue(first["Host"].startswith("w1-"))
        self.assertLess(abs(float(first["Starttime"]) - time.time()), 600)
        self.assertRegex(first["Starttime"], r"^\d+\.\d{3}$")
        self.assertRegex(first["JobRuntime"], r"^\d+\.\d{3}$")
        self.assertEqual([first[c] for c in ("Send", "Receive", "Exitval", "Signal", "Command")], ["5", "5", "0", "0", 'echo "a b"'])
        self.assertEqual([rows[3][c] for c in ("Exitval", "Command")], ["1", "echo [1, 2]"])  # echo takes one argument
        self.map("crash", stdin='"SEGV"\n', code=1)
        self.assertEqual([(row["Exitval"], row["Signal"]) for row in self.rows().values()], [("1", "11")])
        self.assertFalse((self.dir / "log.sent").exists())

    def test_lines_of_a_chunk_have_rows_of_their_own(self):
        self.worker("-P", 1, "-T", 1)
        self.map("--chunk", 3, "--retries", 0, "factorial", stdin="3\n-1\n20\n4\n", code=1)
        rows = self.rows()
        self.assertEqual([(r["Exitval"], r["Receive"], r["Command"]) for r in rows.values()],
                         [("0", "1", "factorial 3"), ("1", "4", "factorial -1"), ("0", "19", "factorial 20"), ("0", "2", "factorial 4")])

    def test_what_cannot_be_used_is_said(self):
        self.assert_error(self.celeriac("map", "--resume", "echo", stdin="1\n", code=64), 64, "--resume", "--joblog")
        (self.dir / "log").write_text("my thesis\n")
        self.assert_error(self.map("--resume", "echo", stdin="1\n", code=78), 78, "--joblog log", "my thesis")
        (self.dir / "log").write_text("\t".join(COLUMNS) + "\nx\ty\n")
        self.assert_error(self.map("--resume", "echo", stdin="1\n", code=78), 78, "line 2")
        self.assert_error(self.celeriac("map", "--joblog", "no/such/log", "echo", stdin="1\n", code=78), 78, "no/such/log")

    def test_one_map_at_a_time(self):
        self.start("map", "--joblog", "log", "echo", stdin="1\n")
        until(lambda: (self.dir / "log.sent").exists(), 20, "it has begun")
        self.assert_error(self.map("echo", stdin="1\n", code=73), 73, "log", "another map")


class Resumed(Joblog):
    def test_what_has_a_row_is_neither_run_nor_printed_again(self):
        self.worker("-P", 1, "-T", 1)
        lines = "".join(f"{n}\n" for n in range(1, 11))
        self.map("sum_range", stdin=lines)
        text = (self.dir / "log").read_text().splitlines(keepends=True)
        (self.dir / "log").write_text("".join(text[:7]) + "7\tw1-ab")  # six rows, and one that a kill has cut off
        again = self.map("--resume", "sum_range", stdin=lines)
        self.assertEqual(again.json, [n * (n - 1) // 2 for n in range(7, 11)])
        self.assertEqual(sorted(self.rows()), list(range(1, 11)))
        self.assertEqual(self.map("--resume", "sum_range", stdin=lines).out, "")
        self.assertEqual(self.map("sum_range", stdin="3\n").json, [3])  # without --resume it begins anew
        self.assertEqual(list(self.rows()), [1])

    def check_killed(self, *options):
        """Killed again and again; the results together are those of one run, and each line ran once."""
        seed = random.randrange(1 << 30)
        dice = random.Random(seed)
        self.worker("-P", 2, "-T", 1)
        n = 600
        printed, kills = [], 0
        while True:
            done = len(self.rows()) if (self.dir / "log").exists() else 0
            child = self.start("map", "--joblog", "log", "--resume", "--json", *options, "sleep", name="map",
                               stdin="0.004\n" * n)
            wanted = min(n, done + dice.randrange(1, 120)) if done < n else n + 1  # with all rows it ends by itself
            until(lambda: child.poll() is not None or self.lines_of("log") >= wanted, 60, f"{wanted} rows, seed {seed}")
            if child.poll() is None:
                child.kill()
                kills += 1
            child.wait()
            text = (self.dir / "map.out").read_text()
            printed += [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
            if child.returncode == 0:
                break
        self.assertGreater(kills, 3, f"seed {seed}")
        self.assertEqual(sorted(self.rows()), list(range(1, n + 1)), f"seed {seed}")
        self.assertEqual({row["line"] for row in printed}, set(range(1, n + 1)), f"seed {seed}")
        self.assertEqual({row["state"] for row in printed}, {"success"}, f"seed {seed}")
        self.assertFalse((self.dir / "log.sent").exists())
        return seed

    def lines_of(self, name):
        path = self.dir / name
        return path.read_text().count("\n") - 1 if path.exists() else 0

    def test_killed_clients_run_nothing_twice(self):
        seed = self.check_killed("--window", 50)
        self.assertEqual(self.succeeded(), 600, f"seed {seed}")

    def test_killed_clients_run_no_chunk_twice(self):
        seed = self.check_killed("--window", 12, "--chunk", 7)
        jobs = self.succeeded()
        self.assertLess(jobs, 600 / 7 + 40, f"seed {seed}")  # each start of the client may begin another, shorter chunk

    def test_what_was_cancelled_is_run_by_who_resumes(self):
        self.worker("-P", 1, "-T", 1)
        lines = "-1\n" + "0.05\n" * 40
        self.map("--halt", 1, "sleep", stdin=lines, code=1)
        rows = self.rows()
        self.assertEqual(rows[1]["Exitval"], "1")
        self.assertLess(len(rows), 41)
        self.assertTrue((self.dir / "log.sent").exists())
        again = self.map("--resume", "sleep", stdin=lines)
        self.assertEqual(len(again.lines), 41 - len(rows))
        self.assertEqual(sorted(self.rows()), list(range(1, 42)))


if __name__ == "__main__":
    main()
