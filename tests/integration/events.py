"""celeriac events: what is told of jobs, queues and workers, to whom, and what of it Redis keeps."""
import json
import os
import signal

from harness import process
from harness.case import Case, main
from harness.until import until


class Events(Case):
    def told(self, *argv):
        """All events so far, oldest first."""
        return self.celeriac("events", "--no-follow", "--json", *argv).json

    def wait_told(self, event, count=1, **fields):
        """The newest of these events, once there are so many."""
        def found():
            same = [e for e in self.told() if e["event"] == event and all(e.get(k) == v for k, v in fields.items())]
            return len(same) >= count and same[-1]
        return until(found, 20, f"{count} {event} {fields}")

    def follow(self, *argv):
        child = self.start("events", "--json", *argv, name="events")
        until(lambda: any("xread" in c["cmd"] for c in self.client().client_list()), 20, "it waits for events")
        return child

    def lines(self):
        return [json.loads(line) for line in (self.dir / "events.out").read_text().splitlines()]

    def toggle(self, queue="mail"):
        self.celeriac("pause", queue)
        self.celeriac("resume", queue)


class Told(Events):
    def test_jobs_that_do_not_succeed(self):
        self.worker("-P", 1, "-T", 1)
        retried = self.submit("--retries", 3, "--backoff", "10ms", "fail", "no", "-k", "times=1")
        failed = self.submit("--retries", 0, "fail", "secret")
        self.celeriac("wait", retried)
        self.celeriac("wait", failed, code=1)
        first = self.wait_told("job_retried", id=retried)
        self.assertEqual((first["queue"], first["attempt"]), ("default", 1))
        self.assertTrue(first["worker"].startswith("w1-"))
        self.wait_told("job_failed", id=failed, attempt=1)
        running = self.submit("sleep", 600)
        self.wait_state(running, "running")
        self.celeriac("cancel", running)
        self.wait_told("job_cancelled", id=running)
        self.celeriac("retry", failed)
        self.wait_told("job_requeued", id=failed, queue="default")
        self.wait_state(failed, "failure")
        self.celeriac("discard", failed)
        self.wait_told("job_discarded", id=failed, queue="default")
        text = json.dumps(self.told())
        self.assertNotIn("secret", text)
        self.assertNotIn("job_succeeded", text)

    def test_successes_if_the_worker_is_asked_to_tell_all(self):
        self.worker("-P", 1, "-T", 1, "--events", "all")
        jobs = [self.submit("echo", n) for n in range(300)]
        self.celeriac("wait", *jobs)
        self.wait_told("job_succeeded", count=300)
        self.assertEqual([e["id"] for e in self.told("--type", "job_succeeded")], jobs)

    def test_nothing_if_the_worker_is_told_so(self):
        worker = self.worker("-P", 1, "-T", 1, "--events", "off")
        self.celeriac("run", "--retries", 0, "fail", "no", code=1)
        worker.stop()
        self.assertEqual(self.told(), [])

    def test_a_storm_is_not_told_in_full(self):
        self.worker("-P", 1, "-T", 2)
        self.celeriac("map", "--retries", 0, "fail", stdin="no\n" * 2000, code=1)
        job = self.submit("--retries", 0, "fail", "no")
        self.celeriac("wait", job, code=1)

        def left_out():  # with the next that is told, in another second
            self.celeriac("run", "--retries", 0, "fail", "no", code=1)
            return sum(e["count"] for e in self.told("--type", "events_left_out"))
        count = until(left_out, 20, "what was left out")
        self.assertGreater(count, 100)

    def test_crashes_and_the_processes_that_die_of_them(self):
        self.allow_warning("runner_died|job_dead|recovered")
        self.worker("-P", 2, "-T", 1, "--max-crashes", 2)
        job = self.submit("crash", "SEGV")
        self.celeriac("wait", job, code=1)
        self.wait_told("job_crashed", count=2, id=job, signal="SEGV", queue="default")
        self.wait_told("runner_died", count=2, signal="SEGV")
        self.wait_told("job_dead", queue="default", count=1)

    def test_lives_of_workers(self):
        worker = self.worker("-P", 1, "-T", 1)
        name = self.wait_told("worker_ready")["worker"]
        worker.send(signal.SIGTSTP)
        self.wait_told("worker_quiet", worker=name)
        worker.send(signal.SIGCONT)
        self.wait_told("worker_resumed", worker=name)
        worker.stop()
        self.assertEqual([e["event"] for e in self.told() if e["worker"] == name],
                         ["worker_ready", "worker_quiet", "worker_resumed", "worker_stopping", "worker_ended"])

    def test_a_worker_that_is_lost(self):
        self.allow_warning(".*")
        one = self.worker("-P", 1, "-T", 1, "--lease", "1s")
        job = self.submit("sleep", 1)
        self.wait_state(job, "running")
        self.worker("-P", 1, "-T", 1, "--lease", "1s")
        one.kill()
        lost = self.wait_told("worker_lost", queue="default", count=1)
        self.assertTrue(lost["worker"].startswith("w1-"))
        self.celeriac("wait", job)

    def test_changes_of_queues_and_of_waiting_jobs(self):
        job = self.submit("-q", "mail", "echo", 1)
        self.submit("-q", "mail", "echo", 2)
        self.celeriac("pause", "mail")
        self.celeriac("cancel", job)
        self.celeriac("limit", "mail", "--rate", "5/s")
        self.celeriac("resume", "mail")
        self.celeriac("purge", "-y", "mail")
        told = [{k: v for k, v in e.items() if k not in ("v", "at", "cursor")} for e in self.told()]
        self.assertEqual(told, [{"event": "queue_paused", "queue": "mail"},
                                {"event": "job_cancelled", "queue": "mail", "id": job},
                                {"event": "queue_limited", "queue": "mail"},
                                {"event": "queue_resumed", "queue": "mail"},
                                {"event": "queue_purged", "queue": "mail", "count": 1}])


