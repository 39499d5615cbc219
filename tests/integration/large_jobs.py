"""Jobs and results beyond the usual sizes, and what is refused."""
import array
import base64
import json
import os
import sys

from harness.case import Case, main
from harness.ids import to_short

N = 1000


def packed(rows, cols, numbers):
    numbers = array.array("d", numbers)
    if sys.byteorder == "big":
        numbers.byteswap()
    return {"rows": rows, "cols": cols, "data": {"$binary": base64.b64encode(numbers.tobytes()).decode()}}


class Large(Case):
    def test_a_job_beyond_a_mebibyte_wants_the_option(self):
        self.worker("-P", 1, "-T", 1)
        line = json.dumps(["x" * (2 << 20)]) + "\n"
        refused = self.celeriac("map", "echo", stdin=line, code=1)
        self.assertEqual(refused.out, "null\n")
        self.assertIn("larger than 1048576 bytes", refused.err)
        self.assertEqual(len(self.celeriac("map", "--max-message", "4M", "echo", stdin=line).out), (2 << 20) + 3)
        self.assertEqual(len(self.celeriac("map", "echo", stdin=line, env={"CELERIAC_MAX_MESSAGE": "4M"}).out), (2 << 20) + 3)

    def test_a_dense_system_of_a_thousand_equations(self):
        if not os.path.exists(os.path.join(os.environ["CELERIAC_MODULE_PATH"], "linalg.so")):
            self.skipTest("linalg is not built")
        self.worker("-P", 1, "-T", 1)
        rows = [[(i * 7919 + j * 104729) % 1013 / 1013 + (N if i == j else 0) for j in range(N)] for i in range(N)]
        job = {"a": packed(N, N, (x for row in rows for x in row)), "b": [sum(row) for row in rows]}
        end = json.loads(self.celeriac("map", "--max-message", "16M", "linear_large", stdin=json.dumps(job) + "\n").out)
        self.assertEqual(len(end["x"]), N)
        self.assertLess(max(abs(x - 1) for x in end["x"]), 1e-12)  # b is the sum of each row

    def test_the_largest_result_is_a_setting_of_the_worker(self):
        self.worker("-P", 1, "-T", 1, "--max-result", "4K")
        self.assertEqual(len(self.celeriac("run", "echo", "y" * 3000).value), 3000)
        refused = self.celeriac("run", "--retries", 0, "echo", "y" * 5000, code=1)
        self.assertIn("result_too_large", refused.err)
        self.assertIn("4096 bytes", refused.err)

    def test_long_results_are_kept_compressed(self):
        self.worker("-P", 1, "-T", 1)
        client = self.client()
        noise = base64.b64encode(os.urandom(60000)).decode()
        for value, least in (("ab" * 50000, 100), (noise, 1)):
            job = self.submit("echo", json.dumps(value))
            self.assertEqual(self.celeriac("wait", job).value, value)
            self.assertEqual(self.celeriac("result", job).value, value)
            kept = [client.hstrlen(key, field) for key in client.keys("celeriac:{default}:results:*")
                    for field in client.hkeys(key) if field.decode() == to_short(job)]
            self.assertLess(kept[0], len(value) / least + 200)
        digits = self.celeriac("run", "factorial", 20000)
        self.assertEqual(digits.out, self.celeriac("run", "--local", "factorial", 20000).out)
        self.assertEqual(self.celeriac("map", "echo", stdin=json.dumps(noise) + "\n").json, [noise])

    def test_results_live_as_long_as_asked(self):
        self.worker("-q", "default", "-q", "short", "-P", 1, "-T", 1)
        job = self.submit("--result-ttl", 0, "sum_range", 5)  # its state alone
        self.wait_state(job, "success")
        self.assertNotIn("result", self.status(job))
        self.celeriac("wait", self.submit("-q", "short", "--result-ttl", "2h", "sum_range", 5))
        for queue, seconds in (("default", 86400), ("short", 7200)):
            ttls = [self.client().ttl(key) for key in self.client().keys(f"celeriac:{{{queue}}}:results:*")]
            self.assertTrue(ttls and all(seconds - 60 < ttl <= seconds + 120 for ttl in ttls), (queue, ttls))

    def test_sizes_out_of_range_are_refused(self):
        self.assert_error(self.celeriac("run", "--max-message", "65M", "echo", 1, code=None), 64, "max-message", "65M")
        self.assert_error(self.celeriac("worker", "--max-result", "1G", code=None), 64, "max-result", "1G")


if __name__ == "__main__":
    main()
