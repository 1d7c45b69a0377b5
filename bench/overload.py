"""Rows of too much work: overload at 2 and 5 times the capacity, and clients that leave."""
import json
import socket
import statistics
import time

from harness import PICTURE, Server, bench_load, fastapi, request_file, rust, serval, start_all, verdict
from models import needs_shared, onnx, shelf

BURST_S = 10  # at most; a shorter --seconds times 4 is taken


def log_quantile(server: Server, route: str, share: float) -> float:
    """Of duration_ms in the JSON access log: from a request's first byte read to its answer written."""
    times = []
    for line in server.log_path.read_text(errors="replace").splitlines():
        if line.startswith("{") and f'"route":"{route}"' in line:
            times.append(json.loads(line)["duration_ms"])
    times.sort()
    return times[round(share * (len(times) - 1))] if times else -1


def overload_round(server: Server, request, seconds: float) -> dict:
    """Capacity in a closed loop, then bursts at 2 and 5 times of it, with a pause in between."""
    capacity = bench_load(server, request, "closed", 8, max(seconds, 2), "0,1")["good_per_s"]
    found = {"capacity": capacity}
    for times in (2, 5):
        run = bench_load(server, request, "open", capacity * times, min(seconds * 4, BURST_S), "0,1")
        work, health = run["work"], run["health"]
        lost = health["due"] - health["good"]
        found[times] = {"goodput": run["good_per_s"] / capacity, "refused": work["refused"] / work["due"],
                        "late_ms": run["late_ms"], "not_sent": work["not_sent"], "failed": work["failed"],
                        "good_p50_ms": work["p50_ms"], "good_p99_ms": work["p99_ms"], "health_p99_ms": health["p99_ms"],
                        "health_lost": lost, "first_good_ms": run["first_good_ms"],
                        "client_cpu": run["client_cpu_s"] / run["seconds"]}
        time.sleep(1)
    found["health_in_server_p99_ms"] = log_quantile(server, "/health", 0.99)
    return found


def print_overload(row: dict) -> None:
    first = f"{row['first_good_ms']:.0f} ms" if row["first_good_ms"] >= 0 else "none in 20 s"
    print(f"{row['work']:34} {row['server']:9} capacity {row['capacity']:7.1f}/s  goodput {row['goodput']:6.1%} "
          f"({min(row['goodputs']):.1%} to {max(row['goodputs']):.1%})  refused {row['refused']:6.1%}  good p99 "
          f"{row['good_p99_ms']:6.0f} ms  /health p99 {row['health_p99_ms']:8.2f} ms, lost {row['health_lost']:g}  "
          f"first good after {first}  sender late {row['late_ms']:.1f} ms, CPU {row['client_cpu']:.0%}")


def overload_rows(title: str, server: str, runs: list) -> list:
    rows = []
    for times in (2, 5):
        keys = runs[0][times]
        row = {key: statistics.median(run[times][key] for run in runs) for key in keys}
        # A round without any good answer in time is the worst of all.
        firsts = [run[times]["first_good_ms"] for run in runs]
        row["first_good_ms"] = -1 if min(firsts) < 0 else statistics.median(firsts)
        rows.append({"work": f"{title}, {times} x capacity", "server": server, "times": times,
                     "capacity": statistics.median(run["capacity"] for run in runs),
                     "goodputs": [run[times]["goodput"] for run in runs], "first_goods_ms": firsts, **row})
        print_overload(rows[-1])
    return rows


def overload_goals(rows: list, runs: list) -> list:
    goals = []
    for row in rows:
        goals.append((f"{row['work']}: goodput >= 90 % of capacity", statistics.median(row["goodputs"]),
                      verdict(row["goodputs"], 0.9)))
        late = [-first if first >= 0 else -1e9 for first in row["first_goods_ms"]]
        goals.append((f"{row['work']}: first good answer <= 100 ms", row["first_good_ms"], verdict(late, -100)))
    health = [-run["health_in_server_p99_ms"] for run in runs]
    goals.append(("/health p99 <= 2 ms in the server", -statistics.median(health), verdict(health, -2)))
    for what, value, words in goals:
        print(f"  goal: {what}: {value:.3f}, {words}")
    return [{"goal": what, "value": value, "verdict": words} for what, value, words in goals]


