"""Completion in real shells: verbs, options, and the queues and tasks of the live system."""
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import celeriac
from harness.case import Case, main
from harness.until import until


class Completion(Case):
    def setUp(self):
        super().setUp()
        self.bin = self.dir / "bin"
        self.bin.mkdir()
        (self.bin / "celeriac").symlink_to(pathlib.Path(celeriac.PROGRAM).resolve())
        self.env["PATH"] = f"{self.bin}:{os.environ['PATH']}"
        self.env["TERM"] = "vt100"
        self.worker("-P", 1, "-T", 1, "-q", "default", "-q", "mail")
        self.submit("-q", "nightly", "echo", 1)

    def shell(self, *argv):
        done = subprocess.run([str(word) for word in argv], cwd=self.dir, env=self.env, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout.splitlines()

    def check(self, complete):
        """complete(words...) gives the candidates for the last word."""
        self.assertEqual(complete("celeriac", "pur"), ["purge"])
        self.assertEqual(complete("celeriac", "run", "sum_"), ["sum_range"])
        self.assertEqual(complete("celeriac", "purge", "nig"), ["nightly"])
        self.assertEqual(complete("celeriac", "submit", "-q", "nig"), ["nightly"])
        self.assertEqual(complete("celeriac", "submit", "--kill-a"), ["--kill-after"])

    def test_bash(self):
        def complete(*words):
            script = ('source <(celeriac completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _celeriac; '
                      'printf "%s\\n" "${COMPREPLY[@]}"')
            return self.shell("bash", "--norc", "-c", script, "bash", *words)
        self.check(complete)

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish(self):
        def complete(*words):
            script = 'celeriac completion fish | source; complete -C "$argv"'
            return [line.split("\t")[0] for line in self.shell("fish", "--no-config", "-c", script, *words)]
        self.check(complete)

    @unittest.skipUnless(shutil.which("zsh") and shutil.which("tmux"), "no zsh, or no tmux")
    def test_zsh_from_its_search_path(self):
        functions = self.dir / "functions"
        functions.mkdir()
        (functions / "_celeriac").write_text(self.celeriac("completion", "zsh").out)
        self.zsh(f"fpath=({functions} $fpath)", "autoload -U compinit", "compinit -u -d $PWD/dump")

    @unittest.skipUnless(shutil.which("zsh") and shutil.which("tmux"), "no zsh, or no tmux")
    def test_zsh_sourced(self):
        self.zsh("autoload -U compinit", "compinit -u -d $PWD/dump", "source <(celeriac completion zsh)")

    def zsh(self, *lines):
        """A shell with these lines in its .zshrc completes what is typed, on a screen of 80x24."""
        (self.dir / ".zshrc").write_text("\n".join((*lines, "bindkey -e", "PROMPT='ready> '", "")))
        self.env["ZDOTDIR"] = str(self.dir)
        tmux = ("tmux", "-f", "/dev/null", "-S", self.dir / "tmux")
        self.shell(*tmux, "new-session", "-d", "-x", 80, "-y", 24, "zsh")
        try:
            screen = lambda: "\n".join(self.shell(*tmux, "capture-pane", "-p"))
            is_empty = lambda: screen().rstrip().endswith("ready>")
            until(is_empty, 20, "a prompt")
            for typed, completed in (("pur", "purge"), ("run sum_", "run sum_range"), ("purge nig", "purge nightly"),
                                     ("submit -q nig", "submit -q nightly")):
                self.shell(*tmux, "send-keys", f"celeriac {typed}", "Tab")
                until(lambda: f"ready> celeriac {completed}" in screen(), 20, f"{completed} on\n{screen()}")
                self.shell(*tmux, "send-keys", "C-u")  # empties the line
                until(is_empty, 20, f"an empty line on\n{screen()}")
        finally:
            self.shell(*tmux, "kill-server")


if __name__ == "__main__":
    main()
