"""What `make install` installs serves strangers: the example, built with pkg-config and with CMake, runs a job."""
import os
import shutil
import subprocess

from harness import celeriac
from harness.case import Case, main

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(stranger C)
find_package(celeriac REQUIRED)
add_executable(stranger client_example.c)
target_link_libraries(stranger PRIVATE celeriac::celeriac)
"""


class Install(Case):
    def setUp(self):
        super().setUp()
        self.prefix = self.dir / "usr"
        self.command("cmake", "--install", celeriac.BUILD, "--prefix", self.prefix)
        self.lib = next(self.prefix.rglob("celeriac.pc")).parent.parent
        self.example = self.dir / "client_example.c"
        shutil.copy(celeriac.SOURCE / "examples/client_example.c", self.example)

    def command(self, *argv, env=None):
        """Its output; fails unless it ends with 0."""
        done = subprocess.run([str(word) for word in argv], cwd=self.dir, env={**os.environ, **(env or {})}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        self.assertEqual(done.returncode, 0, f"{argv}\n{done.stdout}")
        return done.stdout

    def run_example(self, program):
        """Against a worker of the installed program, with the installed modules."""
        env = {k: v for k, v in self.env.items() if k != "CELERIAC_MODULE_PATH"}
        env["LD_LIBRARY_PATH"] = str(self.lib)
        celeriac_program = celeriac.PROGRAM
        celeriac.PROGRAM = str(self.prefix / "bin/celeriac")
        self.addCleanup(setattr, celeriac, "PROGRAM", celeriac_program)
        self.env = env
        self.worker("-P", 1, "-T", 1)
        self.assertTrue(self.command(program, env=env))

    def test_with_pkg_config(self):
        env = {"PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}
        flags = self.command("pkg-config", "--cflags", "--libs", "celeriac", env=env).split()
        sanitize = [f"-fsanitize={celeriac.SANITIZE}"] if celeriac.SANITIZE else []
        self.command("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", *sanitize, self.example, "-o", "stranger", *flags)
        self.run_example(self.dir / "stranger")

    def test_with_cmake(self):
        (self.dir / "CMakeLists.txt").write_text(PROJECT)
        flags = f"-DCMAKE_C_FLAGS=-fsanitize={celeriac.SANITIZE}" if celeriac.SANITIZE else "-DCMAKE_C_FLAGS="
        self.command("cmake", "-S", ".", "-B", "b", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}", flags)
        self.command("cmake", "--build", "b")
        self.run_example(self.dir / "b/stranger")

    def test_uninstall_leaves_nothing(self):
        (self.prefix / "share/man/man1").mkdir(parents=True, exist_ok=True)  # sanitizer builds bring no pages
        (self.prefix / "share/man/man1/other.1").write_text("of another program")
        self.command(celeriac.SOURCE / "tools/uninstall", celeriac.BUILD)
        left = [path for path in self.prefix.rglob("*") if not path.is_dir() or "celeriac" in path.name]
        self.assertEqual([path.name for path in left], ["other.1"])

    def test_headers_stand_alone(self):
        for header in sorted((self.prefix / "include").rglob("*.h")):
            with self.subTest(header.name):
                self.command("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I",
                             header.parent, "-x", "c", header)


if __name__ == "__main__":
    main()