def measure_overload(title: str, makers: list, request, rounds: int, seconds: float) -> list:
    """A fresh server for each round: what a burst left behind must not help or harm the next."""
    runs, notes = {}, []
    for number in range(rounds):
        for make in makers:
            servers, missing = start_all(make)
            notes += missing if number == 0 else []
            for server in servers:
                runs.setdefault(server.name, []).append(overload_round(server, request, seconds))
                server.stop()
    rows = []
    for name, found in runs.items():
        rows += overload_rows(title, name, found)
    ours = [row for row in rows if row["server"] == "serval"]
    return rows + notes + (overload_goals(ours, runs["serval"]) if ours else [])


def bench_overload(rounds: int, seconds: float) -> list:
    """mobilenet_v2 from a raw JPEG, and a small JSON request that costs about 6 ms; all on both CPUs."""
    picture = request_file("image", "/api/v1/predict", PICTURE.read_bytes(), {"Content-Type": "image/jpeg"})
    rows = measure_overload("mobilenet raw JPEG", [
        lambda: serval([shelf("mobilenet")], cpus="0,1"), lambda: rust("0,1", "mobilenet"),
        lambda: fastapi("0,1", {"mobilenet": onnx("mobilenet")})], picture, rounds, seconds)
    tensor = {"name": "ITERATIONS", "datatype": "INT64", "shape": [1, 1], "data": [1000]}
    small = request_file("burn", "/v2/models/burn_cpu/infer", json.dumps({"inputs": [tensor]}).encode())
    return rows + measure_overload("burn_cpu as JSON", [
        lambda: serval([shelf("burn_cpu")], cpus="0,1"), lambda: fastapi("0,1", {"burn_cpu": onnx("burn_cpu")})],
        small, rounds, seconds)


def send_and_leave(server: Server, data: bytes, n_clients: int) -> None:
    clients = []
    for _ in range(n_clients):
        client = socket.create_connection(("127.0.0.1", server.port), 5)
        client.sendall(data)
        clients.append(client)
    time.sleep(0.1)
    for client in clients:
        client.close()


def bench_departed(rounds: int, seconds: float) -> list:
    """200 clients ask for a picture's class and leave: how long until the gauges say that nobody is served."""
    server = serval([shelf("mobilenet")], cpus="0,1")
    data = request_file("image", "/api/v1/predict", PICTURE.read_bytes(), {"Content-Type": "image/jpeg"}).read_bytes()
    times = []
    for _ in range(max(rounds, 3)):
        send_and_leave(server, data, 200)
        left, waited_ms = time.monotonic(), -1.0
        while time.monotonic() - left < 5:
            # The scrape itself is a request in progress.
            if server.gauge("http_requests_inprogress") <= 1 and server.gauge("serval_queue_depth") == 0:
                waited_ms = (time.monotonic() - left) * 1000
                break
        times.append(waited_ms)
    server.stop()
    worst = max(times) if min(times) >= 0 else -1
    met = 0 <= worst <= 50
    print(f"gauges at zero after 200 clients left: {statistics.median(times):.1f} ms (worst {worst:.1f} ms)\n"
          f"  goal: within 50 ms: {'met' if met else 'not met'}")
    return [{"work": "gauges at zero after 200 clients left", "server": "serval", "ms": statistics.median(times),
             "times_ms": times}, {"goal": "departed clients' gauges at zero within 50 ms", "value": worst,
                                  "verdict": "met" if met else "not met"}]


BENCHES = {"overload": needs_shared(bench_overload), "departed": needs_shared(bench_departed)}
