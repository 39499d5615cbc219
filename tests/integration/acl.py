"""docs/redis.acl: each role can do its verbs, and is refused the others with exit code 77."""
import pathlib
import re
import signal

from harness import celeriac
from harness.case import Case, main
from harness.until import until

SOURCE = celeriac.SOURCE
ROLES = ("client", "worker", "monitor")


def acl_lines():
    """The file with passwords, as lines of redis.conf."""
    lines = (SOURCE / "docs/redis.acl").read_text().splitlines()
    return [re.sub(r"^user (\w+) off resetpass ", r"user \1 on >\1-secret ", line) for line in lines]


def granted(role):
    line = next(line for line in acl_lines() if line.startswith(f"user {role} "))
    return {word[1:].split("|")[0].upper() for word in line.split() if word.startswith("+")}


def spoken():
    """Commands that the source says to Redis."""
    text = "".join(path.read_text() for path in (SOURCE / "broker").glob("*.c"))
    text += "".join(path.read_text().replace("'", '"') for path in (SOURCE / "broker/lua").rglob("*.lua"))
    return set(re.findall(r'"([A-Z]{3,})"', text))


class Acl(Case):
    redis_settings = tuple(acl_lines())

    def setUp(self):
        super().setUp()
        self.url = {role: f"unix://{role}:{role}-secret@{self.redis.socket}" for role in ROLES}

    def as_role(self, role, *argv, code=0, **options):
        return self.celeriac("-b", self.url[role], *argv, code=code, **options)

    def assert_refused(self, role, *argv, **options):
        with self.subTest(role=role, verb=argv):
            self.assert_error(self.as_role(role, *argv, code=None, **options), 77)

    def role_worker(self, *argv, role="worker", **options):
        return self.worker("-b", self.url[role], *argv, **options)

    def test_file_knows_three_roles_that_are_off(self):
        lines = (SOURCE / "docs/redis.acl").read_text().splitlines()
        self.assertEqual([line.split()[1:4] for line in lines], [[role, "off", "resetpass"] for role in ROLES])

    def test_nobody_is_granted_a_command_that_nobody_says(self):
        for role in ROLES:
            with self.subTest(role):
                self.assertEqual(granted(role) - spoken(), set())

    def test_client_sets_limits_and_worker_keeps_them(self):
        self.role_worker("-P", 1, "-T", 2)
        limit = ("--key-concurrency", 1, "--key-rate", "1000/s", "--rate", "1000/s", "--concurrency", 2)
        self.as_role("client", "limit", "default", *limit)
        jobs = [self.as_role("client", "submit", "--limit-key", "k", "sleep", 0.1).out.strip() for _ in range(4)]
        self.as_role("client", "status", *jobs)
        self.as_role("client", "cancel", jobs[3])
        self.as_role("client", "wait", *jobs[:3])
        self.as_role("client", "purge", "-y", "default")
        self.as_role("monitor", "queues")
        self.assert_refused("worker", "limit", "default", "--remove")
        self.assert_refused("monitor", "limit", "default", "--remove")
        self.as_role("client", "limit", "default", "--remove")

    def test_client_submits_looks_and_changes(self):
        self.role_worker("-P", 1, "-T", 1)
        client = lambda *argv, **options: self.as_role("client", *argv, **options)
        self.assertEqual(client("run", "sum_range", 5).value, 10)
        self.assertEqual(len(client("map", "sum_range", stdin="1\n2\n3\n").json), 3)
        many = client("map", "echo", stdin="".join("%d\n" % i for i in range(900))).json  # without scripts
        self.assertEqual(len(many), 900)
        job = client("submit", "echo", 1).out.strip()
        self.assertEqual(client("wait", job).value, 1)
        client("result", job)
        client("status", job)
        late = client("submit", "--in", "1h", "--unique=k", "echo", 2).out.strip()
        client("cancel", late)
        dead = client("submit", "--retries", 0, "fail", "no").out.strip()
        client("wait", dead, code=1)
        client("retry", dead)
        client("wait", dead, code=1)
        client("discard", dead)
        for verb in ("jobs", "queues", "workers", "tasks", "stats", "events --no-follow", "top --once --interval 100ms"):
            client(*verb.split())
        client("pause", "default")
        waiting = [client("submit", "-p", p, "echo", p).out.strip() for p in (1, 9)]
        client("status", *waiting)
        client("cancel", waiting[0])
        client("purge", "-y", "default")
        client("resume", "default")

    def test_client_marks_running_jobs_and_keeps_long_results(self):
        self.role_worker("-P", 1, "-T", 1)
        job = self.as_role("client", "submit", "sleep", 30).out.strip()
        self.wait_state(job, "running")
        self.as_role("client", "jobs", "--state", "running")
        self.as_role("client", "cancel", job)
        self.wait_state(job, "cancelled")
        kept = self.as_role("client", "submit", "--result-ttl", "3d", "echo", 7).out.strip()
        self.assertEqual(self.as_role("client", "wait", kept).value, 7)
        self.assertEqual(self.as_role("client", "result", kept).value, 7)

    def test_commands_to_workers_are_the_administrators(self):
        worker = self.role_worker("-P", 1, "-T", 1)
        until(lambda: self.celeriac("workers", "--json").out, 20, "the worker is published")
        for role in ROLES:
            self.assert_refused(role, "control", "all", "stop")
        self.assertTrue(worker.is_running)
        self.celeriac("control", "--wait-timeout", "30s", "all", "quiet")
        self.assertEqual(len(worker.events("worker_quiet")), 1)

    def test_client_is_no_worker(self):
        worker = self.role_worker("-P", 1, "-T", 1, role="client", ready=False)
        self.allow_warning(".*")
        self.assertEqual(worker.process.wait(30), 77)

    def test_worker_takes_over_from_the_dead(self):
        self.allow_warning(".*")
        first = self.role_worker("-P", 1, "-T", 1, "--lease", "1s")
        job = self.as_role("client", "submit", "sleep", 2).out.strip()
        self.wait_state(job, "running")
        second = self.role_worker("-P", 1, "-T", 1, "--lease", "1s")
        first.kill()
        self.assertEqual(self.as_role("client", "wait", job, timeout=60).value, 2)
        self.assertEqual(self.status(job)["worker"].split("/")[0].rpartition("-")[0], second.name)
        self.assertNotIn("NOPERM", first.log + second.log)

    def test_worker_ends_jobs_in_every_way(self):
        worker = self.role_worker("-P", 1, "-T", 1, "--max-crashes", 2)
        self.allow_warning("crash|signal|died|runner|dead")
        crash = self.as_role("client", "submit", "crash").out.strip()
        self.wait_state(crash, "dead", seconds=30)
        again = self.as_role("client", "submit", "--retries", 1, "--backoff", "10ms", "fail", "no").out.strip()
        self.wait_state(again, "failure")
        unknown = self.as_role("client", "submit", "-q", "default", "nothing_such", code=None)
        self.assertIn(unknown.code, (0, 64, 66))
        late = self.as_role("client", "submit", "--in", "100ms", "echo", 1).out.strip()
        self.wait_state(late, "success")
        self.submit("sleep", 60)
        until(lambda: self.as_role("monitor", "jobs", "--state", "running").lines[1:], 10, "it runs")
        self.assertEqual(worker.stop(signal.SIGQUIT), 0)
        self.as_role("client", "purge", "-y", "default")
        self.assertNotIn("NOPERM", worker.log)

    def test_worker_works_through_and_ends(self):
        jobs = [self.as_role("client", "submit", "sum_range", 5).out.strip() for _ in range(3)]
        worker = self.role_worker("--burst", "-P", 1, "-T", 1)
        self.assertEqual(worker.process.wait(30), 0)
        self.assertEqual([self.status(job)["result"] for job in jobs], [10, 10, 10])

    def test_worker_is_no_client(self):
        job = self.submit("echo", 1)
        for argv in (("status", job), ("result", job), ("cancel", job), ("retry", job), ("jobs",), ("queues",),
                     ("workers",), ("stats",), ("events", "--no-follow"), ("top", "--once"), ("pause", "default")):
            self.assert_refused("worker", *argv)

    def test_monitor_looks(self):
        self.role_worker("-P", 1, "-T", 1)
        dead = self.submit("--retries", 0, "fail", "no")
        self.wait_state(dead, "failure")
        self.submit("--in", "1h", "echo", 1)
        self.submit("--result-ttl", "3d", "echo", 1)
        for verb in ("jobs", "queues", "workers", "tasks", "stats"):
            with self.subTest(verb):
                self.as_role("monitor", verb, "--json")
        self.assertIn("job_failed", self.as_role("monitor", "events", "--no-follow").out)
        self.as_role("monitor", "jobs", "--state", "success")
        self.assertIn("fail: no", self.as_role("monitor", "top", "--once", "--interval", "100ms").out)

    def test_doctor_is_the_administrators(self):
        self.submit("--in", "1h", "echo", 1)
        for role in ROLES:
            self.assertIn("no permission", self.as_role(role, "doctor", code=77).err, role)

    def test_monitor_changes_nothing(self):
        job = self.submit("--in", "1h", "echo", 1)
        for argv in (("submit", "echo", 1), ("run", "echo", 1), ("cancel", job), ("retry", job), ("pause", "default"),
                     ("resume", "default"), ("purge", "-y", "default"), ("wait", job)):
            self.assert_refused("monitor", *argv)
        self.assertEqual(self.as_role("monitor", "map", "echo", stdin="1\n", code=None).code, 77)
        worker = self.role_worker("-P", 1, "-T", 1, role="monitor", ready=False)
        self.allow_warning(".*")
        self.assertEqual(worker.process.wait(30), 77)
        self.assertEqual(self.status(job)["state"], "delayed")

    def test_roles_reach_no_other_keys(self):
        self.client().set("other", 1)
        for role in ROLES:
            with self.subTest(role):
                self.assertEqual(self.as_role(role, "--namespace", "other", "queues", code=None).code, 77)


class Secrets(Case):
    """tools/secrets makes what docker-compose.yml hands to Redis."""

    def test_makes_once_and_keeps(self):
        tool, directory = SOURCE / "tools/secrets", self.dir / "secrets"
        celeriac.subprocess.run([tool, directory], check=True)
        first = {path.name: path.read_text() for path in directory.iterdir()}
        celeriac.subprocess.run([tool, directory], check=True)
        self.assertEqual(first, {path.name: path.read_text() for path in directory.iterdir()})
        self.assertEqual(sorted(first), ["admin.password", "client.password", "monitor.password", "redis.acl",
                                         "worker.password"])
        self.assertEqual(pathlib.Path(directory).stat().st_mode & 0o777, 0o700)
        server = self.redis_server("guarded", f"aclfile {directory}/redis.acl")
        for role, code in (("client", 0), ("monitor", 0), ("worker", 77)):
            url = f"unix://{role}:{first[role + '.password']}@{server.socket}"
            self.celeriac("-b", url, "queues", code=code)
        self.celeriac("-b", server.url, "queues", code=77)


if __name__ == "__main__":
    main()
