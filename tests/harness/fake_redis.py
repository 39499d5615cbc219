"""A server on a unix socket that answers as a Redis would that is not to be had here: too old, or talking nonsense."""
import socketserver
import threading


class FakeRedis:
    """`answer(words)` gives the reply's bytes for one command; None closes the connection."""

    def __init__(self, path, answer):
        fake = self
        self.answer = answer
        self.url = f"unix://{path}"
        self.commands = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while words := fake.read(self.rfile):
                    fake.commands.append(words)
                    reply = fake.answer(words)
                    if reply is None:
                        return
                    self.wfile.write(reply)

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                """Whoever asked has gone."""

        self.server = Server(str(path), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @staticmethod
    def read(stream):
        head = stream.readline()
        if not head.startswith(b"*"):
            return None
        words = []
        for _ in range(int(head[1:])):
            size = int(stream.readline()[1:])
            words.append(stream.read(size + 2)[:-2].decode(errors="replace"))
        return words

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text.encode())


def version(number):
    """Answers like an otherwise obliging Redis of this version."""
    def answer(words):
        if words[0].upper() == "INFO":
            return bulk(f"# Server\r\nredis_version:{number}\r\nredis_mode:standalone\r\n")
        if words[0].upper() == "HELLO":
            return b"-ERR unknown command `HELLO`\r\n"
        return b"+OK\r\n"
    return answer
