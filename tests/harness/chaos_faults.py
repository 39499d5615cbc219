"""The faults of a chaos campaign: each begins at once, and says when and how it ends. Random, but of a seed.

A fault is one method below; its name is its kind. What it returns is taken back after `seconds`.
"""
import os
import random
import signal
import time

import redis

from harness import process
from harness.chaos_record import Fault

LEASE = 3


def now_ms():
    return int(time.time() * 1000)


class Faults:
    def __init__(self, campaign, seed):
        self.campaign, self.random = campaign, random.Random(seed)
        self.log, self.deck, self.timers = [], [], []

    KINDS = ("kill_runner", "kill_steward", "kill_master", "kill_worker", "stop_runner", "stop_steward", "stop_master",
             "stop_worker", "redis_stop", "redis_kill", "client_kill", "script_flush", "oom", "readonly", "term_worker",
             "quit_worker", "hup_worker")

    REDIS = ("redis_stop", "redis_kill", "client_kill", "script_flush", "oom", "readonly")  # one at a time

    def inject(self):
        """The next kind of a shuffled deck, so that all come equally often."""
        if not self.deck:
            self.deck = list(self.KINDS)
            self.random.shuffle(self.deck)
        kind = self.deck.pop()
        if kind in self.REDIS and self.redis_is_hurt():
            self.deck.insert(0, kind)
            return
        try:
            getattr(self, kind)(Fault(kind, now_ms(), now_ms()))
        except (redis.RedisError, ProcessLookupError, IndexError):
            self.deck.insert(0, kind)  # its victim was hurt already: once more later

    def redis_is_hurt(self):
        return any(fault.kind.startswith(("redis", "oom", "readonly")) for _, fault, _ in self.timers)

    def began(self, fault, pids=()):
        fault.at, fault.pids = now_ms(), frozenset(pids)
        fault.until = fault.at
        self.log.append(fault)

    def later(self, seconds, fault, undo):
        fault.until = fault.at + int(seconds * 1000) + 60_000  # until it is taken back, whenever that is
        self.timers.append((time.monotonic() + seconds, fault, undo))

    def tick(self, everything=False):
        """Takes back what is over."""
        for timer in list(self.timers):
            if everything or time.monotonic() >= timer[0]:
                self.timers.remove(timer)
                ended = now_ms()  # not later: whoever is set free runs at once
                try:
                    timer[2]()
                except (redis.RedisError, ProcessLookupError) as error:
                    if not isinstance(error, ProcessLookupError):
                        self.timers.append((time.monotonic() + 0.2, *timer[1:]))
                        continue
                timer[1].until = ended

    def worker(self):
        return self.random.choice([w for w in self.campaign.live_workers() if process.children(w.pid)])

    # ---- processes ----

    def shoot(self, fault, pid, number=signal.SIGKILL, hurts=()):
        self.began(fault, hurts or ())
        os.kill(pid, number)

    def kill_runner(self, fault):
        pid = self.random.choice(self.worker().pids("runner"))
        self.shoot(fault, pid, hurts=[pid])

    def kill_steward(self, fault):
        self.shoot(fault, self.worker().pids("steward")[0])

    def kill_master(self, fault):
        worker = self.worker()
        self.shoot(fault, worker.pid, hurts=[worker.pid])

    def kill_worker(self, fault):
        worker = self.worker()
        self.began(fault, worker.all_pids)
        worker.kill()

    def stop(self, fault, worker, pids):
        """Whoever stands still for a lease may be taken for dead, with all that runs there."""
        self.began(fault, worker.all_pids)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

        def go_on():
            for pid in pids:
                if process.is_alive(pid):
                    os.kill(pid, signal.SIGCONT)
        self.later(self.random.uniform(0.1, 2 * LEASE), fault, go_on)

    def stop_runner(self, fault):
        worker = self.worker()
        self.stop(fault, worker, [self.random.choice(worker.pids("runner"))])

    def stop_steward(self, fault):
        worker = self.worker()
        self.stop(fault, worker, worker.pids("steward")[:1])

    def stop_master(self, fault):
        worker = self.worker()
        self.stop(fault, worker, [worker.pid])

    def stop_worker(self, fault):
        worker = self.worker()
        self.stop(fault, worker, worker.all_pids)

    def end_worker(self, fault, number):
        worker = self.worker()
        self.began(fault, worker.all_pids)
        self.campaign.ending[worker.pid] = time.monotonic()
        worker.send(number)
        self.later(15, fault, lambda: None)

    def term_worker(self, fault):
        self.end_worker(fault, signal.SIGTERM)

    def quit_worker(self, fault):
        self.end_worker(fault, signal.SIGQUIT)

    def hup_worker(self, fault):
        self.shoot(fault, self.worker().pid, signal.SIGHUP)

    # ---- Redis ----

    def redis_stop(self, fault):
        self.began(fault)
        self.campaign.redis.pause()
        self.later(self.random.uniform(0.1, 1.5 * LEASE), fault, self.campaign.redis.resume)

    def redis_kill(self, fault):
        """With appendfsync always: what was acknowledged is there again."""
        self.began(fault)
        self.campaign.redis.kill()
        self.later(self.random.uniform(0.05, 3), fault, self.campaign.redis.start)

    def client_kill(self, fault):
        kind = self.random.choice(("normal", "pubsub", "one"))
        client = self.campaign.redis.client()
        if kind == "one":
            address = self.random.choice([c["id"] for c in client.client_list() if c["cmd"] != "client|list"])
            self.began(fault)
            client.execute_command("CLIENT", "KILL", "ID", address)
        else:
            self.began(fault)
            client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    def script_flush(self, fault):
        self.began(fault)
        self.campaign.redis.client().script_flush()

    def oom(self, fault):
        self.campaign.redis.client().config_set("maxmemory", "1")
        self.began(fault)
        self.later(self.random.uniform(0.1, 2), fault,
                   lambda: self.campaign.redis.client().config_set("maxmemory", "0"))

    def readonly(self, fault):
        self.campaign.redis.client().execute_command("REPLICAOF", "127.0.0.1", "1")
        self.began(fault)
        self.later(self.random.uniform(0.1, 2), fault,
                   lambda: self.campaign.redis.client().execute_command("REPLICAOF", "NO", "ONE"))
