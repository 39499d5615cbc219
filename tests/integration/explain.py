"""The verb `explain`: each reason by its word and what its sentence names."""
import os
import re
import signal

from harness.case import Case, main
from harness.ids import jobs_key, to_short
from harness.until import until


def timeless(sentence):
    """The sentence without what has changed when it is asked for again: how long something lasts yet."""
    return re.sub(r"\b\d+(ms|s|m|h|d)\b", "-", sentence)


class Explain(Case):
    def reasons(self, job, code=0):
        """{word: sentence}, in their order; the lines of the plain form are the same sentences."""
        shown = self.celeriac("explain", "--json", job, code=code)
        found = {reason["reason"]: reason["text"] for reason in shown.value["reasons"]}
        return found

    def wait_reason(self, job, word):
        return until(lambda: self.reasons(job).get(word), 10, f"{job} is explained as {word}")

    def assert_reasons(self, job, *words):
        found = self.reasons(job)
        self.assertEqual(tuple(found), words, found)
        plain = self.celeriac("explain", job).lines
        self.assertEqual([timeless(line) for line in plain], [timeless(text) for text in found.values()])
        return found


class Waiting(Explain):
    def test_nobody_serves_the_queue(self):
        job = self.submit("-q", "mail", "echo", 1)
        self.assertIn("No live worker serves queue mail", self.assert_reasons(job, "no_worker")["no_worker"])

    def test_all_reasons_are_told_and_the_fields_of_the_job_too(self):
        first, second = self.submit("echo", 1), self.submit("echo", 2)
        self.celeriac("pause", "default")
        self.assertIn("celeriac resume default", self.assert_reasons(first, "paused", "no_worker")["paused"])
        self.assertIn("1 job of its queue", self.assert_reasons(second, "paused", "no_worker", "ahead")["ahead"])
        view = self.celeriac("explain", "--json", second).value
        self.assertEqual((view["id"], view["state"], view["ahead"]), (second, "queued", 1))

    def test_what_is_ahead_counts_higher_priorities(self):
        job = self.submit("-p", 3, "echo", 1)
        for priority in (9, 3, 4, 1):
            self.submit("-p", priority, "echo", 1)
        self.assertTrue(self.reasons(job)["ahead"].startswith("2 jobs"))

    def test_a_task_that_no_worker_knows(self):
        self.worker("-P", 1, "-T", 1)
        self.celeriac("pause", "default")
        job = self.submit("nothing_such", 1)
        self.assertIn("knows task nothing_such", self.assert_reasons(job, "paused", "unknown_task")["unknown_task"])
        self.assert_reasons(self.submit("echo", 1), "paused", "ahead")

    def test_all_slots_are_busy(self):
        self.worker("-P", 1, "-T", 1)
        running = self.submit("sleep", 60)
        self.wait_reason(running, "running")
        job = self.submit("echo", 1)
        self.assertIn("All 1 slots", self.wait_reason(job, "busy"))
        self.celeriac("cancel", running)

    def test_workers_are_quiet(self):
        worker = self.worker("-P", 1, "-T", 1)
        worker.send(signal.SIGTSTP)
        job = self.submit("echo", 1)
        self.assertIn("1 quiet or stopping", self.wait_reason(job, "quiet"))

    def test_nothing_holds_it_back(self):
        worker = self.worker("-P", 1, "-T", 1)
        for pid in worker.runners:
            signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGSTOP)
        job = self.submit("echo", 1)
        found = self.reasons(job)
        for pid in worker.runners:
            signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGCONT)
        self.assertTrue(set(found) & {"next", "reserved", "running"}, found)

    def test_a_suspect_waits_for_an_idle_runner(self):
        job = self.submit("echo", 1)
        client, key = self.client(), to_short(job)
        message = bytearray(client.hget(jobs_key(key), key))
        message[6] |= 1
        with client.pipeline() as change:
            change.hset(jobs_key(key), key, bytes(message))
            change.lrem("celeriac:{default}:ready:5", 0, key)
            change.lpush("celeriac:{default}:suspects", key)
            change.execute()
        self.assertIn("runs alone", self.assert_reasons(job, "no_worker", "suspect")["suspect"])

    def test_limits_hold_it_back(self):
        job = self.submit("echo", 1)
        self.celeriac("limit", "default", "--rate", "5/s")
        self.assertIn("5/s", self.assert_reasons(job, "no_worker", "limit")["limit"])

    def test_no_more_may_run_at_once(self):
        self.worker("-P", 1, "-T", 2)
        self.celeriac("limit", "default", "--concurrency", 1)
        running = self.submit("sleep", 60)
        self.wait_reason(running, "running")
        job = self.submit("echo", 1)
        self.assertIn("at most 1 at once, and 1 run", self.reasons(job)["limit"])
        self.celeriac("cancel", running)
        self.assertEqual(self.celeriac("wait", job).value, 1)

    def test_its_limit_key_has_no_room(self):
        self.worker("-P", 1, "-T", 2)
        self.celeriac("limit", "default", "--key-concurrency", 1)
        running = self.submit("--limit-key", "k", "sleep", 60)
        self.wait_reason(running, "running")
        job = self.submit("--limit-key", "k", "echo", 1)
        self.assertIn("limit key k", self.wait_reason(job, "limit_key"))
        self.celeriac("cancel", running)
        self.assertEqual(self.celeriac("wait", job).value, 1)

    def test_it_expired_while_it_waited(self):
        job = self.submit("--expires", "1ms", "echo", 1)
        self.assertIn("ends it as expired", self.wait_reason(job, "expired"))


