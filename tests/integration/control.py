"""celeriac control: what each command does, who is meant, and that every worker that is asked answers or is named."""
import json
import os
import signal

from harness.case import Case, main
from harness.until import until

ENOUGH = ("--wait-timeout", "30s")  # on a machine that is busy with other things


class Control(Case):
    def control(self, *argv, code=0):
        """The answers by the worker's name."""
        result = self.celeriac("control", *ENOUGH, *argv, "--json", code=code)
        return {row["worker"].rpartition("-")[0]: row for row in map(json.loads, result.out.splitlines())}

    def worker(self, *argv, **options):
        """It is ready a moment before others can read of it in Redis."""
        worker = super().worker(*argv, **options)
        until(lambda: self.rows(worker.name), 20, f"{worker.name} is published")
        return worker

    def rows(self, name):
        rows = [json.loads(line) for line in self.celeriac("workers", "--json").out.splitlines()]
        return [row for row in rows if row["worker"].rpartition("-")[0] == name]

    def published(self, name):
        return self.rows(name)[0]

    def test_quiet_takes_nothing_new_and_finishes_what_runs(self):
        self.worker("-P", 1, "-T", 1)
        first = self.submit("sleep", 1)
        self.wait_state(first, "running")
        answer = self.control("w1", "quiet")["w1"]
        self.assertEqual((answer["command"], answer["result"], answer["state"]), ("quiet", "done", "quiet"))
        second = self.submit("sum_range", 5)
        self.wait_state(first, "success")
        self.celeriac("wait", "--wait-timeout", "300ms", second, code=124)
        self.assertEqual(self.status(second)["state"], "queued")
        self.assertEqual(self.control("w1", "quiet")["w1"]["result"], "done")
        self.assertEqual(self.control("w1", "resume")["w1"]["state"], "running")
        self.assertEqual(self.celeriac("wait", second).value, 10)

    def test_quiet_holds_for_runners_that_come_later(self):
        worker = self.worker("-P", 1, "-T", 1)
        before = worker.runners
        self.control("w1", "quiet")
        self.assertEqual(self.control("w1", "restart")["w1"]["state"], "quiet")
        worker.wait_new_runners(before)
        worker.wait_event("reloaded")
        job = self.submit("sum_range", 5)
        self.celeriac("wait", "--wait-timeout", "300ms", job, code=124)
        self.control("w1", "resume")
        self.assertEqual(self.celeriac("wait", job).value, 10)

    def test_stop_ends_as_term_does(self):
        worker = self.worker("-P", 1, "-T", 1, "--lease", "1s")
        first = self.submit("sleep", 3)
        self.wait_begun(first)
        second = self.submit("sleep", 60)
        self.assertEqual(self.control("w1", "stop")["w1"]["state"], "stopping")
        self.assertEqual(worker.process.wait(30), 0)
        self.assertEqual((self.status(first)["state"], self.status(second)["state"]), ("success", "queued"))

    def test_a_stopping_worker_refuses_the_rest(self):
        worker = self.worker("-P", 1, "-T", 1)
        job = self.submit("sleep", 60)
        self.wait_state(job, "running")
        self.control("w1", "stop")
        for command in (("quiet",), ("resume",), ("scale", 2), ("restart",)):
            with self.subTest(command):
                self.allow_warning("reload_ignored")
                answer = self.control("w1", *command, code=75)["w1"]
                self.assertEqual((answer["result"], answer["reason"]), ("refused", "the worker stops"))
        self.assertEqual(self.control("w1", "stop")["w1"]["result"], "done")
        self.assertTrue(worker.is_running)
        self.celeriac("cancel", job)
        self.assertEqual(worker.process.wait(30), 0)

    def test_restart_replaces_runners_one_by_one(self):
        worker = self.worker("-P", 2, "-T", 1)
        before = set(worker.runners)
        self.assertEqual(self.control("w1", "restart")["w1"]["result"], "done")
        worker.wait_new_runners(before, 2)
        self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)

    def test_scale_drains_those_that_go_and_holds_over_replacements(self):
        worker = self.worker("-P", 2, "-T", 1)
        self.assertEqual(self.control("w1", "scale", 4)["w1"]["processes"], 4)
        until(lambda: self.published("w1")["processes"] == 4 and len(worker.runners) == 4, 20, "four runners")
        jobs = [self.submit("sleep", 1) for _ in range(4)]
        for job in jobs:
            self.wait_state(job, "running")
        self.control("w1", "scale", 1)
        until(lambda: len(worker.runners) == 1 and self.published("w1")["processes"] == 1, 20, "one runner")
        self.assertEqual([(s["state"], s["attempt"]) for s in map(self.status, jobs)], [("success", 1)] * 4)
        before = worker.runners
        self.allow_warning("runner_died")
        os.kill(before[0], signal.SIGKILL)
        worker.wait_new_runners(before)
        self.control("w1", "scale", 3)
        until(lambda: len(worker.runners) == 3, 20, "three runners")
        before = set(worker.runners)
        self.control("w1", "restart")
        worker.wait_new_runners(before, 3)
        until(lambda: self.published("w1")["processes"] == 3, 5, "three are published")

    def test_a_refused_restart_keeps_the_scale(self):
        settings = self.dir / "config/celeriac/celeriac.conf"
        settings.parent.mkdir(parents=True)
        worker = self.worker("-P", 1, "-T", 1, env={"XDG_CONFIG_HOME": str(self.dir / "config")})
        self.control("w1", "scale", 2)
        until(lambda: len(worker.runners) == 2, 20, "two runners")
        settings.write_text("lease = soon\n")
        self.allow_warning("reload_refused")
        answer = self.control("w1", "restart", code=75)["w1"]
        self.assertIn("settings", answer["reason"])
        self.assertEqual(len(worker.runners), 2)

    def test_the_pattern_says_who_is_meant(self):
        names = ["web", "web-2", "mail"]
        for name in names:
            self.worker("-P", 1, "-T", 1, name=name)
        ids = {name: self.published(name)["worker"] for name in ("mail", "web-2")}
        for pattern, meant in (("all", names), ("web", ["web"]), ("web*", ["web", "web-2"]), ("*", names),
                               (ids["mail"], ["mail"]), ("[mx]ail", ["mail"]), ("web-2", ["web-2"])):
            with self.subTest(pattern):
                self.assertEqual(sorted(self.control(pattern, "resume")), sorted(meant))
        self.assert_error(self.celeriac("control", "we", "stop", code=None), 66, "we")
        lines = self.celeriac("control", *ENOUGH, "web*", "quiet").lines
        self.assertEqual([line.split()[1] for line in lines], ["RESULT", "done", "done"])

    def test_a_silent_worker_is_named(self):
        quick, stuck = self.worker("-P", 1, "-T", 1), self.worker("-P", 1, "-T", 1)
        os.kill(stuck.steward, signal.SIGSTOP)
        self.allow_warning("steward|beat|redis")
        result = self.celeriac("control", "--wait-timeout", "1s", "all", "resume", "--json", code=69)
        rows = {row["worker"].rpartition("-")[0]: row["result"] for row in map(json.loads, result.out.splitlines())}
        self.assertEqual(rows, {"w1": "done", "w2": "silent"})
        self.assertIn("w2-", result.err)
        self.assertNotIn("w1-", result.err)
        os.kill(stuck.steward, signal.SIGCONT)
        self.assertTrue(quick.is_running)

    def test_a_worker_whose_steward_is_replaced_meanwhile_answers(self):
        worker = self.worker("-P", 1, "-T", 1)
        self.allow_warning("steward_died")
        os.kill(worker.steward, signal.SIGKILL)
        self.assertEqual(self.control("w1", "resume")["w1"]["result"], "done")

    def test_usage_is_checked_before_anything_is_sent(self):
        for words in ((), ("w1",), ("w1", "frob"), ("w1", "scale"), ("w1", "scale", 0), ("w1", "scale", 65),
                      ("w1", "scale", "x"), ("w1", "scale", 1, 2), ("w1", "quiet", 1)):
            with self.subTest(words):
                self.assert_error(self.celeriac("control", *words, code=None), 64)

    def test_hostile_commands_do_no_harm(self):
        worker = self.worker("-P", 1, "-T", 1)
        self.allow_warning("command_unknown")
        pids, channel, redis = worker.all_pids, f"celeriac:worker:{self.published('w1')['worker']}:control", self.client()
        hostile = [b"", b"\0", b"stop\0", b"stop ", b"STOP", b"scale 99999999999999999999", b"scale -1", b"x" * 300000,
                   b"quiet ack " + b"y" * 65, b"quiet ack a:b", b"quiet ack ../x", b"\xff\xfe" * 9, b"stop\r\nquiet",
                   b"ack", b"ack ack", b"%s%s%n ack t", b"scale 0", b"scale 1000 ack t"]
        for text in hostile:
            self.assertEqual(redis.publish(channel, text), 1)
        for byte in range(256):
            redis.publish(channel, b"stop" + bytes([byte]))
        self.assertEqual(self.control("w1", "resume")["w1"]["state"], "running")
        self.assertEqual(worker.all_pids, pids)
        self.assertEqual(worker.events("worker_stopping") + worker.events("worker_quiet"), [])
        self.assertEqual(worker.events("worker_scaled"), [])
        self.assertEqual(self.celeriac("run", "sum_range", 5).value, 10)

    def test_plain_words_need_no_answer(self):
        worker = self.worker("-P", 1, "-T", 1)
        self.client().publish(f"celeriac:worker:{self.published('w1')['worker']}:control", "quiet")
        worker.wait_event("worker_quiet")

    def test_answers_come_within_a_second(self):
        for _ in range(3):
            self.worker("-P", 1, "-T", 1)
        for _ in range(5):
            self.celeriac("control", "--wait-timeout", "1s" if not os.environ.get("CELERIAC_SANITIZE") else "5s",
                          "all", "resume")


if __name__ == "__main__":
    main()
