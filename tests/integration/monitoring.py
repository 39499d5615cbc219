"""docs/monitoring.md shown on a live system, by the user who may only look; what the verbs say is true within a beat."""
import os
import re
import shutil
import subprocess

from harness import celeriac
from harness.case import Case, main
from harness.until import until

EXAMPLE = re.compile(r"^    (redis-cli .*?)(?:\s+# -> (\S+))?$", re.M)


class Document(Case):
    def setUp(self):
        super().setUp()
        acl = (celeriac.SOURCE / "docs/redis.acl").read_text()
        rules = re.search(r"^user monitor off (.*)$", acl, re.M).group(1).split()
        self.client().execute_command("ACL", "SETUSER", "monitor", "reset", "on", "nopass", *rules[1:])

    def busy_queue(self):
        """The queue that the document describes; the environment for its commands."""
        self.worker("-P", 1, "-T", 1)
        self.celeriac("run", "sum_range", 5)
        self.celeriac("run", "--retries", 0, "fail", "x", code=1)
        job = self.submit("sleep", 600)
        self.wait_state(job, "running")
        for n in range(2):
            self.submit("sum_range", n)
        self.submit("--in", "1h", "sum_range", 5)
        registry = self.client(decode_responses=True).hgetall("celeriac:{default}:workers")
        runner = next(name for name in registry if "/" in name)
        return job, {"WORKER": registry[runner].split()[0], "RUNNER": runner}

    def shell(self, command, env):
        """Its output, with every redis-cli in it sent to our Redis as the user monitor."""
        flags = f"-s '{self.redis.socket}' --user monitor --pass any --no-auth-warning"
        function = f'redis-cli() {{ command redis-cli {flags} "$@"; }}\n'
        done = subprocess.run(["bash", "-c", function + command], env={**os.environ, **env}, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")
        return done.stdout.strip()

    def test_examples_print_what_they_promise(self):
        job, env = self.busy_queue()
        examples = EXAMPLE.findall((celeriac.SOURCE / "docs/monitoring.md").read_text())
        self.assertGreater(len(examples), 15)
        for command, answer in examples:
            with self.subTest(command):
                out = self.shell(command, env)
                self.assertNotRegex(out, "NOPERM|ERR|WRONG")
                self.assertTrue(out)
                if answer:
                    self.assertEqual(out, answer)
        self.celeriac("cancel", job)
        self.wait_state(job, "cancelled")

    def test_the_user_changes_nothing(self):
        self.assertIn("NOPERM", self.shell("redis-cli DEL celeriac:queues", {}))
        self.assertIn("NOPERM", self.shell("redis-cli GET other", {}))

    def test_counters_have_the_documented_names(self):
        text = (celeriac.SOURCE / "docs/monitoring.md").read_text()
        names = set(re.findall(r"`(\w+)`", text.partition("| field | counts |")[2].partition("\n\n")[0]))
        protocol = re.search(r"`\{q\}:stats` \| hash \| counters: `([\w ]+)`",
                             (celeriac.SOURCE / "docs/protocol.md").read_text()).group(1)
        self.assertEqual(names, set(protocol.split()))


class Truth(Case):
    def workers_row(self):
        rows = self.celeriac("workers", "--json").json
        return rows[0] if rows else {}

    def test_verbs_follow_a_job_from_start_to_end(self):
        self.worker("-P", 1, "-T", 2, "--lease", "3s")
        job = self.submit("sleep", 600)
        self.wait_state(job, "running")
        row = until(lambda: (lambda w: w.get("busy") == 1 and w)(self.workers_row()), 5, "the next beat shows the job")
        self.assertEqual([r["id"] for r in row["running"]], [job])
        self.assertLess(row["heartbeat_age_ms"], 3000 * celeriac.SLOWNESS)
        self.assertEqual(self.celeriac("queues", "--json").json[0]["running"], 1)
        self.assertEqual([j["id"] for j in self.celeriac("jobs", "--json", "--state", "running").json], [job])
        self.celeriac("cancel", job)
        self.wait_state(job, "cancelled")
        self.assertEqual(self.celeriac("queues", "--json").json[0]["running"], 0)
        self.assertEqual(self.celeriac("stats", "--json").value["queues"]["default"]["cancelled"], 1)
        until(lambda: self.workers_row().get("busy") == 0, 5, "the next beat shows the idle slot")


assert shutil.which("redis-cli"), "redis-tools comes with redis-server"

if __name__ == "__main__":
    main()
