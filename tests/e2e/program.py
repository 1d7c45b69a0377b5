"""Starts the built programs, talks to them, ends them.

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
SHARED = ROOT.parent / "shared"
BIN = pathlib.Path(os.environ.get("SV_BIN") or ROOT / "build").resolve()
READY = re.compile(r"Serval ready on (?:http://(?:\[(.+)\]|([^:]+)):(\d+)|unix:(.+))")


def clean_environment(extra=None):
    """The environment without the settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SERVAL_")}
    return {**kept, **(extra or {})}


class Server:
    """A running program; `lines` are those of its stdout, `errors` of its stderr."""

    def __init__(self, command, cwd, environment=None, limits=None):
        self.process = subprocess.Popen(
            command, cwd=cwd, env=clean_environment(environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            preexec_fn=limits)
        self.lines, self.errors = [], []
        self.address = None
        self._ready = threading.Event()
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                         for pair in ((self.process.stdout, self.lines),
                                      (self.process.stderr, self.errors))]
        for reader in self._readers:
            reader.start()
        self._ready.wait(30)
        if self.address is None:
            self.kill()
            raise AssertionError(f"not ready: {' '.join(map(str, command))}\n" + "\n".join(self.errors))

    def _read(self, stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))
            ready = READY.fullmatch(lines[-1])
            if ready:
                self.address = ready[4] or (ready[1] or ready[2], int(ready[3]))
                self._ready.set()
        self._ready.set()

    @property
    def port(self):
        """The port it listens on."""
        return self.address[1]

    @property
    def url(self):
        """Where its paths begin."""
        return f"http://{self.address[0]}:{self.port}"

    def wire(self, timeout=10):
        """A raw connection."""
        return Wire(self.address, timeout)

    def client(self, **options):
        """An HTTP client that follows nothing."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30, **options)

    def ask(self, method, target, fields=(), body=None):
        """One request on a connection of its own."""
        with self.wire(30) as wire:
            return wire.ask(method, target, fields, body)

    def metrics(self):
        """The samples of /metrics: {'name{labels}': value}."""
        text = self.ask("GET", "/metrics").body.decode()
        samples = [line.rpartition(" ") for line in text.splitlines() if line[:1] != "#"]
        return {name: float(value) for name, _, value in samples}

    def wait_for_line(self, predicate, timeout=10):
        """The first line of stdout that fulfils the predicate."""
        return wait_until(lambda: next((line for line in self.lines if predicate(line)), None), timeout)

    def stop(self, within=10):
        """SIGTERM; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        finally:
            self.kill()

    def kill(self):
        """Ends it whatever it does, and reads what it still said."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(5)


def wait_until(probe, timeout=10):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + timeout
    while not (found := probe()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)
    return found


@contextlib.contextmanager
def running(program, *arguments, environment=None, files=None, limits=None):
    """A server with a working folder of its own (`files`: name to text) that must end with exit code 0."""
    binary = BIN / program
    assert binary.exists(), f"{binary} is missing: run 'make build'"
    with tempfile.TemporaryDirectory(prefix="serval-") as cwd:
        for name, text in (files or {}).items():
            pathlib.Path(cwd, name).write_text(text, encoding="utf-8")
        command = [str(binary), *(["serve"] if program == "serval" else []), *map(str, arguments)]
        if "--port" not in command and "--uds" not in command:
            command += ["--port", "0"]
        server = Server(command, cwd, environment, limits)
        try:
            yield server
        finally:
            code = server.stop()
    assert code == 0, f"exit code {code}\n" + "\n".join(server.errors)


def run(*arguments, environment=None, files=None, timeout=30):
    """Runs `serval` to its end: a CompletedProcess with text."""
    with tempfile.TemporaryDirectory(prefix="serval-") as cwd:
        for name, text in (files or {}).items():
            pathlib.Path(cwd, name).write_text(text, encoding="utf-8")
        return subprocess.run([BIN / "serval", *map(str, arguments)], cwd=cwd, timeout=timeout,
                              env=clean_environment(environment), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
