"""Tasks of one's own, against what `make install` installs: the example from source to result, hooks, jobs that submit
jobs, and modules that are refused without harm."""
import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from harness import celeriac
from harness.case import Case, main
from harness.until import until

MODULES = pathlib.Path(__file__).resolve().parent / "modules"
SANITIZE = [f"-fsanitize={celeriac.SANITIZE}"] if celeriac.SANITIZE else []
LOOP = "for (;;) (void)getppid()"

# What goes wrong, where, and what is said of it.
TROUBLES = [
    ({"ABI": "CELERIAC_ABI + 1"}, "it was built for interface 2, this program has 1"),
    ({"TROUBLE": "celeriac_of_another_age()"}, "undefined symbol: celeriac_of_another_age"),
    ({"TROUBLE": "raise(SIGSEGV)"}, "crashed with SIGSEGV in the set-up of its process"),
    ({"TROUBLE": "abort()"}, "crashed with SIGABRT in the set-up of its process"),
    ({"TROUBLE": "exit(3)"}, "ended its process with exit code 3 in the set-up of its process"),
    ({"TROUBLE": "_exit(0)"}, "ended its process with exit code 0 in the set-up of its process"),
    ({"TROUBLE": "*(volatile int *)8 = 1", "PLACE": "IN_THREAD"}, "crashed with SIGSEGV in the set-up of a thread"),
    ({"TROUBLE": "raise(SIGILL)", "PLACE": "IN_CONSTRUCTOR"}, "crashed with SIGILL while it was loaded"),
    ({"TROUBLE": "raise(SIGFPE)", "PLACE": "IN_CLEAR"}, "crashed with SIGFPE while its process was cleared"),
]


def command(*argv, cwd=None, env=None):
    """Its output; AssertionError unless it ends with 0."""
    done = subprocess.run([str(word) for word in argv], cwd=cwd, env={**os.environ, **(env or {})}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}")
    return done.stdout


