"""Rows of models: small ones as JSON, pictures, tensors, batching, memory."""
import json
import pathlib
import random
import statistics
import struct
import subprocess

from harness import (BIN, LABELS, MODELS, PICTURE, PYTHON, ROOT, WORK, Missing, Server, closed, compare, fastapi, goal,
                     note, request_file, rust, serval, start_all)

FILES = {"iris": MODELS / "tabular" / "iris" / "2", "digits": MODELS / "digits" / "mnist" / "1",
         "mobilenet": MODELS / "imagenet" / "mobilenet_v2" / "2", "identity": MODELS / "synthetic" / "onnx_zero_1_float32" / "1",
         "mlp_784": MODELS / "synthetic" / "mlp_784" / "1", "burn_cpu": MODELS / "synthetic" / "burn_cpu" / "1"}
MANIFESTS = {"digits": "task: tensor\n", "identity": "task: tensor\n", "mlp_784": "task: tensor\n",
             "burn_cpu": "task: tensor\n"}
RESNET50 = ROOT / "build" / "bench-models" / "resnet50" / "1"


def shelf(name: str) -> pathlib.Path:
    """A folder with one version of a model, as Serval wants it."""
    folder = WORK / "shelf" / name
    source = RESNET50 if name == "resnet50" else FILES[name]
    if not source.exists():
        raise Missing(f"no row of {name}: {source} is not there")
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / source.name).symlink_to(source)
        if name in MANIFESTS:
            (folder / "model.yaml").write_text(MANIFESTS[name])
        if name in ("mobilenet", "resnet50"):
            (folder / "labels.txt").symlink_to(LABELS)
    return folder


def onnx(name: str) -> pathlib.Path:
    return shelf(name).resolve() / (RESNET50 if name == "resnet50" else FILES[name]).name / "model.onnx"


def predict(name: str, body, kind: str = "application/json") -> pathlib.Path:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request_file(name, f"/api/v1/models/{name}/predict", data, {"Content-Type": kind})


def digit() -> list:
    """The first reference picture of MNIST: the file ends in its 784 floats."""
    data = (MODELS / "digits" / "testdata" / "mnist8_set0_input_0.pb").read_bytes()
    pixels = struct.unpack("<784f", data[-3136:])
    return [[[list(pixels[row * 28:row * 28 + 28]) for row in range(28)]]]


def iris_request() -> pathlib.Path:
    return predict("iris", {"rows": [[6.1, 2.8, 4.7, 1.2]]})


def digits_request() -> pathlib.Path:
    return predict("digits", {"inputs": {"Input3": digit()}})


def bench_small(rounds: int, seconds: float) -> list:
    """iris and digits, 32 connections: one server thread's worth, server on CPU 0."""
    rows = []
    for name, request in (("iris", iris_request()), ("digits", digits_request())):
        servers, notes = start_all(lambda: serval([shelf(name)]), lambda: rust(models=name),
                                   lambda: fastapi(models={name: onnx(name)}))
        found = compare(f"{name} as JSON, 32 connections", servers, rounds, lambda s: closed(s, request, 32, seconds))
        rows += found + notes + goal(found, "serval", "Rust", 1.2) + goal(found, "serval", "Rust", 1.2, "cpus")
        rows += goal(found, "serval", "FastAPI", 10)
    return rows


def bare_loop(rounds: int, seconds: float) -> dict:
    runs = []
    for _ in range(rounds):
        command = [BIN / "bench_bare_loop", shelf("mobilenet"), PICTURE, 2, max(1, int(seconds))]
        out = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout.split()
        runs.append((float(out[0]), float(out[1]) * 1000))
    rates, cpus = map(list, zip(*runs))
    rate, cpu = statistics.median(rates), statistics.median(cpus)
    print(f"{'the same without a server, 2 threads':42} {'bare C loop':16} {rate:10.1f}/s  CPU {cpu:9.1f} us/picture")
    return {"work": "bare C loop", "server": "bare C loop", "rate": rate, "cpu_us": cpu, "rates": rates, "cpus": cpus}


