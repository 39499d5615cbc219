"""A Docker engine of its own for the test: dockerd with all its data in a temporary directory.

CELERIAC_DEPLOY_DATA names a directory that keeps images and layers for the next run instead.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.request

from debian import MIRROR
from harness import process
from harness.until import until

NEEDED = ("dockerd", "docker", "docker-compose", "debootstrap")


def is_reachable(url):
    try:
        with urllib.request.urlopen(f"{url}/dists/trixie/Release", timeout=20):
            return True
    except OSError:
        return False


class NoEngine(Exception):
    """Why none can be started here."""


class Engine:
    def __init__(self):
        missing = [name for name in NEEDED if not shutil.which(name)]
        if missing:
            raise NoEngine(f"not installed: {' '.join(missing)}")
        if os.geteuid() != 0:
            raise NoEngine("dockerd needs root")
        if not is_reachable(MIRROR):
            raise NoEngine(f"{MIRROR} is out of reach: nothing to make images from")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="celeriac-deploy-"))
        self.had_bridge = pathlib.Path("/sys/class/net/docker0").exists()
        self.log_path = self.dir / "dockerd.log"
        data = os.environ.get("CELERIAC_DEPLOY_DATA", self.dir / "data")
        self.env = {**os.environ, "DOCKER_HOST": f"unix://{self.dir}/docker.sock", "DOCKER_BUILDKIT": "0",
                    "COMPOSE_DOCKER_CLI_BUILD": "0", "HOME": str(self.dir), "LC_ALL": "C.UTF-8"}
        self.env.pop("DOCKER_CONTEXT", None)
        with open(self.log_path, "w") as log:
            self.daemon = process.start(
                ["dockerd", "--host", self.env["DOCKER_HOST"], "--data-root", data, "--exec-root",
                 self.dir / "exec", "--pidfile", self.dir / "pid"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            until(self.answers, 30, "dockerd answers")
        except AssertionError:
            tail = self.log_path.read_text().splitlines()[-3:]
            self.stop()
            raise NoEngine(f"dockerd does not start: {' | '.join(tail)}") from None

    def answers(self):
        if self.daemon.poll() is not None:
            raise AssertionError("dockerd has ended")
        return self.run("docker", "version", check=False).returncode == 0

    def run(self, *argv, check=True, stdin="", timeout=900, env=None, cwd=None):
        """A CompletedProcess with both outputs as text; fails with them unless the command ends with 0."""
        argv = [str(word) for word in argv]
        done = subprocess.run(argv, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                              timeout=timeout, env={**self.env, **(env or {})})
        if check and done.returncode:
            lines = (done.stdout + done.stderr).splitlines()[-40:]
            raise AssertionError(f"{' '.join(argv)}: exit code {done.returncode}\n" + "\n".join(lines))
        return done

    def docker(self, *argv, **options):
        return self.run("docker", *argv, **options).stdout.strip()

    def image_size(self, image):
        return int(self.docker("image", "inspect", "-f", "{{.Size}}", image))

    def stop(self):
        if self.daemon.poll() is None:
            names = self.run("docker", "ps", "-aq", check=False).stdout.split()
            if names:
                self.run("docker", "rm", "-f", *names, check=False)
            self.daemon.terminate()
            try:
                self.daemon.wait(60)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        if not self.had_bridge and shutil.which("ip"):
            subprocess.run(["ip", "link", "delete", "docker0"], check=False, stderr=subprocess.DEVNULL)
        for mount in (self.dir / "exec/netns").glob("*"):  # dockerd leaves one behind
            subprocess.run(["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)
