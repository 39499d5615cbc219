"""A proxy between workers and Redis, unix socket to unix socket, that knows which call each reply belongs to.

    proxy = Proxy(path, server.socket)
    rule = proxy.cut("commit", 5)      # the next reply to commit.lua: five bytes of it, then the connection is gone
    rule = proxy.cut("commit", None)   # the next call of commit.lua never reaches Redis
    rule = proxy.delay("reserve", 0.3) # the next reply to reserve.lua comes that much later
    rule = proxy.repeat("commit", 5)   # the next reply to commit.lua, with its byte 5 twice (None: all of it twice)
    rule = proxy.before("commit", act) # act() when the next commit.lua is about to reach Redis, which it does then
    rule = proxy.after("commit", act)  # act() when it has been carried out, before the reply is handed on
    rule.done                          # has it happened?
    proxy.refuse(0.5)                  # whoever dials within the next half second waits that long

Scripts are told by the sums of the build's joined sources; other calls have the name of their command. A connection that
subscribes is passed through as it is.
"""
import hashlib
import pathlib
import socket
import threading
import time

from harness import celeriac


def script_names():
    found = pathlib.Path(celeriac.BUILD).glob("broker/**/*.lua")
    return {hashlib.sha1(path.read_bytes()).hexdigest(): path.stem for path in found}


def line_end(data, at):
    end = data.find(b"\r\n", at)
    return None if end < 0 else end + 2


def value_end(data, at):
    """Where the RESP value that begins at `at` ends; None: not all of it is here."""
    end = line_end(data, at)
    if end is None:
        return None
    kind, head = data[at:at + 1], data[at + 1:end - 2]
    if kind == b"$":
        end += max(int(head) + 2, 0)
        return end if end <= len(data) else None
    for _ in range(int(head) if kind == b"*" else 0):
        end = value_end(data, end)
        if end is None:
            return None
    return end


def words(request):
    """The first two words of a request."""
    parts = request.split(b"\r\n", 5)
    return parts[2].decode().upper(), parts[4].decode("latin-1") if len(parts) > 4 else ""


class Rule:
    def __init__(self, name, offset=None, delay=0, is_request=False, action=None, repeats=False):
        self.name, self.offset, self.delay, self.is_request, self.action = name, offset, delay, is_request, action
        self.repeats = repeats
        self.done, self.length = False, None  # length: of the reply that was cut


class Connection:
    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(str(proxy.server_path))
        self.pending, self.is_raw = [], False
        for target in (self.requests, self.replies):
            threading.Thread(target=self.guard, args=(target,), daemon=True).start()

    def guard(self, pump):
        try:
            pump()
        except OSError:
            pass
        self.close()

    def close(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def requests(self):
        data = b""
        while more := self.client.recv(65536):
            data += more
            while data and (end := value_end(data, 0)) is not None:
                request, data = data[:end], data[end:]
                verb, argument = words(request)
                name = self.proxy.names.get(argument, verb) if verb == "EVALSHA" else verb
                self.is_raw |= "SUBSCRIBE" in verb
                self.proxy.count(name)
                rule = self.proxy.take(name, is_request=True)
                if rule and not rule.action:
                    return
                if rule:
                    rule.action()
                self.pending.append(name)
                self.server.sendall(request)

    def replies(self):
        data = b""
        while more := self.server.recv(65536):
            data += more
            if self.is_raw:
                self.client.sendall(data)
                data = b""
            while data and (end := value_end(data, 0)) is not None:
                reply, data = data[:end], data[end:]
                if not self.hand_on(reply):
                    return

    def hand_on(self, reply):
        rule = self.proxy.take(self.pending.pop(0) if self.pending else "", is_request=False)
        if rule is None:
            self.client.sendall(reply)
            return True
        rule.length = len(reply)
        if rule.action:
            rule.action()
        time.sleep(rule.delay)
        if rule.repeats:
            at, length = (0, len(reply)) if rule.offset is None else (rule.offset, 1)
            self.client.sendall(reply[:at + length] + reply[at:])
            return True
        if rule.offset is None:
            self.client.sendall(reply)
            return True
        self.client.sendall(reply[:rule.offset])
        return False


class Proxy:
    def __init__(self, path, server_path):
        self.path, self.server_path, self.names = path, server_path, script_names()
        self.lock, self.rules, self.calls, self.closed_until = threading.Lock(), [], {}, 0
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"unix://{self.path}"

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            time.sleep(max(0, self.closed_until - time.monotonic()))
            try:
                self.connections.append(Connection(self, client))
            except OSError:
                client.close()  # there is no server now

    def refuse(self, seconds):
        self.closed_until = time.monotonic() + seconds

    def count(self, name):
        with self.lock:
            self.calls[name] = self.calls.get(name, 0) + 1

    def add(self, rule):
        with self.lock:
            self.rules.append(rule)
        return rule

    def cut(self, name, offset):
        return self.add(Rule(name, offset, is_request=offset is None))

    def repeat(self, name, offset):
        return self.add(Rule(name, offset, repeats=True))

    def delay(self, name, seconds):
        return self.add(Rule(name, delay=seconds))

    def before(self, name, action):
        return self.add(Rule(name, is_request=True, action=action))

    def after(self, name, action):
        return self.add(Rule(name, action=action))

    def take(self, name, is_request):
        with self.lock:
            for rule in self.rules:
                if rule.name == name and rule.is_request == is_request:
                    self.rules.remove(rule)
                    rule.done = True
                    return rule
        return None

    def close(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()
