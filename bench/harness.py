"""What the rows share: servers on given CPUs, load, rounds in turns, verdicts.

Servers take turns within each round, so that a drifting machine disturbs all alike; medians are printed with the least
and the most of the rounds. A goal is met when the median and every round reach it, "by less than the spread" when only
the median does.
"""
import atexit
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BENCH_BUILD", ROOT / "build" / "bench"))
BIN, SERVAL = BUILD / "bench", BUILD / "bin" / "serval"
PYTHON = ROOT / ".deps" / "bench-venv" / "bin" / "python"
RUST = ROOT / "build" / "bench-rust" / "release" / "serval-bench-rust"
ENGINE = ROOT / ".deps" / "prefix" / "lib" / "serval" / "libonnxruntime.so.1"
TICK = os.sysconf("SC_CLK_TCK")
SHARED = ROOT.parent / "shared"
MODELS = SHARED / "models"
LABELS = MODELS / "imagenet" / "labels.txt"
PICTURE = SHARED / "images" / "kitten.jpg"
WORK = pathlib.Path(tempfile.mkdtemp(prefix="serval-bench-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)


class Missing(Exception):
    """A row cannot be measured here; the words say why."""


def note(text: str) -> dict:
    """Says why there is no row, in the output and in the results."""
    print(text)
    return {"note": text}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process tree with a port, on given CPUs, ended by pid. Ready when all paths of `ready` answer 200, or at the port."""

    running = []  # all that were not stopped yet

    def __init__(self, name: str, command: list, port: int, cpus: str = "0", env: dict | None = None,
                 ready: tuple = ()):
        self.name, self.port = name, port
        self.log_path = WORK / f"{re.sub('[^a-zA-Z0-9]+', '-', name)}-{port}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(["taskset", "-c", cpus, *map(str, command)], stdout=log,
                                            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        Server.running.append(self)
        for _ in range(1200):
            if self.process.poll() is not None:
                Server.running.remove(self)
                raise Missing(f"{name} did not start: {self.log_path.read_text(errors='replace')[-300:].strip()}")
            if self.is_ready(ready):
                return
            time.sleep(0.05)
        self.stop()
        raise Missing(f"{name} was not ready within a minute")

    def is_ready(self, paths: tuple) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return all(urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2).status == 200
                       for path in paths)
        except OSError:
            return False

    def pids(self) -> list:
        found, new = [], [self.process.pid]
        while new:
            found += new
            tasks = [task for pid in new for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
            new = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        return found

    def cpu(self) -> float:
        """Seconds of user and system time, of all processes of the tree."""
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def memory(self, field: str) -> float:
        """MiB of a line of smaps_rollup, summed over the tree."""
        texts = [pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.pids()]
        return sum(int(re.search(rf"^{field}:\s+(\d+)", text, re.M)[1]) for text in texts) / 1024

    def get(self, path: str) -> str:
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10).read().decode()

    def gauge(self, name: str) -> float:
        """The sum of a family of /metrics; an absent one is 0."""
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.get("/metrics"), re.M))

    def stop(self) -> None:
        Server.running.remove(self)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def load(server: Server, path: str, connections: int, seconds: float, script: str | None = None,
         env: dict | None = None, cpus: str = "1") -> dict:
    """A closed loop by wrk."""
    command = ["taskset", "-c", cpus, "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    if script:
        command += ["-s", str(ROOT / "bench" / script)]
    before, usage = server.cpu(), children_cpu()
    out = subprocess.run([*command, f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True,
                         env={**os.environ, **(env or {})}, check=True).stdout
    spent, client = server.cpu() - before, children_cpu() - usage
    count = int(re.search(r"(\d+) requests in", out)[1])
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    p50 = re.search(r"50%\s+([\d.]+)(us|ms|s)", out)
    scale = {"us": 1e-3, "ms": 1, "s": 1e3}[p50[2]]
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), "cpu_us": spent / count * 1e6,
            "client_us": client / count * 1e6, "p50_ms": float(p50[1]) * scale,
            "refused": int(errors[1]) if errors else 0}


def request_file(name: str, path: str, body: bytes, headers: dict | None = None) -> pathlib.Path:
    """A whole request for bench_load."""
    fields = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": len(body), **(headers or {})}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{key}: {value}\r\n" for key, value in fields.items()) + "\r\n"
    file = WORK / f"{name}.request"
    file.write_bytes(head.encode() + body)
    return file


def bench_load(server: Server, request: pathlib.Path, loop: str, number: float, seconds: float,
               cpus: str = "1") -> dict:
    """One run of our load generator, as it prints it, with the server's CPU seconds."""
    before = server.cpu()
    command = ["taskset", "-c", cpus, BIN / "bench_load", server.port, request, loop, number, seconds]
    out = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    return {**json.loads(out), "server_cpu_s": server.cpu() - before}


def closed(server: Server, request: pathlib.Path, connections: int, seconds: float, cpus: str = "1") -> dict:
    """A closed loop by our load generator, in the terms of load()."""
    run = bench_load(server, request, "closed", connections, seconds, cpus)
    good = run["work"]["good"]
    if not good:
        raise Missing(f"{server.name} answered nothing with 200: {run['work']}")
    return {"rate": run["good_per_s"], "cpu_us": run["server_cpu_s"] / good * 1e6,
            "client_us": run["client_cpu_s"] / good * 1e6, "p50_ms": run["work"]["p50_ms"],
            "refused": run["work"]["refused"] + run["work"]["failed"]}


def compare(title: str, servers: list, rounds: int, measure) -> list:
    """Rounds over all servers that could be started; medians with the spread of rate and CPU. Stops the servers."""
    results = {server.name: [] for server in servers}
    for number in range(rounds):
        for server in servers:
            results[server.name].append(measure(server))
        print(f"  {title}: round {number + 1} of {rounds}", file=sys.stderr)
    rows = []
    for name, runs in results.items():
        medians = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        rows.append({"work": title, "server": name, **medians, "rates": [run["rate"] for run in runs],
                     "cpus": [run["cpu_us"] for run in runs]})
    for row in rows:
        print(f"{title:42} {row['server']:16} {row['rate']:10.1f}/s ({min(row['rates']):.1f} to {max(row['rates']):.1f})"
              f"  CPU {row['cpu_us']:9.1f} us ({min(row['cpus']):.1f} to {max(row['cpus']):.1f})"
              f"  p50 {row['p50_ms']:7.2f} ms  client {row['client_us']:.1f} us"
              + (f"  NOT 2xx: {row['refused']:g}" if row["refused"] else ""))
    for server in servers:
        server.stop()
    return rows


def verdict(ratios: list, least: float) -> str:
    if statistics.median(ratios) < least:
        return "not met"
    return "met" if min(ratios) >= least else "met by less than the spread"


def goal(rows: list, ours: str, other: str, least: float, by: str = "rates") -> list:
    """Judges ours against another row of the same rounds, by rate or by CPU per request; one row, or none."""
    found = {row["server"]: row for row in rows if "server" in row}
    if ours not in found or other not in found:
        return []
    pairs = zip(found[ours][by], found[other][by])
    ratios = [(a / b if by == "rates" else b / a) if a and b else 0 for a, b in pairs]
    what = "rate" if by == "rates" else "CPU efficiency"
    words = verdict(ratios, least)
    print(f"  goal: {what} of {ours} >= {least:g} x {other}: {statistics.median(ratios):.2f} x "
          f"({min(ratios):.2f} to {max(ratios):.2f}), {words}")
    return [{"goal": f"{found[ours]['work']}: {ours} >= {least:g} x {other}, {what}", "ratio": statistics.median(ratios),
             "least": min(ratios), "most": max(ratios), "verdict": words}]


def start_all(*makers) -> tuple:
    """Servers that can be started, and notes on those that cannot."""
    servers, notes = [], []
    for make in makers:
        try:
            servers.append(make())
        except Missing as missing:
            notes.append(note(f"  {missing}"))
    return servers, notes


def serval(models: list, name: str = "serval", cpus: str = "0", extra: tuple = ()) -> Server:
    port = free_port()
    command = [SERVAL, "serve", *models, "--port", port, "--log-format", "json", *extra]
    return Server(name, command, port, cpus, ready=tuple(f"/v2/models/{folder.name}/ready" for folder in models))


def rust(cpus: str = "0", models: str = "", resnet50: pathlib.Path | None = None) -> Server:
    build_rust()
    port = free_port()
    env = {"PORT": str(port), "SHARED": str(SHARED), "LOAD": models, "ORT_DYLIB_PATH": str(ENGINE)}
    return Server("Rust", [RUST], port, cpus, {**env, **({"RESNET50": str(resnet50)} if resnet50 else {})})


def build_rust() -> None:
    if not shutil.which("cargo"):
        raise Missing("no row of the Rust server: cargo is not here")
    env = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "build" / "bench-rust"), "RUSTFLAGS": "-C target-cpu=native"}
    done = subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT / "bench" / "rust", env=env,
                          capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"no row of the Rust server: it does not build: {done.stderr[-300:].strip()}")


