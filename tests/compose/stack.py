"""One project of docker-compose, with Redis from Debian's packages."""
import json
import pathlib
import shlex
import shutil
import subprocess
import tempfile

import redis

from debian import SOURCE
from harness.until import until

FILES = "docker-compose.yml:docker-compose.debian.yml"


class Stack:
    def __init__(self, engine, name, **settings):
        self.engine, self.name = engine, name
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=engine.dir))
        self.env = {"COMPOSE_FILE": FILES, "COMPOSE_PROJECT_NAME": name, "CELERIAC_SECRETS": f"{self.dir}/secrets",
                    **settings}
        self.compose = ["docker-compose"]
        self.run(SOURCE / "tools/secrets", self.dir / "secrets")

    def run(self, *argv, **options):
        return self.engine.run(*argv, env=self.env, cwd=SOURCE, **options)

    def call(self, *argv, **options):
        """docker-compose ARGV..."""
        return self.run(*self.compose, *argv, **options).stdout

    def shell(self, line, **options):
        """A line of the documentation, word for word but for the name of the program."""
        line = line.replace("docker compose ", shlex.join(map(str, self.compose)) + " ")
        line = line.replace("tools/secrets", f"tools/secrets {self.dir}/secrets")
        return self.run("sh", "-c", line, **options).stdout

    def client(self, *argv, **options):
        return self.call("run", "--rm", "-T", "client", *argv, **options)

    def begin_map(self, task, lines):
        """A map in the background, with all its jobs in Redis at once."""
        source = self.dir / f"{task}.in"
        source.write_text("".join(f"{line}\n" for line in lines))
        child = subprocess.Popen([*self.compose, "run", "--rm", "-T", "client", "map", "--json", "--window", str(len(lines)),
                                  task], stdin=open(source), stdout=open(self.dir / f"{task}.out", "w"),
                                 stderr=open(self.dir / f"{task}.err", "w"), env={**self.engine.env, **self.env}, cwd=SOURCE)
        child.task, child.count = task, len(lines)
        return child

    def end_map(self, child, seconds=180):
        """Its rows, one a line, in order; each must be a success."""
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            code = f"none after {seconds} s"
        rows = [json.loads(line) for line in (self.dir / f"{child.task}.out").read_text().splitlines()]
        error = (self.dir / f"{child.task}.err").read_text()[-2000:]
        bad = [row for row in rows if row["state"] != "success"]
        if code or bad or len({row["id"] for row in rows}) != child.count:
            raise AssertionError(f"map {child.task}: exit code {code}, {len(rows)} of {child.count}, bad: {bad[:3]}\n{error}\n"
                                 + self.logs())
        return rows

    def containers(self, service):
        return self.call("ps", "-q", service).split()

    def inspect(self, container, form):
        return self.engine.docker("inspect", "-f", form, container)

    @property
    def redis(self):
        """As the administrator, from outside."""
        address = self.inspect(self.containers("redis")[0],
                               "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
        password = (self.dir / "secrets/admin.password").read_text()
        return redis.Redis(host=address, password=password, socket_timeout=5)

    def workers(self):
        """Rows of `celeriac workers`."""
        return [json.loads(line) for line in self.client("workers", "--json").splitlines()]

    def wait_workers(self, hosts, seconds):
        """Until exactly these containers show as workers."""
        wanted = sorted(host[:12] for host in hosts)
        return until(lambda: (lambda rows: sorted(row["host"] for row in rows) == wanted and rows)(self.workers()),
                     seconds, f"workers are those of {wanted}")

    def logs(self):
        return self.call("logs", "--no-color", "--tail", "60", check=False)

    def down(self):
        self.call("down", "-v", "--remove-orphans", "-t", "5", check=False)
        shutil.rmtree(self.dir, ignore_errors=True)