class OwnTasks(Case):
    @classmethod
    def setUpClass(cls):
        base = pathlib.Path(tempfile.mkdtemp(prefix="celeriac-own-"))
        cls.addClassCleanup(shutil.rmtree, base)
        cls.prefix = base / "usr"
        command("cmake", "--install", celeriac.BUILD, "--prefix", cls.prefix)
        cls.lib = next(cls.prefix.rglob("celeriac.pc")).parent.parent
        cls.addClassCleanup(setattr, celeriac, "PROGRAM", celeriac.PROGRAM)
        celeriac.PROGRAM = str(cls.prefix / "bin/celeriac")

    def setUp(self):
        super().setUp()
        self.env.pop("CELERIAC_MODULE_PATH", None)
        self.example = self.dir / "mytask"
        shutil.copytree(celeriac.SOURCE / "examples/mytask", self.example)

    # ---- building ----

    def cc(self, out, *words):
        flags = command("pkg-config", "--cflags", "celeriac", env={"PKG_CONFIG_PATH": str(self.lib / "pkgconfig")})
        made = self.dir / (out + ".new")
        command("cc", "-std=gnu11", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror",
                "-Wno-implicit-function-declaration", *words, *flags.split(), "-o", made)
        made.rename(self.dir / out)  # a file that is loaded must not be written into
        return self.dir / out

    def trouble(self, out="trouble.so", **macros):
        return self.cc(out, *[f"-D{name}={value}" for name, value in macros.items()], MODULES / "trouble.c")

    def build_example(self):
        source, build = self.example, self.example / "build"
        command("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}",
                f"-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Werror {' '.join(SANITIZE)}")
        command("cmake", "--build", build)
        return build

    # ---- the example ----

    def test_example_from_source_to_result_with_cmake(self):
        build = self.build_example()
        self.assertIn("100% tests passed", command("ctest", "--test-dir", build))
        command("cmake", "--install", build)
        installed = self.prefix / "lib"
        self.assertEqual(len(list(installed.rglob("celeriac/modules/mytask.so"))), 1)
        self.worker("-P", 1, "-T", 2, "--module", "mytask")
        self.assertEqual(self.celeriac("run", "collatz", 27).value, {"steps": 111, "highest": 9232})
        self.assert_error(self.celeriac("run", "collatz", 0, code=None), 64, "collatz", "n = 0", "1..1e15")
        shown = self.celeriac("tasks", "fan_out").out
        for word in ("Submits a job", "PARAMETER", "count", "integer 1..1000", "jobs", "queue", '"default"',
                     "required"):
            self.assertIn(word, shown)

    def test_example_with_one_line_of_cc_and_without_a_worker(self):
        module = self.cc("mytask.so", self.example / "mytask.c", self.example / "fan_out.c")
        del self.env["CELERIAC_BROKER"]
        result = self.celeriac("run", "--module", "./mytask.so", "collatz", 27)
        self.assertEqual(result.value["steps"], 111)
        self.assertEqual(result.err, "")
        mapped = self.celeriac("map", "--module", module, "collatz", stdin="1\n2\n3\n").json
        self.assertEqual([r["steps"] for r in mapped], [0, 1, 7])
        self.assertEqual(self.celeriac("run", "--module=mytask.so", "sum_range", 5).value, 10)

    def test_the_guide_is_right(self):
        """Its first block of C is a module, its last one a test of it."""
        text = (celeriac.SOURCE / "docs/tasks.md").read_text()
        blocks = re.findall(r"^```c\n(.*?)^```$", text, re.M | re.S)
        (self.dir / "guide.c").write_text(blocks[0])
        (self.dir / "test_guide.c").write_text(blocks[-1])
        module = self.cc("mytask.so", self.dir / "guide.c")
        flags = command("pkg-config", "--cflags", "--libs", "celeriac",
                        env={"PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}).split()
        command("cc", "-Wall", "-Wextra", "-Werror", *SANITIZE, self.dir / "test_guide.c", "-o",
                self.dir / "test_guide", *flags)
        command(self.dir / "test_guide", cwd=self.dir, env={"LD_LIBRARY_PATH": str(self.lib)})
        (self.dir / "celeriac.conf").write_text(f"module = {module}\n")
        self.worker("-P", 1, "-T", 1)
        self.assertEqual(self.celeriac("run", "collatz", 27).value, 111)

    def test_module_option_is_local_though_a_broker_is_configured(self):
        self.trouble("good.so")
        self.assertEqual(self.celeriac("run", "--module", "./good.so", "version").value, 1)
        self.assertEqual(self.celeriac("queues", "--json").json, [])

    # ---- jobs that submit jobs ----

    def fan_out(self, *options, env=None):
        """Ids of five children, once all have succeeded."""
        ids = self.celeriac("run", *options, "fan_out", "sum_range", 5, env=env).value
        values = [self.celeriac("wait", *options, job, env=env).value for job in ids]
        self.assertEqual(values, [0, 1, 3, 6, 10])
        return ids

    def test_jobs_that_submit_jobs(self):
        self.cc("mytask.so", self.example / "mytask.c", self.example / "fan_out.c")
        self.worker("-P", 1, "-T", 1, "--module", "./mytask.so")
        self.assertEqual(len(set(self.fan_out())), 5)
        self.assert_error(self.celeriac("run", "fan_out", "collatz", 1001, code=None), 64, "count = 1001")

    def test_tasks_reach_the_broker_that_the_worker_was_told(self):
        """The user's password is in the URL on the command line; it is not in what programs inherit."""
        self.cc("mytask.so", self.example / "mytask.c", self.example / "fan_out.c")
        self.cc("hooks.so", MODULES / "hooks.c")
        self.client().execute_command("ACL", "SETUSER", "worker", "on", ">a%:b", "~*", "&*", "+@all")
        url = self.redis.url.replace("unix://", "unix://worker:a%25%3Ab@")
        env = {"CELERIAC_BROKER": "redis://127.0.0.1:1", "HOOKS_LOG": str(self.dir / "hooks")}
        options = ("--broker", self.redis.url, "--namespace", "other")
        self.worker("--broker", url, "--namespace", "other", "-P", 1, "-T", 1, "--module", "./mytask.so",
                    "--module", "./hooks.so", env=env)
        self.fan_out(*options, env=env)

        def variable(name):
            return self.celeriac("run", *options, "variable", name, env=env).value
        self.assertEqual(variable("CELERIAC_BROKER"), self.redis.url.replace("unix://", "unix://worker@"))
        self.assertEqual(variable("CELERIAC_NAMESPACE"), "other")
        self.assertTrue(variable("CELERIAC_PASSWORD_FILE").startswith("/proc/self/fd/"))

    # ---- hooks ----

    def test_hooks_run_once_in_each_process_and_thread_and_are_undone_at_a_drained_end(self):
        self.cc("hooks.so", MODULES / "hooks.c")
        log = self.dir / "hooks"
        worker = self.worker("-P", 2, "-T", 3, "--module", "./hooks.so", env={"HOOKS_LOG": str(log)})
        runners = set(worker.runners)
        states = self.celeriac("map", "state", stdin="[]\n" * 60).json
        self.assertEqual({process for process, _ in states}, runners)
        self.assertEqual(worker.stop(), 0)
        calls = collections.defaultdict(list)
        for line in log.read_text().splitlines():
            hook, process, thread = line.split()
            calls[int(process)].append((hook, int(thread)))
        self.assertEqual(len(calls), 3)  # the trial, too
        for runner in runners:
            hooks = [hook for hook, _ in calls[runner]]
            self.assertEqual(hooks, ["process_setup"] + ["thread_setup"] * 3 + ["thread_clear"] * 3 + ["process_clear"])
            threads = sorted(thread for hook, thread in calls[runner] if hook == "thread_setup")
            self.assertEqual(threads, sorted(thread for hook, thread in calls[runner] if hook == "thread_clear"))
            self.assertEqual(len(set(threads) - {runner}), 3)
            self.assertLessEqual({thread for process, thread in states if process == runner}, set(threads))

    # ---- modules that are refused ----

    def test_refused_at_the_start(self):
        self.allow_warning("worker_refused")
        for macros, words in TROUBLES:
            with self.subTest(**macros):
                self.trouble(**macros)
                worker = self.worker("--module", "./trouble.so", ready=False)
                self.assertEqual(worker.process.wait(10), 78, worker.log)
                lines = worker.events("worker_refused")
                self.assertEqual([line["reason"] for line in lines], [f"module ./trouble.so: {words}"])
                self.assertEqual(worker.events("runner_started"), [])

    def test_refused_by_the_command_line(self):
        del self.env["CELERIAC_BROKER"]
        self.trouble(TROUBLE="raise(SIGSEGV)")
        for verb in (["run", "version"], ["map", "version", "/dev/null"]):
            result = self.celeriac(*verb, "--module", "./trouble.so", code=None)
            self.assert_error(result, 78, "celeriac: module ./trouble.so: crashed with SIGSEGV")
        self.assert_error(self.celeriac("run", "--module", "./nowhere.so", "version", code=None), 78, "./nowhere.so")

    def test_refused_at_a_reload_while_jobs_run(self):
        self.trouble()
        worker = self.worker("-P", 2, "-T", 1, "--module", "./trouble.so")
        self.allow_warning("reload_refused")
        runners = set(worker.runners)
        jobs = self.start("map", "sleep", stdin="0.02\n" * 400, name="map")
        for n, (macros, words) in enumerate(TROUBLES, 1):
            self.trouble(**macros)
            worker.send(signal.SIGHUP)
            refused = worker.wait_event("reload_refused", count=n)
            self.assertEqual(refused["reason"], f"module ./trouble.so: {words}")
        self.assertEqual(jobs.wait(60), 0)
        self.assertEqual(len((self.dir / "map.out").read_text().splitlines()), 400)
        self.assertEqual(set(worker.runners), runners)
        self.assertEqual(self.celeriac("run", "version").value, 1)

    def test_a_good_module_is_taken_at_a_reload(self):
        self.trouble()
        worker = self.worker("-P", 2, "-T", 1, "--module", "./trouble.so")
        before = set(worker.runners)
        self.trouble(VERSION=2)
        worker.send(signal.SIGHUP)
        worker.wait_new_runners(before, 2)
        self.assertEqual(self.celeriac("run", "version").value, 2)

    def test_an_endless_set_up_is_given_up_while_the_worker_goes_on(self):
        self.trouble()
        worker = self.worker("-P", 1, "-T", 1, "--module", "./trouble.so")
        self.allow_warning("reload_refused|reload_ignored")
        self.trouble(TROUBLE=LOOP)
        worker.send(signal.SIGHUP)
        trial = until(lambda: [p for p in worker.all_pids if self.is_trial(p)], 10, "the trial")
        worker.send(signal.SIGHUP)
        worker.wait_event("reload_ignored")
        self.allow_warning("steward_died")
        os.kill(worker.steward, signal.SIGKILL)  # the master sees it, although a trial is under way
        worker.wait_event("steward_started", count=2)
        self.assertEqual(self.celeriac("run", "version").value, 1)
        self.assertTrue(self.is_trial(trial[0]))
        refused = worker.wait_event("reload_refused", seconds=15)
        self.assertIn("./trouble.so: took too long in the set-up of its process", refused["reason"])
        self.assertEqual(self.celeriac("run", "version").value, 1)

    def test_a_starter_that_ignores_the_ends_of_children_does_no_harm(self):
        """The end of the trial, and of runners, must be heard of all the same."""
        ignore = ("import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
                  "os.execv(sys.argv[1], sys.argv[1:])")
        self.trouble()
        self.allow_warning("runner_died|job_dead|recovered")
        worker = self.worker("-P", 1, "-T", 1, "--module", "./trouble.so", wrapper=[sys.executable, "-c", ignore])
        self.assertEqual(self.celeriac("run", "version").value, 1)
        self.celeriac("run", "--retries", 0, "crash", code=1, timeout=20)
        self.assertEqual(worker.stop(timeout=5), 0)

    def test_stopping_does_not_wait_for_a_trial(self):
        self.trouble()
        worker = self.worker("-P", 1, "-T", 1, "--module", "./trouble.so")
        self.trouble(TROUBLE=LOOP)
        worker.send(signal.SIGHUP)
        until(lambda: [p for p in worker.all_pids if self.is_trial(p)], 10, "the trial")
        self.assertEqual(worker.stop(timeout=5), 0)

    def is_trial(self, pid):
        try:
            return pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "module trial"
        except OSError:
            return False


if __name__ == "__main__":
    main()
