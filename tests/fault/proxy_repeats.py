"""Bytes of a reply that come twice: the whole reply, or one byte of it.

The worker lives through all of it: the job at hand runs once, and the worker goes on as the same processes.
"""
from harness.case import main
from harness.proxied import ProxiedCase


class ProxyRepeats(ProxiedCase):
    def check_every_repetition(self, name, *words, runs=1):
        """Where a number is longer then, the rest of the answer is waited for as long as for any other: ten seconds. So
        that this takes its minute and no more, few offsets are tried."""
        worker = self.record_worker("-T", 2)
        before = worker.all_pids
        whole = self.proxy.delay(name, 0)
        self.one_job(whole, *words)
        for offset in (None, 0, 1, 2, 3, whole.length // 2, whole.length - 1):
            found = self.one_job(self.proxy.repeat(name, offset), *words)
            self.assertEqual(len(found), runs, f"{name} repeated at {offset} of {whole.length}: {found}")
        self.assertEqual(worker.all_pids, before)
        self.check_end()

    def test_repeated_reserve(self):
        self.check_every_repetition("reserve")

    def test_repeated_commit(self):
        self.check_every_repetition("commit")

    def test_repeated_retry(self):
        self.check_every_repetition("retry", "-k", "times=1", runs=2)

    def test_repeated_bell(self):
        self.check_every_repetition("BLPOP")


if __name__ == "__main__":
    main()
