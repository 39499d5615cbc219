"""`worker --http`: metrics whose values are right, health, and requests that mean harm."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from harness import celeriac, process
from harness.case import Case, main
from harness.until import SLOWNESS, until

LINE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')


class Http(Case):
    def serve(self, *argv, **options):
        worker = self.worker("-P", 2, "-T", 1, "--http", 0, *argv, **options)
        self.port = self.port_of(worker)
        return worker

    def port_of(self, worker, count=1):
        host, _, port = worker.wait_event("http_listening", count=count)["address"].rpartition(":")
        self.assertEqual(host, "127.0.0.1")
        return int(port)

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30 * SLOWNESS)
        self.addCleanup(self.socket.close)
        return self.socket

    def raw(self, data):
        """What is answered to these bytes, until the other side closes."""
        connection = self.connect()
        answer = b""
        try:
            connection.sendall(data)
            while more := connection.recv(65536):
                answer += more
        except (ConnectionResetError, BrokenPipeError):
            pass
        return answer.decode()

    def get(self, path, status=200, method="GET"):
        head, _, body = self.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).partition("\r\n\r\n")
        self.assertEqual(head.split()[1], str(status), head + body)
        if method != "HEAD":
            self.assertEqual(int(re.search(r"Content-Length: (\d+)", head)[1]), len(body))
        return body

    def metrics(self):
        """{(name, labels): value}; labels as a sorted tuple."""
        found = {}
        for line in self.get("/metrics").splitlines():
            if not line.startswith("#"):
                name, labels, value = LINE.match(line).groups()
                key = name, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels or "")))
                self.assertNotIn(key, found)
                found[key] = float(value)
        return found

    def value(self, name, **labels):
        return self.metrics().get((name, tuple(sorted(labels.items()))))

    def jobs(self, task, outcome):
        return self.value("celeriac_jobs_total", task=task, queue="default", outcome=outcome)

    def wait_value(self, wanted, name, **labels):
        until(lambda: self.value(name, **labels) == wanted, 15, f"{name} {labels} is {wanted}")


class Values(Http):
    def test_as_many_as_there_were(self):
        self.serve()
        self.celeriac("map", "sum_range", stdin="".join(f"{n}\n" for n in range(200)))
        self.celeriac("run", "--retries", 0, "fail", "no", code=1)
        self.celeriac("run", "--retries", 1, "--backoff", "10ms", "fail", "once", "-k", "times=1", code=None)
        self.wait_value(200, "celeriac_jobs_total", task="sum_range", queue="default", outcome="success")
        self.wait_value(1, "celeriac_jobs_total", task="fail", queue="default", outcome="failure")
        self.wait_value(1, "celeriac_jobs_total", task="fail", queue="default", outcome="retry")
        for name in ("celeriac_job_run_seconds", "celeriac_job_wait_seconds"):
            labels = {"task": "sum_range", "queue": "default"}
            self.assertEqual(self.value(f"{name}_count", **labels), 200)
            self.assertEqual(self.value(f"{name}_bucket", le="+Inf", **labels), 200)
            self.assertLessEqual(self.value(f"{name}_bucket", le="0.001", **labels), 200)
        self.wait_value(1, "celeriac_queue_jobs", queue="default", state="dead")
        self.assertEqual(self.value("celeriac_slots"), 2)
        self.assertGreater(self.value("celeriac_redis_round_trip_seconds"), 0)
        for who in ("master", "steward", "http"):
            self.assertGreater(self.value("celeriac_process_resident_memory_bytes", process=who, seat=""), 1 << 20)

    def test_run_times_fall_into_their_bucket(self):
        self.serve()
        self.celeriac("run", "sleep", 0.15)
        labels = {"task": "sleep", "queue": "default"}
        self.wait_value(1, "celeriac_job_run_seconds_count", **labels)
        self.assertEqual(self.value("celeriac_job_run_seconds_bucket", le="0.1", **labels), 0)
        self.assertEqual(self.value("celeriac_job_run_seconds_bucket", le="+Inf", **labels), 1)
        self.assertGreaterEqual(self.value("celeriac_job_run_seconds_sum", **labels), 0.15)

    def test_crashes_recovered_jobs_and_counters_that_outlive_their_runner(self):
        self.allow_warning("runner_died|recovered")
        worker = self.serve()
        self.celeriac("map", "echo", stdin="1\n2\n3\n")
        self.wait_value(3, "celeriac_jobs_total", task="echo", queue="default", outcome="success")
        self.submit("crash")
        worker.wait_event("runner_died", count=3, seconds=30)
        self.wait_value(3, "celeriac_crashes_total", signal="SEGV")
        self.wait_value(2, "celeriac_recovered_jobs_total")
        self.wait_value(1, "celeriac_buried_jobs_total")
        self.assertEqual(self.jobs("echo", "success"), 3)

    def test_a_hard_limit_is_a_failure(self):
        self.allow_warning("runner_died|recovered")
        self.serve()
        self.celeriac("run", "--retries", 0, "--kill-after", "200ms", "spin", 30, code=1)
        self.wait_value(1, "celeriac_jobs_total", task="spin", queue="default", outcome="failure")

    def test_names_that_no_module_knows_make_no_series(self):
        self.allow_warning("job_dead")
        self.serve()
        for i in range(3):
            job = self.client_submit_unknown(i)
            self.wait_state(job, "dead", seconds=20)
        self.wait_value(3, "celeriac_jobs_total", task="other", queue="default", outcome="dead")
        self.assertNotIn("nobody", self.get("/metrics"))

    def client_submit_unknown(self, i):
        """Sent while no worker has published its tasks to this client's knowledge."""
        return self.submit(f"nobody{i}")

    def test_an_outage_of_redis_is_told(self):
        self.allow_warning(".*")
        worker = self.serve("--lease", "1s")
        self.assertEqual(self.value("celeriac_redis_up"), 1)
        self.redis.stop()
        self.wait_value(0, "celeriac_redis_up")
        until(lambda: "Redis has not answered" in self.raw(b"GET /readyz HTTP/1.1\r\n\r\n"), 15, "not ready")
        self.get("/healthz")
        self.redis.start()
        self.wait_value(1, "celeriac_redis_up")
        until(lambda: "200 OK" in self.raw(b"GET /readyz HTTP/1.1\r\n\r\n"), 15, "ready again")
        self.assertTrue(worker.is_running)


