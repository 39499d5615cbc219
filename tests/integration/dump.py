"""Dumps: what each process and thread does, by USR1 and by `control W dump`, while the work goes on."""
import os
import signal
import unittest

from harness import celeriac, process
from harness.case import Case, main
from harness.until import until

# ThreadSanitizer holds signals back until the thread calls something that may block.
CAN_INTERRUPT = "thread" not in celeriac.SANITIZE


class Dump(Case):
    def dump(self, worker):
        """Answered once all is written."""
        rows = self.celeriac("control", "--json", worker.name, "dump").json
        self.assertEqual([row["result"] for row in rows], ["done"])
        return worker.events("dump_thread")

    def running(self, *argv):
        job = self.submit(*argv)
        self.wait_state(job, "running")
        return job

    def listed(self, *argv):
        """A worker that can be told something from afar."""
        worker = self.worker(*argv)
        until(lambda: self.celeriac("workers", "--json").json, 20, "it is listed")
        return worker

    @unittest.skipUnless(CAN_INTERRUPT, "the sanitizer delays signals")
    def test_stacks_name_what_each_thread_does(self):
        worker = self.listed("-P", 1, "-T", 2)
        spins, sleeps = self.running("spin", 600), self.running("sleep", 600)
        threads = {thread["id"]: thread for thread in self.dump(worker) if thread["id"]}
        self.assertIn("spin_run", threads[spins]["stack"])
        self.assertIn("basics.so", threads[spins]["stack"])
        self.assertIn("sleep_run", threads[sleeps]["stack"])
        for job in (spins, sleeps):
            self.celeriac("cancel", "--force", job)
        self.allow_warning("runner_died|recovered")
        self.wait_state(spins, "cancelled", seconds=60)

    def test_every_process_and_its_jobs(self):
        worker = self.listed("-P", 2, "-T", 1, "--http", 0)
        job = self.running("sleep", 600)
        threads = self.dump(worker)
        processes = lambda events: sorted({(e["role"], e.get("runner", "")) for e in events})  # sanitizers add threads
        self.assertEqual([role for role, _ in processes(threads)], ["http", "master", "runner", "runner", "steward"])
        self.assertEqual(len([thread for thread in threads if thread["name"] == "slot 0"]), 2)
        self.assertTrue(all(thread.get("stack") or thread["unanswered_ms"] for thread in threads))
        heaps = worker.events("dump_heap")
        self.assertEqual(processes(heaps), processes(threads))
        for heap in heaps:
            self.assertGreaterEqual(int(heap["system_kb"]), int(heap["used_kb"]), heap)
        slots = worker.events("dump_slot")
        self.assertEqual([(slot["id"], slot["task"], slot["queue"]) for slot in slots], [(job, "sleep", "default")])
        self.assertGreaterEqual(int(slots[0]["running_ms"]), 0)
        self.celeriac("cancel", job)
        self.wait_state(job, "cancelled")

    def test_the_work_goes_on_unharmed(self):
        worker = self.worker("-P", 2, "-T", 2)
        sleeper = self.submit("-p", 9, "sleep", 1)
        mapping = self.start("map", "sum_range", stdin="100000\n" * 2000, name="map")
        self.wait_state(sleeper, "running", "success")
        for n in range(50):
            worker.send(signal.SIGUSR1)
            until(lambda n=n: len(worker.events("signal", name="USR1")) > n, 20, "it is heard of")
        self.assertEqual(mapping.wait(60 * celeriac.SLOWNESS), 0)
        self.assertEqual((self.dir / "map.out").read_text(), "4999950000\n" * 2000)
        self.celeriac("wait", sleeper)
        view = self.status(sleeper)
        self.assertEqual(view["attempt"], 1)
        self.assertGreaterEqual(view["runtime_ms"], 1000)
        until(lambda: worker.events("dump_thread", role="steward"), 20, "a dump")
        self.assertEqual(worker.events("runner_died"), [])

    def test_a_process_that_stands_still_holds_up_nobody(self):
        worker = self.listed("-P", 2, "-T", 1)
        self.allow_warning("dump_unanswered|runner_died|runner_stalled|recovered")
        still, other = worker.runners
        os.kill(still, signal.SIGSTOP)
        threads = self.dump(worker)
        pids = {thread["thread"] for thread in threads}
        self.assertIn(str(other), pids)
        self.assertNotIn(str(still), pids)
        self.assertEqual(worker.events("dump_unanswered")[-1]["pid"], str(still))
        os.kill(still, signal.SIGCONT)
        until(lambda: str(still) in {thread["thread"] for thread in worker.events("dump_thread")}
              or not process.is_alive(still), 20, "its own, later")


if __name__ == "__main__":
    main()