class Later(Explain):
    def test_a_delay(self):
        job = self.submit("--in", "1h", "echo", 1)
        self.assertRegex(self.assert_reasons(job, "delayed", "no_worker")["delayed"], r"due at \d{4}-.*, in (59|60)m")
        self.celeriac("pause", "default")
        self.assert_reasons(job, "delayed", "paused", "no_worker")

    def test_a_delay_beyond_its_expiry(self):
        job = self.submit("--in", "1h", "--expires", "1m", "echo", 1)
        self.assertIn("before it is due", self.reasons(job)["expires"])

    def test_it_is_due_and_nobody_is_there(self):
        job = self.submit("--in", "1ms", "echo", 1)
        self.assertIn("It has been due since", self.wait_reason(job, "due"))

    def test_a_retry_waits(self):
        self.worker("-P", 1, "-T", 1)
        job = self.submit("--backoff", "30d,30d", "--retries", 3, "fail", "no")
        self.wait_state(job, "delayed")
        self.assertIn("It failed 1 time;", self.assert_reasons(job, "retry")["retry"])


class Running(Explain):
    def test_where_since_when_and_how_far(self):
        worker = self.worker("-P", 1, "-T", 1)
        job = self.submit("sleep", 60)
        text = self.wait_reason(job, "running")
        self.assertIn(f"{worker.name}", text)
        self.assertIn("attempt 1", text)
        self.celeriac("cancel", job)

    def test_its_worker_is_lost(self):
        worker = self.worker("-P", 1, "-T", 1, "--lease", "1s")
        job = self.submit("sleep", 1)
        self.wait_state(job, "running")
        worker.kill()
        self.assertIn("next worker of the queue that starts", self.wait_reason(job, "lost"))
        self.allow_warning(".*")
        self.worker("-P", 1, "-T", 1, "--lease", "1s")
        self.wait_state(job, "success", seconds=30)

    def test_a_running_job_is_cancelled(self):
        self.worker("-P", 1, "-T", 1)
        job = self.submit("spin", 3)
        self.wait_state(job, "running")
        self.celeriac("cancel", job)
        self.assertIn("ends as cancelled", self.reasons(job)["cancelled"])
        self.wait_state(job, "cancelled", seconds=30)
        self.assertIn("while it ran", self.assert_reasons(job, "cancelled")["cancelled"])


class Ended(Explain):
    def test_how_it_ended(self):
        waiting = self.submit("echo", 1)
        self.celeriac("cancel", waiting)
        self.assertIn("before it was started", self.assert_reasons(waiting, "cancelled")["cancelled"])
        late = self.submit("--expires", "1ms", "echo", 1)
        self.wait_reason(late, "expired")
        self.worker("-P", 1, "-T", 1)
        done = self.submit("echo", 1)
        self.wait_state(done, "success")
        self.assertIn("attempt 1", self.assert_reasons(done, "success")["success"])
        self.wait_state(late, "expired")
        self.assertIn("expired before it was started", self.assert_reasons(late, "expired")["expired"])

    def test_dead_letters(self):
        self.worker("-P", 1, "-T", 1)
        failed = self.submit("--retries", 0, "--unique=k", "fail", "no milk")
        self.wait_state(failed, "failure")
        found = self.assert_reasons(failed, "failure", "dead_letter")
        self.assertIn("after 1 attempt and 0 crashes: fail: no milk", found["failure"])
        self.assertIn(f"celeriac retry {failed}", found["dead_letter"])
        holder = self.submit("--in", "1h", "--unique=k", "echo", 1)
        self.assertIn(f"Job {holder} holds", self.assert_reasons(failed, "failure", "unique")["unique"])
        self.allow_warning("event=job_dead")
        unknown = self.submit("nothing_such")
        self.wait_state(unknown, "dead")
        self.assertIn("unknown_task", self.assert_reasons(unknown, "dead", "dead_letter")["dead"])

    def test_nobody_knows_it(self):
        gone = self.submit("echo", 1)
        self.celeriac("purge", "-y", "default")
        shown = self.celeriac("explain", gone, code=66)
        self.assertIn("was purged", shown.out)
        self.assertEqual(shown.err, f"celeriac: no job {gone}\n")
        self.assertEqual(list(self.reasons("6f1c0a52-9d0b-4c1e-8a55-0c5c8d3d7b10", code=66)), ["unknown"])
        self.assert_error(self.celeriac("explain", code=64), 64, "explain ID")


if __name__ == "__main__":
    main()