class Health(Http):
    def test_pages(self):
        worker = self.serve()
        until(lambda: "200 OK" in self.raw(b"GET /readyz HTTP/1.1\r\n\r\n"), 15, "ready")
        self.assertEqual(self.get("/healthz"), "ok\n")
        self.assertEqual(self.get("/healthz", method="HEAD"), "")
        worker.send(signal.SIGTSTP)
        until(lambda: "the worker is quiet" in self.raw(b"GET /readyz HTTP/1.1\r\n\r\n"), 15, "quiet")
        self.get("/healthz")
        worker.send(signal.SIGCONT)

    def test_claiming_that_has_stalled(self):
        self.allow_warning(".*")
        worker = self.serve()
        stopped = [worker.pid, *worker.runners]  # the master, too: it would replace them
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            for path in (b"/healthz", b"/readyz"):
                until(lambda p=path: "claiming has stalled" in self.raw(b"GET " + p + b" HTTP/1.1\r\n\r\n"), 30, "stalled")
            self.get("/healthz", status=503)
            self.assertGreater(max(v for (name, _), v in self.metrics().items()
                                   if name == "celeriac_claim_round_age_seconds"), 4)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)


class Hostile(Http):
    def test_requests_that_are_wrong(self):
        self.serve()
        self.get("/", status=404)
        self.get("/metrics/../healthz", status=404)
        self.get("/metricsx", status=404)
        self.get("/healthz?x=1")
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "get"):
            self.get("/metrics", status=405, method=method)
        for bad in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics\r\n\r\n", b"GET /metrics HTTP/2.0\r\n\r\n",
                    b"GET http://x/metrics HTTP/1.1\r\n\r\n", b"\0" * 100 + b"\r\n\r\n"):
            self.assertIn(" 400 ", self.raw(bad), bad)
        self.assertIn(" 431 ", self.raw(b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 8190))
        self.get("/metrics")

    def test_a_body_without_end_is_not_read_for_long(self):
        self.serve()
        connection = self.connect()
        connection.sendall(b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        with self.assertRaises((ConnectionError, socket.timeout)):
            while True:
                connection.sendall(b"x" * 65536)
        self.get("/healthz")

    def test_slow_bytes_and_many_connections_end_and_the_work_goes_on(self):
        self.serve()
        slow = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(100)]
        for one in slow:
            self.addCleanup(one.close)
            one.sendall(b"GET /metrics HTTP/1.1\r\n")
        self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)
        slow[0].settimeout(0.2)
        began = time.monotonic()
        while time.monotonic() - began < 60 * SLOWNESS:  # a byte at a time does not keep it open
            try:
                slow[0].sendall(b"x")
                if slow[0].recv(1) == b"":
                    break
            except socket.timeout:
                continue
            except ConnectionError:
                break
        self.assertLess(time.monotonic() - began, 60 * SLOWNESS)
        self.get("/healthz")

    def test_its_death_is_no_harm(self):
        self.allow_warning("http_died")
        worker = self.serve()
        job = self.submit("sleep", 1)
        os.kill(self.http_of(worker), signal.SIGKILL)
        self.wait_state(job, "success", seconds=15)
        self.port = self.port_of(worker, count=2)
        self.get("/metrics")
        self.assertEqual(len(worker.events("runner_started")), 2)

    def http_of(self, worker):
        return [pid for pid in process.children(worker.pid) if "http" in process.command_line(pid)
                and "runner" not in process.command_line(pid)][0]

    def test_an_address_in_use_keeps_no_worker_from_work(self):
        self.allow_warning("http_refused|http_died")
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        worker = self.worker("-P", 1, "-T", 1, "--http", taken.getsockname()[1])
        worker.wait_event("http_refused")
        self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)

    def test_addresses(self):
        for bad in ("x", "127.0.0.1", "127.0.0.1:", ":", "1.2.3.4:65536", "localhost:80", "-1", "1:2:3", "a" * 300):
            self.assert_error(self.celeriac("worker", f"--http={bad}", code=None), 64, "--http")


