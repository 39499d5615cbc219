"""Every way to a Redis, and every way in which it may refuse: one clear line and the documented exit code."""
from harness.case import Case, main
from harness.fake_redis import FakeRedis, version
from harness.redis_server import free_port
from harness.until import until


class Ways(Case):
    redis_tcp = True

    def test_unix_socket_and_tcp_and_database_numbers(self):
        self.celeriac("submit", "echo", 1)
        tcp = f"redis://127.0.0.1:{self.redis.port}"
        for url, ready in ((f"{tcp}/0", 1), (tcp, 1), (f"{tcp}/3", None), (f"{self.redis.url}?db=3", None)):
            with self.subTest(url):
                rows = self.celeriac("-b", url, "queues", "--json").json
                self.assertEqual([row["ready"] for row in rows], [ready] if ready else [])
        self.worker("-b", f"{tcp}/3", "-P", 1, "-T", 1)
        self.assertEqual(self.celeriac("-b", f"{self.redis.url}?db=3", "run", "sum_range", 5).value, 10)

    def test_host_names(self):
        self.celeriac("-b", f"redis://localhost:{self.redis.port}", "submit", "echo", 1)
        self.assert_error(self.celeriac("-b", "redis://no-such-host.invalid", "queues", code=69), 69, "no-such-host")

    def test_nobody_there_is_69(self):
        for url in (f"redis://127.0.0.1:{free_port()}", f"unix://{self.dir}/nothing.sock"):
            for argv in (("submit", "echo", "1"), ("queues",), ("run", "echo", "1")):
                with self.subTest(url=url, argv=argv):
                    result = self.celeriac("-b", url, *argv, code=69, timeout=20)
                    self.assert_error(result, 69, url.split("//")[1])

    def test_databases_that_are_not_there(self):
        self.assertIn(self.celeriac("-b", f"{self.redis.url}?db=99", "queues", code=None).code, (77, 78))


class Passwords(Case):
    redis_settings = ("requirepass sesame", "user alice on >secret ~celeriac:* &celeriac:* +@all -@admin",
                      "user bob on >secret ~nothing:* +@all", "user carol on >secret ~* &* +ping")

    def url(self, user="", password="sesame"):
        return f"redis://{user}:{password}@127.0.0.1:{self.redis.port}/0"

    redis_tcp = True

    def test_right_password(self):
        self.worker("-b", self.url(), "-P", 1, "-T", 1)
        self.assertEqual(self.celeriac("-b", self.url(), "run", "sum_range", 5).value, 10)

    def test_acl_user_with_only_our_keys(self):
        self.worker("-b", self.url("alice", "secret"), "-P", 1, "-T", 1)
        self.assertEqual(self.celeriac("-b", self.url("alice", "secret"), "run", "sum_range", 5).value, 10)

    def test_wrong_password_is_77_and_not_shown(self):
        for url in (self.url(password="guess"), self.url("alice", "guess"), self.redis.url, self.redis.tcp_url):
            for argv in (("submit", "echo", "1"), ("queues",)):
                with self.subTest(url=url, argv=argv):
                    result = self.celeriac("-b", url, *argv, code=77)
                    self.assert_error(result, 77)
                    self.assertNotIn("guess", result.err)

    def test_denied_user_is_77(self):
        for user in ("bob", "carol"):
            with self.subTest(user):
                self.assert_error(self.celeriac("-b", self.url(user, "secret"), "submit", "echo", "1", code=77), 77)

    def test_worker_with_a_wrong_password_ends_with_77(self):
        worker = self.worker("-b", self.url(password="guess"), ready=False)
        self.allow_warning("password|WRONGPASS|denied|refused|AUTH|steward_died.* code=77$")
        self.assertEqual(worker.process.wait(20), 77)
        self.assertNotIn("guess", worker.log)

    def test_password_file(self):
        (self.dir / "password").write_text("sesame\n")
        env = {"CELERIAC_PASSWORD_FILE": str(self.dir / "password")}
        self.celeriac("-b", self.redis.tcp_url, "queues", env=env)
        self.celeriac("-b", self.redis.tcp_url, "queues", env={"CELERIAC_PASSWORD_FILE": "/nothing"}, code=78)


class Refusals(Case):
    def test_too_old_redis_is_78(self):
        fake = FakeRedis(self.dir / "old.sock", version("6.0.16"))
        self.addCleanup(fake.close)
        result = self.celeriac("-b", fake.url, "submit", "echo", "1", code=78)
        self.assert_error(result, 78, "6.0.16", "6.2")
        worker = self.worker("-b", fake.url, ready=False)
        self.allow_warning("6.2|steward_died.* code=78$")
        self.assertEqual(worker.process.wait(20), 78)

    def test_nonsense_answers_are_no_crash(self):
        for name, reply in (("text", b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("zeros", b"\0" * 64),
                            ("huge", b"$999999999999\r\n"), ("deep", b"*1\r\n" * 100), ("close", None)):
            with self.subTest(name):
                fake = FakeRedis(self.dir / f"{name}.sock", lambda words, reply=reply: reply)
                result = self.celeriac("-b", fake.url, "submit", "echo", "1", code=None, timeout=30)
                self.assertIn(result.code, (69, 70), str(result))
                fake.close()

    def test_worker_waits_for_a_redis_that_comes_later(self):
        self.redis.stop()
        self.allow_warning(".*")
        worker = self.worker("-P", 1, "-T", 1, ready=False)
        until(lambda: "level=warn" in worker.log or worker.process.poll() is not None, 20, "the worker says so")
        if worker.is_running:
            self.redis.start()
            worker.wait_ready()
            self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)
        else:
            self.assertEqual(worker.process.returncode, 69)
            self.redis.start()


if __name__ == "__main__":
    main()
