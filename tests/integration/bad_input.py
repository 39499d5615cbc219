"""Bad input of every kind: a clear line, the documented exit code, nothing lost, no process left behind."""
import json
import uuid

from harness import ids, invariants
from harness.case import Case, main
from harness.until import until


class WithWorker(Case):
    def setUp(self):
        super().setUp()
        self.w = self.worker("-P", 2, "-T", 1)

    def tearDown(self):
        """Whatever came in, the worker works on."""
        self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)

    def test_unknown_task_is_dead_when_no_worker_knows_it(self):
        self.allow_warning("nosuch")
        job = self.celeriac("run", "--json", "nosuch", 1, code=1).value
        self.assertEqual(job["state"], "dead")
        self.assertIn("nosuch", job["error"]["message"])

    def test_arguments_are_refused_before_sending(self):
        for argv, words in ((("sum_range", "many"), ("n", "many", "integer")), (("sum_range",), ("n",)),
                            (("sum_range", "1", "2"), ("sum_range",)), (("sum_range", "-k", "m=1"), ("m",)),
                            (("countdown", "1.5"), ("n", "1.5")), (("random", "1"), ("high",))):
            with self.subTest(argv):
                self.assert_error(self.celeriac("submit", *argv, code=64), 64, *words)
        self.assertEqual(invariants.count(self.client())["jobs"], 0)

    def test_arguments_fail_in_the_worker_when_nobody_checked(self):
        self.w.stop()
        job = self.submit("sum_range", "many")
        self.w = self.worker("-P", 1, "-T", 1)
        status = self.wait_state(job, "failure", "dead")
        self.assertIn("many", status["error"]["message"])
        self.assertEqual(status["state"], "failure")

    def test_too_large_a_message_is_65(self):
        text = json.dumps("x" * (1 << 20))
        self.assertEqual(self.celeriac("map", "echo", stdin=text + "\n", code=1).json, [None])
        self.assertEqual(invariants.count(self.client())["jobs"], 0)

    def test_deep_json_is_refused(self):
        for depth in (100, 50000):
            result = self.celeriac("submit", "echo", "[" * depth + "]" * depth, code=None)
            self.assertIn(result.code, (0, 64, 65))  # 0: taken as a string would be

    def test_bad_keyword_arguments(self):
        self.celeriac("submit", "echo", "-k", "novalue", code=64)
        self.celeriac("submit", "--tag", "novalue", "echo", "1", code=64)

    def test_map_of_bad_json_takes_lines_as_strings(self):
        self.assertEqual(self.celeriac("map", "echo", stdin='{"a":\n[1,\n').json, ['{"a":', "[1,"])

    def test_a_result_that_is_too_large_is_a_failure(self):
        self.allow_warning("result|large")
        chunk = "1000000\n" * 4  # one job with four results of 5.6 MB
        result = self.celeriac("map", "--retries", 0, "--chunk", 4, "factorial", stdin=chunk, code=1, timeout=120)
        self.assertEqual(result.json, [None] * 4)
        self.assertIn("result", result.err)

    def test_a_large_message_and_its_result_come_whole(self):
        pieces = ["x" * 1000] * 900
        self.assertEqual(self.celeriac("map", "echo", stdin=json.dumps([pieces]) + "\n").json, [pieces])


class BrokenMessages(Case):
    """What somebody else wrote into Redis."""

    def put(self, message, job=None):
        job = job or ids.to_short(str(uuid.uuid4()))
        client = self.client()
        client.sadd("celeriac:queues", "default")
        if message is not None:
            client.hset(ids.jobs_key(job), job, message)
        client.lpush("celeriac:{default}:ready:5", job)
        client.rpush("celeriac:{default}:bell", 1)
        client.ltrim("celeriac:{default}:bell", 0, 0)
        return ids.to_uuid(job)

    def setUp(self):
        super().setUp()
        self.allow_warning(".*")

    def check(self, jobs):
        self.worker("-P", 1, "-T", 1)
        good = self.submit("sum_range", 5)
        self.assertEqual(self.celeriac("wait", good).value, 10)
        for job in jobs:
            self.assertEqual(self.wait_state(job, "dead", "unknown")["state"], "dead")

    def test_bytes_that_are_no_message_are_dead_letters(self):
        head = b"\x015\0\0\0\0\0\0"
        broken = (b"", b"x", b"\xff" * 100, head, head + b"\xc1", head + b"\xdf\xff\xff\xff\xff",
                  head + b"\x91" * 1000 + b"\xc0", head + b"\x80trailing", b"\x99" + head[1:])
        self.check([self.put(message) for message in broken])

    def test_an_id_without_a_message_is_dropped(self):
        self.put(None)
        self.check([])
        until(lambda: invariants.count(self.client())["ready"] == 0, 10, "the id is gone")

    def test_foreign_ids(self):
        for job in ("not-a-uuid", "x" * 64, "with space", "quo\"te"):
            self.put(b"rubbish", job)
        self.check([])
        until(lambda: invariants.count(self.client())["ready"] == 0, 10, "foreign ids are handled")
        self.celeriac("jobs", "--json")

    def test_keys_of_the_wrong_type(self):
        self.client().set("celeriac:{default}:meta", "a string")
        result = self.celeriac("submit", "echo", "1", code=None)
        self.assertIn(result.code, (70, 78), str(result))
        self.client().delete("celeriac:{default}:meta")


class Modules(Case):
    def refuse(self, *argv, words):
        worker = self.worker(*argv, ready=False)
        self.allow_warning(".*")
        self.assertEqual(worker.process.wait(20), 78)
        for word in words:
            self.assertIn(word, worker.log)

    def test_a_module_that_does_not_load_is_78_at_the_start(self):
        (self.dir / "text.so").write_text("not a shared object")
        self.refuse("--module", self.dir / "nothing.so", words=("nothing.so",))
        self.refuse("--module", self.dir / "text.so", words=("text.so",))
        self.refuse("--module", "/lib/x86_64-linux-gnu/libm.so.6", words=("celeriac_module",))


class WithoutRedis(Case):
    def test_redis_down_is_69_and_worker_says_so(self):
        self.redis.stop()
        self.assert_error(self.celeriac("submit", "echo", "1", code=69), 69)
        self.assert_error(self.celeriac("map", "echo", stdin="1\n", code=69), 69)


if __name__ == "__main__":
    main()
