"""Jobs and results beyond the usual sizes, and what is refused."""
import array
import base64
import json
import os
import sys

from harness.case import Case, main

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

    def test_sizes_out_of_range_are_refused(self):
        self.assert_error(self.celeriac("run", "--max-message", "65M", "echo", 1, code=None), 64, "max-message", "65M")
        self.assert_error(self.celeriac("worker", "--max-result", "1G", code=None), 64, "max-result", "1G")


if __name__ == "__main__":
    main()
