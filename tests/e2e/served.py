"""Programs under test: started on a free port, spoken to over sockets, ended by pid."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SV_BIN", ROOT / "build"))
SHARED = ROOT.parent / "shared"


class Served:
    """A server program. `out` and `err` grow while it runs."""

    def __init__(self, program: str, *args, cwd=None, env=None):
        self.folder = cwd or tempfile.mkdtemp(prefix="serval-e2e-")
        plain = {k: v for k, v in os.environ.items() if not k.startswith("SERVAL_")}
        self.process = subprocess.Popen([str(BIN / program), *map(str, args)], cwd=self.folder,
                                        env={**plain, **(env or {})}, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.out, self.err, self.port, self.uds = [], [], None, None
        self.ready = threading.Event()
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()
        assert self.ready.wait(30), f"not ready: {self.err}"
        assert self.port or self.uds, f"ended with {self.process.wait()}: {self.err}"

    def _read(self, stream, lines):
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            lines.append(line)
            found = re.match(r"Serval ready on (?:http://.*:(\d+)|unix:(.*))$", line)
            if found:
                self.port, self.uds = found[1] and int(found[1]), found[2]
                self.ready.set()
        if lines is self.err:
            self.ready.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, timeout=10) -> socket.socket:
        if self.uds:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout)
            connection.connect(self.uds)
            return connection
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


@contextlib.contextmanager
def serving(program: str, *args, **options):
    """Starts on a free port; at the end the program must drain and exit with 0."""
    served = Served(program, *args, *(() if "--uds" in args else ("--port", "0")), **options)
    try:
        yield served
    finally:
        code = served.stop()
    assert code == 0, f"exit code {code}: {served.err[-5:]}"


class Reader:
    """Answers off a socket, strictly: status line, headers, Content-Length."""

    def __init__(self, connection: socket.socket):
        self.connection, self.buffer = connection, b""

    def _more(self) -> bool:
        try:
            piece = self.connection.recv(65536)
        except (ConnectionResetError, TimeoutError):
            return False
        self.buffer += piece
        return bool(piece)

    def answer(self, head_only=False):
        """(status, headers, body), or None at the end."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                assert not self.buffer, f"a torn answer: {self.buffer[:200]!r}"
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) [^\r\n]*", first)[1])
        headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        length = 0 if head_only or status < 200 or status in (204, 304) else int(headers["content-length"])
        while len(self.buffer) < length:
            assert self._more(), "the body ends early"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, headers, body

    def is_closed(self, within=3.0) -> bool:
        self.connection.settimeout(within)
        try:
            return self.connection.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def wait_until(check, seconds=10.0):
    """Polls; returns the first true value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(0.01)
    return check()
