"""Programs under test: started on a free port, spoken to over sockets (wire.py), ended by pid.

SV_BIN is the folder with `serval` and `examples/`; without it, build/ of this clone.
"""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

import httpx

from wire import Wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SV_BIN") or ROOT / "build").resolve()
SHARED = ROOT.parent / "shared"
READY = re.compile(r"Serval ready on (?:http://(.*):(\d+)|unix:(.*))")


def environment(extra=None) -> dict:
    """Ours, without the settings of whoever runs the tests."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SERVAL_")}
    return {**plain, **(extra or {})}


class Served:
    """A server program. `out` and `err`, its lines, grow while it runs."""

    def __init__(self, command, cwd, env=None, before=None):
        def prepare():  # shells start what runs in the background with SIGINT ignored
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if before:
                before()

        self.process = subprocess.Popen(list(map(str, command)), cwd=cwd, env=environment(env), preexec_fn=prepare,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, encoding="utf-8", errors="replace")
        self.out, self.err, self.port, self.uds = [], [], None, None
        self.ready = threading.Event()
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()
        self.ready.wait(30)
        if not (self.port or self.uds):
            self.kill()
            raise AssertionError(f"not ready, exit code {self.process.returncode}: {self.err}")

    def _read(self, stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))
            found = READY.fullmatch(lines[-1])
            if found:
                self.port, self.uds = found[2] and int(found[2]), found[3]
                self.ready.set()
        if lines is self.err:
            self.ready.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wire(self, timeout=10) -> Wire:
        """A connection."""
        return Wire(self.uds or ("127.0.0.1", self.port), timeout)

    def ask(self, method, target, fields=(), body=None):
        """One request on a connection of its own."""
        with self.wire(30) as wire:
            return wire.ask(method, target, fields, body)

    def client(self) -> httpx.Client:
        """For tests that do not care about bytes."""
        return httpx.Client(base_url=self.url, timeout=20, trust_env=False)

    def metrics(self) -> dict:
        """The samples of /metrics: 'name{labels}' to value."""
        text = self.ask("GET", "/metrics").body.decode()
        samples = [line.rpartition(" ") for line in text.splitlines() if line[:1] != "#"]
        return {name: float(value) for name, _, value in samples}

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(40)
        finally:
            self.kill()

    def kill(self):
        """Ends it whatever it does; what it still said is read."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join(5)


@contextlib.contextmanager
def serving(program: str, *args, cwd=None, env=None, before=None):
    """Starts on a free port, in a folder of its own; at the end the program must drain and exit with 0.

    `before` is called in the child before the program begins.
    """
    binary = BIN / program
    assert binary.exists(), f"{binary} is missing: make build"
    with tempfile.TemporaryDirectory(prefix="serval-e2e-") as folder:
        listen = () if "--uds" in args else ("--port", "0")
        served = Served([binary, *args, *listen], cwd or folder, env, before)
        try:
            yield served
        finally:
            code = served.stop()
    assert code == 0, f"exit code {code}:\n" + "\n".join(served.err[-60:])


def wait_until(check, seconds=10.0):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.01)
    return value
