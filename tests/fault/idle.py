"""An idle worker costs next to nothing: commands at Redis, CPU, private memory of a runner."""
import time

from harness import celeriac, process
from harness.case import Case, main
from harness.until import until

SECONDS = 5


class Idle(Case):
    def test_idle_worker(self):
        worker = self.worker("-P", 2, "-T", 1)
        self.celeriac("run", "sum_range", 10)
        client = self.client()
        pids, began = worker.all_pids, time.monotonic()
        commands = client.info("stats")["total_commands_processed"]
        cpu = sum(process.cpu_seconds(pid) for pid in pids)
        until(lambda: time.monotonic() - began > SECONDS, SECONDS + 5, "the window is over")
        window = time.monotonic() - began
        rate = (client.info("stats")["total_commands_processed"] - commands - 1) / window
        load = (sum(process.cpu_seconds(pid) for pid in pids) - cpu) / window
        memory = [process.private_bytes(pid) for pid in worker.runners]
        print(f"idle: {rate:.2f} commands/s, {100 * load:.2f} % CPU, runners {[m >> 10 for m in memory]} KiB")
        self.assertLess(rate, 2)
        if not celeriac.SANITIZE:
            self.assertLess(load, 0.005)
            self.assertLess(max(memory), 6 << 20)


if __name__ == "__main__":
    main()