class Followed(Events):
    def test_what_comes_is_shown_as_it_comes(self):
        self.submit("-q", "mail", "echo", 1)
        self.toggle()
        child = self.follow()
        self.toggle()
        until(lambda: [e["event"] for e in self.lines()] == ["queue_paused", "queue_resumed"], 20, "the later two")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(20), 130)

    def test_a_broken_connection_neither_doubles_nor_loses(self):
        self.submit("-q", "mail", "echo", 1)
        self.follow()
        for n in range(5):
            self.toggle()
            until(lambda n=n: len(self.lines()) == 2 * n + 2, 20, "both")
            for client in self.client().client_list():
                if "xread" in client["cmd"]:
                    self.client().client_kill_filter(_id=client["id"])
        cursors = [e["cursor"] for e in self.lines()]
        self.assertEqual(len(set(cursors)), 10)
        self.assertEqual(cursors, [e["cursor"] for e in self.told()])

    def test_filters_and_where_to_begin(self):
        for queue in ("mail", "other"):
            self.submit("-q", queue, "echo", 1)
            self.toggle(queue)
        self.assertEqual([e["queue"] for e in self.told("-q", "other")], ["other"] * 2)
        self.assertEqual([e["event"] for e in self.told("--type", "queue_paused")], ["queue_paused"] * 2)
        every = self.told()
        self.assertEqual(self.told("--since", every[1]["cursor"]), every[2:])
        self.assertEqual(self.told("--since", "1h"), every)
        self.assertEqual(self.told("--since", "2001-01-01T00:00:00Z"), every)
        self.assertEqual(self.told("--since", "2101-01-01T00:00:00Z"), [])
        lines = self.celeriac("events", "--no-follow").lines
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT\S+Z queue_paused queue=mail$")
        self.assert_error(self.celeriac("events", "--since", "yesterday", code=64), 64, "--since", "yesterday")
        self.assert_error(self.celeriac("events", "x", code=64), 64, "no operands")

    def test_the_stream_is_capped_and_strangers_in_it_are_passed_over(self):
        client = self.client()
        self.submit("-q", "mail", "echo", 1)
        with client.pipeline(transaction=False) as pipe:
            for n in range(12000):
                pipe.xadd("celeriac:events", {"event": "x", "queue": "mail"})
            pipe.execute()
        client.xadd("celeriac:events", {"event": "with space\x1b[31m"})
        client.xadd("celeriac:events", {"id": "x" * 500})
        self.toggle()
        self.assertEqual([e["event"] for e in self.told() if e.get("event") != "x"][-2:], ["queue_paused", "queue_resumed"])


class Away(Events):
    redis_aof = True

    def test_a_restart_of_redis_is_survived(self):
        self.submit("-q", "mail", "echo", 1)
        child = self.follow()
        self.toggle()
        until(lambda: len(self.lines()) == 2, 20, "both")
        self.redis.stop()
        until(lambda: "going on" in (self.dir / "events.err").read_text(), 20, "it says so")
        self.redis.start()
        self.toggle()
        until(lambda: len(self.lines()) == 4, 20, "two more")
        self.assertEqual(len((self.dir / "events.err").read_text().splitlines()), 1)
        self.assertIsNone(child.poll())


if __name__ == "__main__":
    main()