def bench_image(rounds: int, seconds: float) -> list:
    """mobilenet_v2 from a raw JPEG: server and client on both CPUs."""
    request = request_file("image", "/api/v1/predict", PICTURE.read_bytes(), {"Content-Type": "image/jpeg"})
    rows = []
    for connections in (8, 1):
        servers, notes = start_all(lambda: serval([shelf("mobilenet")], cpus="0,1"), lambda: rust("0,1", "mobilenet"),
                                   lambda: fastapi("0,1", {"mobilenet": onnx("mobilenet")}))
        found = compare(f"mobilenet raw JPEG, {connections} connections", servers, rounds,
                        lambda s: closed(s, request, connections, seconds, "0,1"))
        rows += found + notes
        if connections == 8:
            bare = bare_loop(rounds, seconds)
            rows.append(bare)
            for least, other, by in ((1.05, "Rust", "rates"), (1.05, "Rust", "cpus"), (1.5, "FastAPI", "rates"),
                                     (0.95, "bare C loop", "cpus")):
                rows += goal(found + [bare], "serval", other, least, by)
    return rows


def tensor_body(name: str, data: list, shape: list) -> bytes:
    tensor = {"name": name, "datatype": "FP32", "shape": shape, "data": data}
    return json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()


def bench_tensors(rounds: int, seconds: float) -> list:
    """Two million floats as JSON through an identity model, 2 connections, both protocols, server on CPU 0."""
    chance = random.Random(1)
    floats = [round(chance.uniform(-1, 1), 6) for _ in range(2_000_000)]
    native = json.dumps({"inputs": {"INPUT0": [floats]}}, separators=(",", ":")).encode()
    paths = {"v2 infer": ("/v2/models/identity/infer", tensor_body("INPUT0", floats, [1, 2_000_000])),
             "native predict": ("/api/v1/models/identity/predict", native)}
    rows = []
    for title, (path, body) in paths.items():
        twin_path = path + "/matrix" if "predict" in path else path
        requests = {"serval": request_file("serval", path, body), "FastAPI": request_file("twin", twin_path, body)}
        servers, notes = start_all(lambda: serval([shelf("identity")], extra=("--max-body-size", "64MiB")),
                                   lambda: fastapi(models={"identity": onnx("identity")}))
        found = compare(f"2M floats as JSON, {title}", servers, rounds,
                        lambda s: closed(s, requests[s.name], 2, max(seconds * 3, 8), "1"))
        rows += found + notes + goal(found, "serval", "FastAPI", 8) + goal(found, "serval", "FastAPI", 8, "cpus")
    return rows