def fastapi(cpus: str = "0", models: dict | None = None, workers: int = 1) -> Server:
    port = free_port()
    command = [PYTHON, "-m", "uvicorn", "app:app", "--app-dir", ROOT / "bench" / "twin", "--host", "127.0.0.1",
               "--port", port, "--no-access-log", *(["--workers", workers] if workers > 1 else [])]
    env = {"MODELS": json.dumps({name: str(path) for name, path in (models or {}).items()})}
    if LABELS.exists():
        env["LABELS"] = str(LABELS)
    name = "FastAPI" if workers == 1 else f"FastAPI, {workers} workers"
    return Server(name, command, port, cpus, env, ready=("/health",))


def nginx() -> Server:
    port = free_port()
    conf = WORK / "nginx.conf"
    paths = "".join(f"{kind}_temp_path {WORK}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf.write_text(f"""
worker_processes 1; daemon off; pid {WORK}/nginx.pid; error_log {WORK}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  log_format json escape=json '{{"timestamp":"$time_iso8601","request_id":"$request_id","method":"$request_method",'
    '"path":"$uri","status_code":$status,"duration":$request_time,"bytes_out":$bytes_sent,"client_ip":"$remote_addr",'
    '"client_port":$remote_port,"user_agent":"$http_user_agent"}}';
  access_log {WORK}/nginx-access.log json; keepalive_requests 1000000000; {paths}
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{{"status":"ok"}}'; }} }}
}}""")
    binary = ROOT / ".deps" / "bench" / "usr" / "sbin" / "nginx"
    return Server("nginx", [binary, "-c", conf, "-p", WORK], port)
