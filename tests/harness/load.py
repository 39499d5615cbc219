"""Many jobs at once, in the background, and what became of each."""
import collections
import json

from harness.until import until


class Load:
    """`celeriac map --json TASK` over `lines`, with all of them in Redis at once."""

    def __init__(self, case, task, lines, *options):
        self.case, self.count = case, len(lines)
        self.name = f"map-{task}-{len(case.commands)}"
        self.out = case.dir / f"{self.name}.out"
        self.command = case.start("map", "--json", "--window", len(lines), *options, task,
                                  stdin="".join(f"{line}\n" for line in lines), name=self.name)

    def rows(self):
        return [json.loads(line) for line in self.out.read_text().splitlines() if line.endswith("}")]

    def wait_done(self, seconds, code=0):
        """All rows, once the command has ended."""
        until(lambda: self.command.poll() is not None, seconds, f"{self.count} jobs done, now {len(self.rows())}")
        self.case.assertEqual(self.command.returncode, code, (self.case.dir / f"{self.name}.err").read_text())
        return self.rows()

    def check_all_succeed(self, seconds):
        """Exactly one success for every job; returns the rows."""
        rows = self.wait_done(seconds)
        self.case.assertEqual(collections.Counter(row["state"] for row in rows), {"success": self.count})
        self.case.assertEqual(len({row["id"] for row in rows}), self.count)
        return rows


def counters(case, queue="default"):
    """The queue's row of `celeriac queues`; zeros if there is none."""
    rows = [row for row in case.celeriac("queues", "--json").json if row["queue"] == queue]
    return rows[0] if rows else {"processed": 0, "failed": 0, "ready": 0, "running": 0}


def wait_processed(case, count, seconds=30):
    until(lambda: counters(case)["processed"] >= count, seconds, f"{count} jobs are processed")


def wait_ready(case, count, seconds=30):
    until(lambda: counters(case)["ready"] >= count, seconds, f"{count} jobs wait")
