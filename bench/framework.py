"""Rows of the framework: HTTP, schemas, routes, middleware, pictures without a server, start."""
import functools
import signal
import socket
import statistics
import subprocess
import time

from harness import (BIN, PICTURE, PYTHON, ROOT, SERVAL, Server, compare, fastapi, free_port, goal, load, nginx, note,
                     rust, start_all)


def serval_noop(extra: tuple = (), cpus: str = "0") -> Server:
    port = free_port()
    return Server("serval", [BIN / "bench_noop", "--port", port, "--log-format", "json", *extra], port, cpus)


def bench_noop(rounds: int, seconds: float) -> list:
    title = "no-op JSON, 64 connections"
    servers, notes = start_all(serval_noop, nginx, rust, fastapi)
    rows = compare(title, servers, rounds, lambda s: load(s, "/noop", 64, seconds))
    return rows + notes + goal(rows, "serval", "nginx", 0.9, "cpus")


def bench_quiet(rounds: int, seconds: float) -> list:
    servers = [serval_noop(), serval_noop(("--log-level", "off"))]
    servers[1].name = "serval, no log"
    return compare("no-op, log on and off", servers, rounds, lambda s: load(s, "/noop", 64, seconds))


POST_PATHS = {"serval, no schema": "/raw", "serval, inline": "/generate/inline"}


def serval_named(name: str) -> Server:
    server = serval_noop()
    server.name = name
    return server


def bench_post(rounds: int, seconds: float) -> list:
    def measure(server: Server) -> dict:
        return load(server, POST_PATHS.get(server.name, "/generate"), 16, seconds, "generate.lua")

    # A handler of axum must not block, as one of ours that runs inline; one on the pool may.
    servers, notes = start_all(serval_noop, *(functools.partial(serval_named, name) for name in POST_PATHS), rust,
                               fastapi)
    rows = compare("TextGenerationRequest, 16 connections", servers, rounds, measure)
    goals = goal(rows, "serval", "serval, no schema", 0.75) + goal(rows, "serval", "FastAPI", 10, "cpus")
    goals += goal(rows, "serval", "Rust", 1) + goal(rows, "serval", "Rust", 1, "cpus")
    goals += goal(rows, "serval, inline", "Rust", 1, "cpus")
    servers, _ = start_all(serval_noop, rust, fastapi)
    refused = compare("the same, answered 422", servers, rounds,
                      lambda s: load(s, "/generate", 16, seconds, "generate.lua", {"BODY": "bad"}))
    return rows + notes + goals + refused + goal(refused, "serval", "Rust", 1, "cpus")


def bench_media(rounds: int, seconds: float) -> list:
    if not PICTURE.exists():
        return [note("media: skipped, ../shared is not there")]
    for command in ([BIN / "bench_media", PICTURE], [PYTHON, ROOT / "bench" / "media_pillow.py", PICTURE]):
        print(subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stdout.rstrip())
    return []


def program_lines(command: list) -> list:
    """The words of each line that a benchmark program prints, run on CPU 1."""
    out = subprocess.run(["taskset", "-c", "1", *map(str, command)], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in out.splitlines()]


def bench_schema(rounds: int, seconds: float) -> list:
    sides = {"serval": [BIN / "bench_schema", seconds / 2],
             "pydantic": [PYTHON, ROOT / "bench" / "schema_pydantic.py", BIN / "bench_schema", seconds / 3]}
    runs, size, heap = {}, {}, {}
    for _ in range(rounds):
        for side, command in sides.items():
            for name, length, ns, *calls in program_lines(command):
                runs.setdefault((side, name), []).append(float(ns))
                size[name], heap[side, name] = int(length), calls[0] if calls else "?"
    ns = {key: statistics.median(values) for key, values in runs.items()}
    titles = {"small": "TextGenerationRequest: decode, validate, encode",
              "small-plain": "the same, no validator in Python", "nested": "nested 100 kB: decode, validate"}
    rows = []
    for (side, name), value in sorted(ns.items(), key=lambda item: (item[0][1], -item[1])):
        rate = size[name] / value * 1e3
        ratio = value / ns["serval", name.split("-")[0]]
        print(f"{titles[name]:50} {side:9} {value:12,.0f} ns  {rate:7.1f} MB/s  {ratio:5.2f} x serval's time  "
              f"heap calls {heap[side, name]}")
        rows.append({"work": titles[name], "server": side, "ns": value, "mb_per_s": rate, "ratio": ratio})
    return rows


def bench_routing(rounds: int, seconds: float) -> list:
    lookup, build = {}, {}
    for _ in range(rounds):
        for n_routes, ns, build_ms in program_lines([BIN / "bench_routing", seconds / 3]):
            lookup.setdefault(n_routes, []).append(float(ns))
            build.setdefault(n_routes, []).append(float(build_ms))
    rows = []
    for n_routes, values in lookup.items():
        ns, ms = statistics.median(values), statistics.median(build[n_routes])
        added = ns / statistics.median(lookup["10"]) - 1
        print(f"{n_routes + ' routes':34} {ns:8.1f} ns for one lookup ({added:+.0%})   built in {ms:.2f} ms")
        rows.append({"work": f"{n_routes} routes", "server": "serval", "ns": ns, "added": added, "build_ms": ms})
    return rows


def bench_middleware(rounds: int, seconds: float) -> list:
    lines = [program_lines([BIN / "bench_middleware", seconds])[0] for _ in range(rounds)]
    without, with_ten, added = (statistics.median(map(float, column)) for column in zip(*lines))
    print(f"{'ten empty middlewares, loopback':34} {without:8.1f} ns without, {with_ten:.1f} ns with them: "
          f"{added:.1f} ns added to a request")
    return [{"work": "ten empty middlewares", "server": "serval", "ns": with_ten, "added_ns": added}]


def bench_application(rounds: int, seconds: float) -> list:
    rows = []
    for n_rows, ms, size in program_lines([BIN / "bench_application"]):
        print(f"{n_rows + ' operations':34} start in {float(ms):7.2f} ms, OpenAPI document of {int(size):,} bytes")
        rows.append({"work": f"start with {n_rows} operations", "server": "serval", "ms": float(ms)})
    return rows


def start_ms() -> float:
    port = free_port()
    start = time.monotonic()
    process = subprocess.Popen([SERVAL, "serve", "--port", str(port)], cwd=ROOT,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("Serval ready"):
            break
    elapsed = (time.monotonic() - start) * 1000
    process.send_signal(signal.SIGTERM)
    process.wait()
    return elapsed


def bench_start(rounds: int, seconds: float) -> list:
    print(f"start to ready, bundled digits: {statistics.median(start_ms() for _ in range(max(rounds, 5))):.0f} ms")
    server = serval_noop()
    before = server.memory("Anonymous"), server.memory("Rss")
    idle = []
    for _ in range(1000):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(b"GET /noop HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.recv(4096)
        idle.append(connection)
    after = server.memory("Anonymous")
    print(f"idle, no models: {before[0]:.2f} MiB anonymous, {before[1]:.2f} MiB resident")
    print(f"1,000 idle connections: {after - before[0]:.2f} MiB more")
    size = SERVAL.stat().st_size / (1 << 20)
    print(f"program: {size:.2f} MiB, pages included, symbols included")
    for connection in idle:
        connection.close()
    server.stop()
    return []


BENCHES = {"noop": bench_noop, "quiet": bench_quiet, "post": bench_post, "media": bench_media, "start": bench_start,
           "schema": bench_schema, "routing": bench_routing, "middleware": bench_middleware,
           "application": bench_application}
