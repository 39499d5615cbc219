"""A private redis-server in a directory of its own, on a unix socket (and on a TCP port if asked)."""
import pathlib
import signal
import socket

import redis

from harness import process
from harness.until import until


def free_port():
    """A port that the kernel chose and nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class RedisServer:
    """Settings are lines of redis.conf: RedisServer(dir, "requirepass secret", "maxmemory 2mb")."""

    def __init__(self, directory, *settings, aof=False, tcp=False):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.socket = self.dir / "redis.sock"
        self.port = free_port() if tcp else 0
        self.settings = list(settings) + (["appendonly yes", "appendfsync everysec"] if aof else [])
        self.process = None
        self.password = next((s.split()[1] for s in settings if s.startswith("requirepass ")), None)

    @property
    def url(self):
        return f"unix://{self.socket}"

    @property
    def tcp_url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def log(self):
        path = self.dir / "redis.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def client(self, **options):
        return redis.Redis(unix_socket_path=str(self.socket), password=self.password, socket_timeout=20, **options)

    def start(self):
        self.launch()
        until(self.is_up, 20, f"redis-server is up; its log:\n{self.log}")
        return self

    def launch(self):
        """Starts it without waiting until it answers."""
        lines = [f"port {self.port}", "bind 127.0.0.1", f"unixsocket {self.socket}", f"dir {self.dir}", 'save ""',
                 "daemonize no", *self.settings]
        (self.dir / "redis.conf").write_text("\n".join(lines) + "\n")
        with open(self.dir / "redis.log", "a") as log:
            self.process = process.start(["redis-server", str(self.dir / "redis.conf")], stdout=log, stderr=log)

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"redis-server ended with {self.process.returncode}:\n{self.log}")
        try:
            return self.client().ping()
        except redis.exceptions.AuthenticationError:
            return True
        except redis.exceptions.RedisError:
            return False

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def pause(self):
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def stop(self, number=signal.SIGTERM):
        if self.is_running:
            self.send(signal.SIGCONT)
            self.send(number)
            self.process.wait(20)

    def kill(self):
        self.stop(signal.SIGKILL)
