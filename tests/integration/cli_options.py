"""Settings and their precedence, units, help, verbs and URL schemes that are not built."""
from harness.case import Case, main

VERBS = ("run map submit wait result status cancel queues workers tasks jobs worker pause resume purge retry discard stats "
         "config version completion help").split()


class Options(Case):
    def origin(self, name, **options):
        setting = self.celeriac("config", "--origin", "--json", **options).value[name]
        return setting["value"], setting["origin"]

    def test_precedence_of_the_broker(self):
        home = self.dir / ".config/celeriac"
        home.mkdir(parents=True)
        env = {"XDG_CONFIG_HOME": str(self.dir / ".config")}
        del self.env["CELERIAC_BROKER"]
        self.assertEqual(self.origin("broker", env=env)[1], "default")
        self.assertIn("REDIS_URL", self.origin("broker", env={**env, "REDIS_URL": "redis://h0"})[1])
        (home / "celeriac.conf").write_text("broker = redis://h1\n")
        self.assertEqual(self.origin("broker", env=env)[0], "redis://h1")
        (self.dir / "celeriac.conf").write_text("# a comment\nbroker = redis://h2\n")
        self.assertEqual(self.origin("broker", env=env)[0], "redis://h2")
        self.assertEqual(self.origin("broker", env={**env, "CELERIAC_BROKER": "redis://h3"})[0], "redis://h3")
        rows = self.celeriac("config", "--origin", "-b", "redis://h4", env=env).out
        self.assertIn("redis://h4", rows)

    def test_passwords_are_not_shown(self):
        out = self.celeriac("config", "--origin", "-b", "redis://u:sesame@h").out
        self.assertNotIn("sesame", out)

    def test_bad_values_name_option_value_and_range(self):
        for argv, words in ((("submit", "-p", "10", "echo", "1"), ("-p 10 (--priority)", "0 to 9")),
                            (("submit", "--in", "soon", "echo", "1"), ("in", "soon")),
                            (("submit", "--nonsense", "echo", "1"), ("nonsense",)),
                            (("worker", "-P", "zero"), ("-P zero (--processes)", "from 1 to")),
                            (("worker", "--lease", "0.000001parsec"), ("lease", "parsec")),
                            (("worker", "-q", "a,0"), ("--queue a,0", "weight", "from 1 to")),
                            (("worker", "-q", "a", "-q", "a"), ("--queue a", "twice")),
                            (("worker", "--name", "a b"), ("--name a b",)),
                            (("frobnicate",), ("frobnicate",)), (("--frob", "queues"), ("--frob",))):
            with self.subTest(argv):
                self.assert_error(self.celeriac(*argv, code=64), 64, *words)

    def test_bad_values_in_files_and_environment_are_78(self):
        result = self.celeriac("worker", env={"CELERIAC_LEASE": "long"}, code=78)
        self.assert_error(result, 78, "CELERIAC_LEASE", "long")
        (self.dir / "celeriac.conf").write_text("lease = long\n")
        self.assert_error(self.celeriac("worker", code=78), 78, "celeriac.conf", "long")

    def test_durations(self):
        for text, milliseconds in (("250ms", 250), ("10s", 10000), ("5m", 300000), ("2h", 7200000), ("1d", 86400000),
                                   ("3", 3000), ("0.5", 500)):
            with self.subTest(text):
                self.assertEqual(self.celeriac("submit", "--dry-run", "--in", text, "echo", "1").code, 0)

    def test_unknown_verbs_are_64_and_later_ones_78(self):
        self.assert_error(self.celeriac("frobnicate", code=64), 64, "frobnicate")
        for verb in ("schedule",):
            with self.subTest(verb):
                self.assert_error(self.celeriac(verb, code=78), 78, verb)

    def test_schemes_that_are_not_built_are_78(self):
        for url in ("rediss://h", "redis-sentinel://h1,h2/master", "redis-cluster://h1,h2", "http://h", "nonsense"):
            with self.subTest(url):
                self.assert_error(self.celeriac("-b", url, "queues", code=78), 78)

    def test_help_and_version(self):
        text = self.celeriac("--help").out
        for verb in VERBS:
            self.assertIn(f"  {verb}", text)
            usage = self.celeriac(verb, "--help").out
            self.assertIn("celeriac " + verb, usage)
            self.assertEqual(usage, self.celeriac("help", verb).out)
        self.assertRegex(self.celeriac("version").out, r"\d+\.\d+\.\d+")
        self.assertIn("version", self.celeriac("version", "--json").value)

    def test_no_verb_is_usage(self):
        self.assertEqual(self.celeriac(code=64).out, "")

    def test_colours_only_when_asked_for(self):
        self.submit("echo", 1)
        self.assertNotIn("\033", self.celeriac("queues").out)
        self.assertNotIn("\033", self.celeriac("--color", "never", "jobs").out)
        self.assertIn("\033", self.celeriac("queues", "--color=always").out)
        self.celeriac("queues", "--color", "blue", code=64)

    def test_completion_is_shell(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("submit", self.celeriac("completion", shell).out)
        self.celeriac("completion", "csh", code=64)

    def test_global_options_stand_anywhere(self):
        for argv in (("-b", self.redis.url, "--json", "queues"), ("queues", "--json", "-b", self.redis.url)):
            self.assertEqual(self.celeriac(*argv, env={"CELERIAC_BROKER": "redis://nowhere"}).out, "")

    def test_namespaces_are_apart(self):
        self.celeriac("--namespace", "other", "submit", "echo", "1")
        self.assertEqual(self.celeriac("queues", "--json").json, [])
        self.assertEqual(self.celeriac("queues", "--json", "--namespace", "other").json[0]["ready"], 1)


if __name__ == "__main__":
    main()