def binary_infer(name: str, tensor: str, values: list) -> pathlib.Path:
    data = struct.pack(f"<{len(values)}f", *values)
    described = {"name": tensor, "datatype": "FP32", "shape": [1, len(values)], "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [described], "parameters": {"binary_data_output": True}}).encode()
    return request_file(f"{name}-binary", f"/v2/models/{name}/infer", head + data, {
        "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": len(head)})


def bench_batching(rounds: int, seconds: float) -> list:
    """The MLP with 32 connections, batching on against off: binary tensors, then JSON; then without HTTP."""
    values = [(i % 17) / 16 for i in range(784)]
    requests = {"binary": binary_infer("mlp_784", "INPUT0", values),
                "JSON": request_file("mlp-json", "/v2/models/mlp_784/infer", tensor_body("INPUT0", values, [1, 784]))}
    rows = []
    for title, request in requests.items():
        servers, notes = start_all(
            lambda: serval([shelf("mlp_784")], "batching on", extra=("--set", "mlp_784.batching.max_size=32")),
            lambda: serval([shelf("mlp_784")], "batching off"))
        found = compare(f"mlp_784, {title} over HTTP, 32 connections", servers, rounds,
                        lambda s: closed(s, request, 32, seconds))
        rows += found + notes + (goal(found, "batching on", "batching off", 2) if title == "binary" else [])
    return rows + batching_inside(rounds, seconds) + batching_default(rounds, seconds)


def batching_inside(rounds: int, seconds: float) -> list:
    """The same without HTTP: scheduler and joined runs on one thread."""
    program = BIN / "bench_batch"
    if not program.exists():
        return [note("mlp_784 in process: no row, bench_batch is not built here")]
    sides = {"batching off": 1, "batching on": 32}
    runs = {side: {"rates": [], "cpus": []} for side in sides}
    for _ in range(rounds):
        for side, size in sides.items():
            command = ["taskset", "-c", "0", program, onnx("mlp_784"), size, 32, seconds]
            out = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout.split()
            runs[side]["rates"].append(float(out[0]))
            runs[side]["cpus"].append(float(out[1]))
    rows = [{"work": "mlp_784 in process, 32 clients", "server": side, "rate": statistics.median(found["rates"]),
             "cpu_us": statistics.median(found["cpus"]), **found} for side, found in runs.items()]
    for row in rows:
        print(f"{row['work']:42} {row['server']:16} {row['rate']:10.1f}/s  CPU {row['cpu_us']:9.1f} us")
    return rows + goal(rows, "batching on", "batching off", 3) + goal(rows, "batching on", "batching off", 3, "cpus")


def batching_default(rounds: int, seconds: float) -> list:
    """What a batcher that stays out of the way costs: mobilenet as it comes against batching switched off."""
    request = request_file("image", "/api/v1/predict", PICTURE.read_bytes(), {"Content-Type": "image/jpeg"})
    servers, notes = start_all(
        lambda: serval([shelf("mobilenet")], "default", "0,1"),
        lambda: serval([shelf("mobilenet")], "no batcher", "0,1", ("--set", "mobilenet.batching.max_size=1")))
    found = compare("mobilenet raw JPEG, 8 connections", servers, rounds,
                    lambda s: closed(s, request, 8, seconds, "0,1"))
    return found + notes + goal(found, "default", "no batcher", 0.97)


def make_resnet50() -> None:
    if not RESNET50.exists():
        done = subprocess.run([str(PYTHON), str(ROOT / "bench" / "resnet50.py"), str(RESNET50 / "model.onnx")],
                              capture_output=True, text=True)
        if done.returncode:
            raise Missing(f"memory4: no resnet50: {done.stderr[-300:].strip()}")


def weigh(server: Server, seconds: float) -> float:
    """PSS after each model has worked with 4 clients."""
    picture = PICTURE.read_bytes()
    mobilenet = request_file("mobilenet", "/api/v1/predict", picture, {"Content-Type": "image/jpeg"})
    for request in (iris_request(), digits_request(), mobilenet, predict("resnet50", picture, "image/jpeg")):
        closed(server, request, 4, max(seconds, 3), "0,1")
    return server.memory("Pss")


def bench_memory4(rounds: int, seconds: float) -> list:
    """PSS with four models: iris, digits, mobilenet_v2 and one of ResNet-50's shape, after work; lowest is best."""
    make_resnet50()
    names = ["iris", "digits", "mobilenet", "resnet50"]
    files = {name: onnx(name) for name in names}
    makers = {"serval": lambda: serval([*map(shelf, names)], cpus="0,1", extra=("--default-model", "mobilenet")),
              "Rust": lambda: rust("0,1", ",".join(names), files["resnet50"]),
              "FastAPI": lambda: fastapi("0,1", files), "FastAPI, 4 workers": lambda: fastapi("0,1", files, 4)}
    weights, rows = {name: [] for name in makers}, []
    for _ in range(min(rounds, 3)):
        for name, make in makers.items():
            servers, notes = start_all(make)
            rows += notes
            for server in servers:
                weights[name].append(weigh(server, seconds))
                server.stop()
    for name, values in weights.items():
        if values:
            print(f"{'PSS with four models, after work':42} {name:18} {statistics.median(values):8.1f} MiB "
                  f"({min(values):.1f} to {max(values):.1f})")
            rows.append({"work": "PSS with four models", "server": name, "mib": statistics.median(values), "mibs": values})
    others = {name: statistics.median(values) for name, values in weights.items() if values and name != "serval"}
    if others and weights["serval"]:
        best = min(others, key=others.get)
        ratio = statistics.median(weights["serval"]) / others[best]
        print(f"  goal: <= 0.85 x the best ({best}): {ratio:.2f} x, {'met' if ratio <= 0.85 else 'not met'}")
        rows.append({"goal": f"PSS with four models <= 0.85 x {best}", "ratio": ratio,
                     "verdict": "met" if ratio <= 0.85 else "not met"})
    return rows


def needs_shared(bench):
    def run(rounds: int, seconds: float) -> list:
        if not MODELS.exists():
            raise Missing("skipped: ../shared is not there")
        return bench(rounds, seconds)
    return run


BENCHES = {"models": needs_shared(bench_small), "image": needs_shared(bench_image),
           "tensors": needs_shared(bench_tensors), "batching": needs_shared(bench_batching),
           "memory4": needs_shared(bench_memory4)}
