"""Images and docker-compose.yml: scaled up and down, containers killed and stopped, Redis restarted, nothing lost."""
import contextlib
import json
import os
import re
import signal
import sys
import time
import urllib.parse
import urllib.request

import debian
import stack
from debian import SOURCE
from harness import invariants
from harness.until import until
from suite import DeployCase

EQUATIONS = [line for line in (SOURCE / "examples/equations.txt").read_text().splitlines() if line.strip()]
LEASE = 4  # seconds
TOOLS = "gcc cc clang cmake make ninja pkg-config python3 gdb git"
GET_COMPOSE_2 = ("apt-get update -qq >&2; cd /tmp; apt-get download -qq docker-compose >&2; "
                 "dpkg-deb --fsys-tarfile docker-compose_*.deb | tar -xO ./usr/libexec/docker/cli-plugins/docker-compose")


class Compose(DeployCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        debian.load(cls.engine, "trixie")
        cls.stack = stack.Stack(cls.engine, "celeriac-scale", CELERIAC_IMAGE="celeriac", CELERIAC_LEASE=f"{LEASE}s",
                                CELERIAC_GRACE="3s", CELERIAC_STOP_GRACE="20s")
        cls.addClassCleanup(cls.stack.down)
        cls.stack.call("build", timeout=1800)

    def up(self, workers):
        self.stack.call("up", "-d", "--scale", f"worker={workers}")
        return self.stack.containers("worker")

    def kill_9(self, container):
        """Every process in it at once, from outside, so that Docker sees a crash."""
        pids = [int(line.split()[1]) for line in self.engine.docker("top", container).splitlines()[1:]]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):  # the first one takes the others along
                    os.kill(pid, number)

    def check_clean(self):
        client = self.stack.redis
        self.assertEqual(invariants.violations(client), [])
        self.assertEqual(invariants.count(client)["jobs"], 0)

    def wait_running(self):
        until(lambda: invariants.count(self.stack.redis)["active"], 30, "jobs run")

    # ---- images ----

    def test_images_are_small_and_hold_no_tools(self):
        self.engine.docker("build", "-q", "-t", "celeriac:slim", "--target", "slim", ".", cwd=SOURCE, timeout=1800)
        for image, limit, modules in (("celeriac", 150, {"basics", "bigint", "math"}), ("celeriac:slim", 95, {"basics"})):
            with self.subTest(image):
                size = self.engine.image_size(image)
                print(f"{image}: {size / 1e6:.1f} MB", file=sys.stderr)
                self.assertLess(size, limit * 1e6)
                look = f"id -u; ls /usr/local/lib/celeriac/modules; command -v {TOOLS} || echo none"
                words = self.engine.docker("run", "--rm", "--entrypoint", "sh", image, "-c", look).split()
                self.assertEqual((words[0], words[-1]), ("10001", "none"))
                self.assertLessEqual(modules, {word.removesuffix(".so") for word in words[1:-1]})
                labels = json.loads(self.engine.docker("image", "inspect", "-f", "{{json .Config.Labels}}", image))
                version = self.engine.docker("run", "--rm", image, "version").split()[1]
                self.assertEqual(labels["org.opencontainers.image.version"], version)
        self.assertEqual(self.engine.docker("run", "--rm", "celeriac:slim", "version"),
                         self.engine.docker("run", "--rm", "celeriac", "version"))

    # ---- the documentation ----

    def section(self):
        """The lines of code in "Scale it": of the README, or of docs/deploy.md."""
        for name in ("README.md", "docs/deploy.md"):
            match = re.search(r"^## Scale it\n(.*?)(?=^##|\Z)", (SOURCE / name).read_text(), re.M | re.S)
            if match:
                return [line.strip() for line in match[1].splitlines() if line.startswith("    ")]
        self.fail("no section \"Scale it\"")

    def test_documented_commands(self):
        lines = self.section()
        self.assertGreater(len(lines), 4)
        for line in lines:
            with self.subTest(line):
                command, _, answer = line.partition("#")
                output = self.stack.shell(command.strip(), timeout=1800)
                number = re.search(r"prints (\S+)", answer)
                if number:
                    self.assertIn(number[1], output.split())
                if "map solve" in line:
                    self.assertEqual(len(output.splitlines()), 100)
        self.assertEqual(self.stack.call("ps", "-q").split(), [])

    # ---- scaling ----

    def test_nothing_is_lost(self):
        containers = self.up(3)
        self.stack.wait_workers(containers, 20)
        expected = self.succeeded()
        with self.subTest("a container dies, another one is stopped"):
            load = [self.stack.begin_map("sleep", [0.2] * 150), self.stack.begin_map("solve", EQUATIONS)]
            self.wait_running()
            self.kill_9(containers[0])
            self.engine.docker("stop", containers[1])
            self.stack.wait_workers([containers[0], containers[2]], LEASE + 10)  # Docker starts the dead one again
            rows = [self.stack.end_map(child) for child in load]
            self.assertEqual([row["result"] for row in rows[0]], [0.2] * 150)
            self.check_equations(rows[1])
            expected += 250
            self.check_clean()
        with self.subTest("from 2 to 5, and down to 1"):
            load = self.stack.begin_map("sum_range", [10**8 + i for i in range(60)])
            self.wait_running()
            containers = self.up(5)
            self.stack.wait_workers(containers, 20)
            containers = self.up(1)
            self.stack.wait_workers(containers, LEASE + 10)
            results = [row["result"] for row in self.stack.end_map(load)]
            self.assertEqual(results, [n * (n - 1) // 2 for n in range(10**8, 10**8 + 60)])
            expected += 60
            self.check_clean()
        with self.subTest("Redis is restarted"):
            containers = self.up(3)
            self.stack.wait_workers(containers, 20)
            load = self.stack.begin_map("sleep", [0.2] * 150)
            self.wait_running()
            self.engine.docker("restart", *self.stack.containers("redis"))
            self.stack.end_map(load)
            expected += 150
            self.stack.wait_workers(containers, LEASE + 10)
            self.check_clean()
        with self.subTest("all were counted once"):
            self.assertEqual(self.succeeded(), expected)
        with self.subTest("health"):
            for container in containers:
                until(lambda c=container: self.stack.inspect(c, "{{.State.Health.Status}}") == "healthy", 40, "healthy")

    def succeeded(self):
        return int(self.stack.redis.hget("celeriac:{default}:stats", "succeeded") or 0)

    def check_equations(self, rows):
        self.assertEqual(len(rows), 100)
        for row in rows:
            self.assertLess(abs(row["result"]["residual"]), 1e-6, row)

    # ---- settings ----

    def test_grace_times_are_in_step(self):
        seconds = dict(re.findall(r"\$\{(CELERIAC_(?:STOP_)?GRACE):-(\d+)s\}", (SOURCE / "docker-compose.yml").read_text()))
        self.assertGreaterEqual(int(seconds["CELERIAC_STOP_GRACE"]), int(seconds["CELERIAC_GRACE"]) + 5)
        defaults = re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", (SOURCE / "docker-compose.yml").read_text())
        example = dict(re.findall(r"^([A-Z_]+)=(.*)$", (SOURCE / ".env.example").read_text(), re.M))
        self.assertEqual(dict(defaults), example)

    # ---- monitoring ----

    def ask_monitor(self, path, **query):
        """What Prometheus answers, asked from outside."""
        address = self.stack.inspect(self.stack.containers("monitor")[0],
                                     "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
        url = f"http://{address}:9090/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]
        return None

    def wait_scraped(self, workers):
        def scraped():
            found = (self.ask_monitor("targets") or {}).get("activeTargets", [])
            return len(found) == workers and all(target["health"] == "up" for target in found)
        until(scraped, 60, f"Prometheus scrapes {workers} workers")

    def test_monitoring(self):
        self.up(2)
        self.stack.call("--profile", "monitoring", "up", "-d", "--no-deps", "monitor", timeout=1800)
        self.addCleanup(self.stack.call, "--profile", "monitoring", "rm", "-s", "-f", "monitor")
        self.wait_scraped(2)
        self.up(3)
        self.wait_scraped(3)
        before = self.succeeded()
        self.stack.end_map(self.stack.begin_map("sum_range", range(1, 41)))

        def value(query):
            found = (self.ask_monitor("query", query=query) or {}).get("result")
            return float(found[0]["value"][1]) if found else None
        until(lambda: (value('sum(celeriac_jobs_total{task="sum_range"})') or 0) >= 40, 60, "the jobs are counted")
        self.assertEqual(self.succeeded(), before + 40)
        dashboard = json.loads((SOURCE / "packaging/monitoring/grafana/celeriac.json").read_text())
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                with self.subTest(target["expr"]):
                    self.assertIsNotNone(self.ask_monitor("query", query=target["expr"].replace("$queue", ".*")))
        rules = self.ask_monitor("rules")["groups"][0]["rules"]
        self.assertEqual([(rule["name"], rule["lastError"]) for rule in rules if rule.get("lastError")], [])
        self.assertEqual(len(rules), 6)

    def test_compose_2(self):
        path = self.stack.dir / "docker-compose-2"
        self.engine.run("sh", "-c", f"docker run --rm --network host debian:trixie-slim sh -c '{GET_COMPOSE_2}' >{path}")
        path.chmod(0o755)
        other = stack.Stack(self.engine, "celeriac-second", CELERIAC_IMAGE="celeriac")
        self.addCleanup(other.down)
        other.compose = [str(path)]
        self.assertIn("v2", "v" + other.call("version", "--short"))
        other.call("--profile", "monitoring", "config", "-q")
        began = time.monotonic()
        other.call("up", "-d", "--no-build", "--scale", "worker=2")
        other.wait_workers(other.containers("worker"), 20)
        self.assertEqual(other.client("run", "factorial", "24").strip(), "620448401733239439360000")
        other.call("down", "-v")
        self.assertLess(time.monotonic() - began, 120)