@unittest.skipUnless(shutil.which("promtool"), "no prometheus")
class Prometheus(Http):
    def test_promtool_has_no_complaint(self):
        self.serve()
        self.celeriac("run", "sum_range", 5)
        self.wait_value(1, "celeriac_jobs_total", task="sum_range", queue="default", outcome="success")
        done = subprocess.run(["promtool", "check", "metrics"], input=self.get("/metrics"), text=True, timeout=60 * SLOWNESS,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_what_docker_compose_watches_is_there(self):
        """Every name in the rules and on the dashboard, and every label that they ask for."""
        self.serve()
        self.celeriac("run", "sum_range", 5)
        self.wait_value(1, "celeriac_jobs_total", task="sum_range", queue="default", outcome="success")
        page = self.get("/metrics")
        files = celeriac.SOURCE / "packaging/monitoring"
        text = (files / "rules.yml").read_text() + (files / "grafana/celeriac.json").read_text()
        names = set(re.findall(r"celeriac_\w+", text))
        self.assertGreater(len(names), 12)
        for name in names:
            self.assertRegex(page, rf"(?m)^(# TYPE )?{name}\b")
        dashboard = json.loads((files / "grafana/celeriac.json").read_text())
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
        sources = {target["datasource"]["uid"] for panel in dashboard["panels"] for target in panel["targets"]}
        self.assertEqual(sources, set(re.findall(r"uid: (\S+)", (files / "grafana/datasources.yml").read_text())))
        for check, name in (("config", "prometheus.yml"), ("rules", "rules.yml")):
            flags = ["--syntax-only"] if check == "config" else []
            done = subprocess.run(["promtool", "check", check, *flags, files / name], text=True, timeout=60 * SLOWNESS,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_real_one_scrapes(self):
        self.serve()
        self.celeriac("map", "echo", stdin="1\n" * 30)
        config = self.dir / "prometheus.yml"
        config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [
            {"job_name": "celeriac", "static_configs": [{"targets": [f"127.0.0.1:{self.port}"]}]}]}))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with open(self.dir / "prometheus.log", "w") as log:
            server = process.start(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.dir}/tsdb",
                                    f"--web.listen-address=127.0.0.1:{port}"], cwd=self.dir,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.commands.append(server)

        def answer():
            done = subprocess.run(["promtool", "query", "instant", f"http://127.0.0.1:{port}",
                                   'sum(celeriac_jobs_total{task="echo",outcome="success"})'],
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60 * SLOWNESS)
            return re.search(r"=> 30 @", done.stdout)
        until(answer, 40, "Prometheus knows of 30 jobs")


if __name__ == "__main__":
    main()
