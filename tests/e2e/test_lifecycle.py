"""Models that come, go and change while they are served: who waits, who gives way, what answers meanwhile."""
import concurrent.futures
import contextlib
import json
import re
import shutil
import signal
import threading

import httpx
import pytest

import pictures
from served import ROOT, SHARED, serving, wait_until

DIGITS = ROOT / "models" / "digits"
SYNTHETIC = SHARED / "models" / "synthetic"
FAST = ("--model-poll", "0.2", "--log-level", "info")
PAIR = {"inputs": {"INPUT0": [list(range(16))], "INPUT1": [[1] * 16]}}  # of `simple`
SUMS, DIFFERENCES = [i + 1 for i in range(16)], [i - 1 for i in range(16)]
FIRST_OUTPUT = {"1": SUMS, "2": DIFFERENCES, "3": SUMS}  # by version


def put(target, content):
    """A file that appears whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.with_name(".new")
    hidden.write_bytes(content)
    hidden.replace(target)


def add_digits(folder, *versions, manifest=None):
    """A small model of pictures, some 70 kB in memory."""
    for version in versions:
        put(folder / version / "model.onnx", (DIGITS / "1" / "model.onnx").read_bytes())
    if manifest:
        put(folder / "model.yaml", manifest.encode())


def add_simple(folder, *versions):
    """Sums and differences; the second version has them swapped. All versions have the same size but not content."""
    if not SYNTHETIC.is_dir():
        pytest.skip(f"no {SYNTHETIC} beside this clone")
    for version in versions:
        put(folder / version / "model.onnx", read_simple(version))


def read_simple(version):
    return (SYNTHETIC / "simple" / ("2" if version == "2" else "1") / "model.onnx").read_bytes()


@contextlib.contextmanager
def served_models(folder, *options):
    with serving("serval", "serve", folder, *options) as server, server.client() as client:
        yield server, client


def tell(client, name):
    return client.get(f"/api/v1/models/{name}").json()


def version_of(client, name, version):
    return next((one for one in tell(client, name)["versions"] if one["version"] == version), None)


def state_of(client, name):
    return tell(client, name).get("state")


def change(client, path, **more):
    return client.post(f"/api/v1/models/{path}", **more)


def predict(client, name, timeout=None, **more):
    headers = {"Content-Type": "image/png", **({
    "X-Request-Timeout" : str(timeout)} if timeout else {})}
    return client.post(f"/api/v1/models/{name}/predict", content=pictures.SEVEN, headers=headers, **more)


def loads(server, model, version="1"):
    """Successful loads of a version."""
    return sum(value for name, value in server.metrics().items()
               if name.startswith("serval_model_loads_total{") and f'model="{model}"' in name
               and f'version="{version}"' in name and 'result="success"' in name)


class Load:
    """Clients that ask `simple` all the time; every answer must be one of the version that it names."""

    def __init__(self, url, n_threads=3):
        self.url, self.stopping, self.seen, self.wrong = url, threading.Event(), [], []
        self.threads = [threading.Thread(target=self._run) for _ in range(n_threads)]

    def _run(self):
        with httpx.Client(base_url=self.url, timeout=20, trust_env=False) as client:
            while not self.stopping.is_set():
                answer = client.post("/api/v1/models/simple/predict", json=PAIR)
                if answer.status_code != 200:
                    self.wrong.append(answer.text)
                    continue
                body, version = answer.json(), answer.headers["x-model-version"]
                if body["model_version"] != version or body["outputs"]["OUTPUT0"][0] != FIRST_OUTPUT[version]:
                    self.wrong.append(answer.text)
                self.seen.append(version)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_until(lambda: len(self.seen) + len(self.wrong) > 10)
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.wrong, self.wrong[:3]

    def is_at(self, version):
        return self.seen[-3:] == [version] * 3

#Calls.

def test_load_and_unload(tmp_path):
    add_digits(tmp_path / "m", "1", "2")
    with served_models(tmp_path / "m") as (server, client):
        told = change(client, "m/unload")
        assert told.status_code == 200 and told.json() == tell(client, "m")
        assert [one["state"] for one in told.json()["versions"]] == ["absent", "absent"]
        refused = predict(client, "m")
        assert refused.status_code == 503 and refused.json()["error"] == "MODEL_NOT_LOADED"
        assert client.get("/health").json()["status"] == "unhealthy"
        assert client.get("/health/ready").status_code == 503
        told = change(client, "m/versions/v1/load").json()
        assert [one["state"] for one in told["versions"]] == ["ready", "absent"] and told["state"] == "absent"
        assert predict(client, "m", params={"model_version": "1"}).status_code == 200
        assert change(client, "m/load", json={}).json()["state"] == "ready"
        assert predict(client, "m").json()["model_version"] == "2"
        assert client.get("/health").json()["status"] == "healthy"
        assert (loads(server, "m", "1"), loads(server, "m", "2")) == (2, 2)  # what was ready was not loaded anew
        assert change(client, "m/versions/2/unload").json()["state"] == "absent"
        assert predict(client, "m").status_code == 503


def test_calls_that_are_refused(tmp_path):
    add_digits(tmp_path / "m", "1", "2")
    with served_models(tmp_path / "m") as (_, client):
        for path in ("m/versions/9/load", "m/versions/9/unload"):
            answer = change(client, path)
            assert answer.status_code == 404 and answer.json()["error"] == "MODEL_VERSION_NOT_FOUND"
            assert answer.json()["available"] == ["1", "2"]
        for path in ("nobody/load", "nobody/unload", "nobody/versions/1/load"):
            answer = change(client, path)
            assert answer.status_code == 404 and answer.json()["error"] == "MODEL_NOT_FOUND"
        for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"},
                        {"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert change(client, "m/unload", headers=headers).status_code == 415
        assert client.get("/api/v1/models/m/load").status_code == 405
        assert state_of(client, "m") == "ready"


def test_other_addresses_change_nothing(tmp_path):
    add_digits(tmp_path / "m", "1")
    with served_models(tmp_path / "m", "--host", "0.0.0.0") as (server, client):
        for path in ("m/unload", "m/load", "m/versions/1/unload"):
            answer = change(client, path)
            assert answer.status_code == 403 and answer.json()["error"] == "FORBIDDEN"
        assert client.put("/api/v1/models/m/versions", json={"default": "1"}).status_code == 403
        assert client.post("/v2/repository/models/m/unload").status_code == 403
        assert state_of(client, "m") == "ready"
        assert any("loopback" in line for line in server.err)


def test_versions_call(tmp_path):
    add_digits(tmp_path / "m", "1", "2")
    with served_models(tmp_path / "m") as (_, client):
        def set_versions(body):
            return client.put("/api/v1/models/m/versions", json=body)

        told = set_versions({"default": "v1", "weights": {"1": 90, "2": 10}})
        assert told.status_code == 200 and told.json()["default_version"] == "1"
        assert [one["weight"] for one in told.json()["versions"]] == [90, 10]
        for _ in range(5):
            set_versions({"weights": {"2": 1}})
            assert predict(client, "m").json()["model_version"] == "2"
            set_versions({"default": "1"})
            assert predict(client, "m").json()["model_version"] == "1"
        assert "weight" not in tell(client, "m")["versions"][0]
        assert set_versions({}).json()["default_version"] == "2"
        for body in ({"weights": {"1": -1}}, {"weights": {"1": 0, "2": 0}}, {"weights": {"1": 1.5}},
                     {"weights": {"1": 1, "v1": 2}}, {"weights": [1]}, {"default": 3}, {"other": 1}, []):
            answer = set_versions(body)
            assert answer.status_code == 422 and answer.json()["detail"][0]["loc"][0] == "body", body
        for body in ({"default": "7"}, {"weights": {"7": 1}}):
            assert set_versions(body).status_code == 404
        assert client.put("/api/v1/models/m/versions", content="{}", headers={"Content-Type": "text/plain"}
                          ).status_code in (415, 422)


def test_unload_while_requests_run(tmp_path):
    if not SYNTHETIC.is_dir():
        pytest.skip(f"no {SYNTHETIC} beside this clone")
    shutil.copytree(SYNTHETIC / "burn_cpu", tmp_path / "burn_cpu")
    with served_models(tmp_path, "--workers", "1") as (server, client), \
            concurrent.futures.ThreadPoolExecutor() as pool:
        def burn():
            body = json.dumps({"inputs": {"ITERATIONS": [[20_000]]}}).encode()
            return server.ask("POST", "/api/v1/models/burn_cpu/predict", [("Content-Type", "application/json")], body)

        running = [pool.submit(burn) for _ in range(2)]
        wait_until(lambda: server.metrics().get('serval_queue_depth{model="burn_cpu"}') == 1)  # and one runs
        unloading = pool.submit(server.ask, "POST", "/api/v1/models/burn_cpu/unload")
        wait_until(lambda: state_of(client, "burn_cpu") == "draining")
        assert burn().status == 503
        assert [one.result().status for one in running] == [200, 200]
        assert unloading.result().status == 200
        assert state_of(client, "burn_cpu") == "absent"


def test_calls_by_many_at_once(tmp_path):
    """Whatever the order: each is answered, and the last one holds."""
    add_digits(tmp_path / "m", "1", "2")
    paths = ["m/load", "m/unload", "m/versions/1/load", "m/versions/2/unload"]
    with served_models(tmp_path) as (_, client), concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: change(client, paths[i % 4]).status_code, range(80)))
        assert set(answers) <= {200, 503}  # 503: it was unloaded again before it was answered
        assert change(client, "m/load").json()["state"] == "ready" and predict(client, "m").status_code == 200
        assert change(client, "m/unload").json()["state"] == "absent"


def test_a_load_goes_on_after_its_deadline(tmp_path):
    add_digits(tmp_path / "m", "1", "2")
    with served_models(tmp_path) as (_, client):
        change(client, "m/unload")
        answer = change(client, "m/load", headers={"X-Request-Timeout": "0.003"})
        assert answer.status_code in (200, 408, 504)
        if answer.status_code != 408:  # it was read in time
            wait_until(lambda: state_of(client, "m") == "ready")


def test_batching_is_told(tmp_path):
    if not SYNTHETIC.is_dir():
        pytest.skip(f"no {SYNTHETIC} beside this clone")
    shutil.copytree(SYNTHETIC / "mlp_784", tmp_path / "mlp_784")
    put(tmp_path / "mlp_784" / "model.yaml", b"batching: {max_size: 8}\n")
    with served_models(tmp_path / "mlp_784") as (_, client):
        batching = tell(client, "mlp_784")["batching"]
        config = client.get("/v2/models/mlp_784/config").json()
        if batching["enabled"]:
            assert batching["max_size"] == config["max_batch_size"] > 1
            assert config["dynamic_batching"] == {} and config["input"][0]["dims"] == [784]
        else:  # measured, and found not to pay here
            assert batching["reason"] and config["max_batch_size"] == 0
            assert config["input"][0]["dims"] == [-1, 784]
        assert client.get("/v2/models/mlp_784").json()["inputs"][0]["shape"] == [-1, 784]


def test_a_model_that_cannot_be_loaded(tmp_path):
    add_digits(tmp_path / "good", "1")
    put(tmp_path / "bad" / "1" / "model.onnx", b"no model")
    with served_models(tmp_path) as (_, client):
        wait_until(lambda: state_of(client, "bad") == "failed")
        answer = change(client, "bad/load")
        assert answer.status_code == 500 and answer.json()["error"] == "INFERENCE_FAILED"
        assert version_of(client, "bad", "1")["reason"] in answer.json()["message"]
        assert client.get("/health").json()["status"] in ("degraded", "unhealthy")
        put(tmp_path / "bad" / "1" / "model.onnx", (DIGITS / "1" / "model.onnx").read_bytes())
        assert change(client, "bad/load").json()["state"] == "ready"
        assert "reason" not in version_of(client, "bad", "1")
        assert client.get("/health").json()["status"] == "healthy"

#Lazy, eager, pinned; memory.

def test_a_lazy_model_is_loaded_once(tmp_path):
    add_digits(tmp_path / "m", "1", manifest="load: lazy\n")
    with served_models(tmp_path) as (server, client), concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert state_of(client, "m") == "absent"
        assert client.get("/health/ready").status_code == 200 and client.get("/health").json()["status"] == "healthy"
        assert client.get("/health/ready", params={"model": "m"}).status_code == 200
        answers = list(pool.map(lambda _: predict(client, "m"), range(20)))
        assert [answer.status_code for answer in answers] == [200] * 20
        assert loads(server, "m") == 1 and state_of(client, "m") == "ready"


def test_who_waits_for_a_load_has_a_deadline(tmp_path):
    """Two slow ones are before it: a warm-up that does not end holds the loader."""
    if not SYNTHETIC.is_dir():
        pytest.skip(f"no {SYNTHETIC} beside this clone")
    add_digits(tmp_path / "m", "1", manifest="load: lazy\n")
    put(tmp_path / "m" / "1" / "model.onnx", (DIGITS / "2" / "model.onnx").read_bytes())
    with served_models(tmp_path) as (server, client), concurrent.futures.ThreadPoolExecutor(8) as pool:
        short = pool.submit(predict, client, "m", 0.001)
        long = [pool.submit(predict, client, "m", 20) for _ in range(5)]
        assert short.result().status_code in (200, 408, 504)
        assert all(one.result().status_code == 200 for one in long)
        assert loads(server, "m") == 1


def test_the_least_recently_used_gives_way(tmp_path):
    for name in "abc":
        add_digits(tmp_path / name, "1", manifest="load: lazy\n")
    with served_models(tmp_path, "--memory-budget", "180000") as (server, client):
        for name in ("a", "b", "a"):
            assert predict(client, name).status_code == 200
        assert predict(client, "c").status_code == 200
        states = {name: state_of(client, name) for name in "abc"}
        assert states == {"a": "ready", "b": "absent", "c": "ready"}
        assert predict(client, "b").status_code == 200  # it comes back, for the one that was used longest ago
        assert state_of(client, "a") == "absent" and state_of(client, "c") == "ready"
        assert server.metrics()["serval_evictions_total"] == 2


def test_what_is_in_use_does_not_give_way(tmp_path):
    """As long as it runs; then it does."""
    if not SYNTHETIC.is_dir():
        pytest.skip(f"no {SYNTHETIC} beside this clone")
    for name in ("burn_cpu", "mlp_784"):
        shutil.copytree(SYNTHETIC / name, tmp_path / name)
        put(tmp_path / name / "model.yaml", b"load: lazy\nwarm_up: {budget: 0s}\n")
    x = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 784], "data": [0.5] * 784}]}
    burn = json.dumps({"inputs": {"ITERATIONS": [[20_000]]}}).encode()
    with served_models(tmp_path, "--workers", "1") as (_, client):  # what do they need?
        assert client.post("/api/v1/models/burn_cpu/load").status_code == 200
        assert client.post("/api/v1/models/mlp_784/load").status_code == 200
        sizes = [version_of(client, name, "1")["memory_bytes"] for name in ("burn_cpu", "mlp_784")]
    with served_models(tmp_path, "--workers", "1", "--memory-budget", str(max(sizes) + 1000)) as (server, client), \
            concurrent.futures.ThreadPoolExecutor() as pool:
        running = [pool.submit(server.ask, "POST", "/api/v1/models/burn_cpu/predict",
                               [("Content-Type", "application/json")], burn) for _ in range(2)]
        wait_until(lambda: server.metrics().get('serval_queue_depth{model="burn_cpu"}') == 1)
        answer = change(client, "mlp_784/load")
        assert answer.status_code == 503 and answer.json()["error"] == "INSUFFICIENT_MEMORY"
        assert state_of(client, "burn_cpu") == "ready"
        assert [one.result().status for one in running] == [200, 200]
        name = json.loads(server.ask("GET", "/v2/models/mlp_784").body)["inputs"][0]["name"]  # loads it
        x["inputs"][0]["name"] = name
        assert client.post("/v2/models/mlp_784/infer", json=x).status_code == 200
        assert state_of(client, "burn_cpu") == "absent"


def test_pinned_models_never_give_way(tmp_path):
    add_digits(tmp_path / "a", "1", manifest="load: pinned\n")
    add_digits(tmp_path / "b", "1", manifest="load: pinned\n")
    add_digits(tmp_path / "c", "1", manifest="load: lazy\n")
    with served_models(tmp_path, "--memory-budget", "180000") as (_, client):
        for _ in range(3):
            answer = predict(client, "c")
            assert answer.status_code == 503 and answer.json()["error"] == "INSUFFICIENT_MEMORY"
            assert int(answer.headers["retry-after"]) >= 1
        answer = change(client, "c/load")
        assert answer.status_code == 503 and answer.json()["error"] == "INSUFFICIENT_MEMORY"
        assert "memory_budget" in answer.json()["message"]
        assert [state_of(client, name) for name in "abc"] == ["ready", "ready", "failed"]
        assert change(client, "a/unload").status_code == 200
        assert change(client, "c/load").json()["state"] == "ready"


def test_warming_up_ends_with_its_budget(tmp_path):
    """A run that does not end is broken off; the model answers all the same."""
    if not SYNTHETIC.is_dir():
        pytest.skip(f"no {SYNTHETIC} beside this clone")
    shutil.copytree(SYNTHETIC / "burn_cpu", tmp_path / "burn_cpu")
    put(tmp_path / "burn_cpu" / "model.yaml", b"warm_up: {budget: 50ms}\n")
    with served_models(tmp_path) as (_, client):
        assert state_of(client, "burn_cpu") == "ready"
        answer = client.post("/api/v1/models/burn_cpu/predict", json={"inputs": {"ITERATIONS": [[1]]}})
        assert answer.status_code == 200

#What changes on disk.

@pytest.mark.parametrize("by_signal", [False, True])
def test_a_new_version_takes_over(tmp_path, by_signal):
    add_simple(tmp_path / "simple", "1")
    poll = ("--model-poll", "0") if by_signal else FAST
    with served_models(tmp_path, *poll) as (server, client), Load(server.url) as load:
        for version in ("2", "3"):
            add_simple(tmp_path / "simple", version)
            if by_signal:
                server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: load.is_at(version))
            assert tell(client, "simple")["default_version"] == version
        shutil.rmtree(tmp_path / "simple" / "3")
        if by_signal:
            server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: load.is_at("2"))
        assert [one["version"] for one in tell(client, "simple")["versions"]] == ["1", "2"]
        assert "3" in load.seen


def test_a_file_is_replaced(tmp_path):
    """By a rename, by writing in two halves, and by garbage, under load: what answers is one or the other."""
    add_simple(tmp_path / "simple", "1")
    file = tmp_path / "simple" / "1" / "model.onnx"

    def first(client):
        return client.post("/api/v1/models/simple/predict", json=PAIR).json()["outputs"]["OUTPUT0"][0]

    with served_models(tmp_path, *FAST) as (server, client):
        put(file, read_simple("2"))
        wait_until(lambda: first(client) == DIFFERENCES)
        whole = read_simple("1")
        with open(file, "wb", buffering=0) as out:
            out.write(whole[:len(whole) // 2])
            half_seen = loads(server, "simple")
            assert first(client) == DIFFERENCES
            out.write(whole[len(whole) // 2:])
        wait_until(lambda: first(client) == SUMS)
        assert loads(server, "simple") == half_seen + 1
        put(file, b"garbage")
        wait_until(lambda: "reason" in version_of(client, "simple", "1"))
        assert version_of(client, "simple", "1")["state"] == "ready" and first(client) == SUMS
        answer = change(client, "simple/load")
        assert answer.status_code == 500 and first(client) == SUMS
        put(file, read_simple("2"))
        wait_until(lambda: first(client) == DIFFERENCES)
        wait_until(lambda: "reason" not in version_of(client, "simple", "1"))


def test_load_takes_what_has_changed(tmp_path):
    """Without looking at the disk by itself: a call does."""
    add_simple(tmp_path / "simple", "1")
    with served_models(tmp_path, "--model-poll", "0") as (server, client):
        assert change(client, "simple/load").status_code == 200 and loads(server, "simple") == 1
        put(tmp_path / "simple" / "1" / "model.onnx", read_simple("2"))
        assert change(client, "simple/load").status_code == 200 and loads(server, "simple") == 2
        answer = client.post("/api/v1/models/simple/predict", json=PAIR)
        assert answer.json()["outputs"]["OUTPUT0"][0] == DIFFERENCES


def test_models_come_and_go(tmp_path):
    add_digits(tmp_path / "models" / "a", "1")
    with served_models(tmp_path / "models", *FAST) as (_, client):
        add_digits(tmp_path / "b", "1")
        (tmp_path / "b").rename(tmp_path / "models" / "b")
        wait_until(lambda: state_of(client, "b") == "ready")
        assert predict(client, "b").status_code == 200
        shutil.rmtree(tmp_path / "models" / "a")
        wait_until(lambda: client.get("/api/v1/models/a").status_code == 404)
        assert predict(client, "a").status_code == 404 and predict(client, "b").status_code == 200
        assert client.get("/health").json()["status"] == "healthy"


def test_manifests_change(tmp_path):
    add_digits(tmp_path / "m", "1", "2", manifest="postprocess: {top_k: 2}\n")
    manifest = tmp_path / "m" / "model.yaml"

    def count(client):
        return len(predict(client, "m").json()["predictions"])

    with served_models(tmp_path, *FAST) as (server, client):
        assert count(client) == 2
        put(manifest, b"postprocess: {top_k: 3}\n")
        wait_until(lambda: count(client) == 3)
        put(manifest, b"postprocess: {top_k: many}\n")
        wait_until(lambda: any("top_k" in line for line in server.err))
        assert count(client) == 3
        put(manifest, b"postprocess: {top_k: 4}\nversions: {default: 1}\n")
        wait_until(lambda: count(client) == 4)
        wait_until(lambda: tell(client, "m")["default_version"] == "1")


def test_a_load_takes_a_new_manifest(tmp_path):
    add_digits(tmp_path / "m", "1", manifest="postprocess: {top_k: 2}\n")
    with served_models(tmp_path, "--model-poll", "0") as (server, client):
        put(tmp_path / "m" / "model.yaml", b"postprocess: {top_k: 3}\n")
        assert change(client, "m/load").status_code == 200  # it looks at the disk before
        assert len(predict(client, "m").json()["predictions"]) == 3
        put(tmp_path / "m" / "model.yaml", b"postprocess: {top_k: 4}\n")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(predict(client, "m").json()["predictions"]) == 4)


def test_load_cycles_leave_nothing_behind(tmp_path):
    """Memory after many loads is that after some."""
    add_digits(tmp_path / "m", "1", "2")
    with served_models(tmp_path) as (server, client):
        def cycle(n):
            for _ in range(n):
                assert change(client, "m/unload").status_code == 200
                assert change(client, "m/load").status_code == 200
                assert predict(client, "m").status_code == 200
            status = open(f"/proc/{server.process.pid}/status", encoding="ascii").read()
            return int(re.search(r"RssAnon:\s+(\d+)", status)[1])

        before = cycle(20)
        assert cycle(60) < before * 1.1
        assert loads(server, "m") == 81


def test_a_session_that_fails_is_rebuilt(tmp_path):
    """Five failed runs in a row: it may be spoilt."""
    if not SYNTHETIC.is_dir():
        pytest.skip(f"no {SYNTHETIC} beside this clone")
    shutil.copytree(SYNTHETIC / "fail_reshape", tmp_path / "fail_reshape")
    cases = json.loads((SYNTHETIC / "EXPECTED.json").read_text())["models"]["fail_reshape"]["cases"]
    bad = {"inputs": next(case for case in cases if case.get("fails"))["inputs"]}
    good = {"inputs": next(case for case in cases if not case.get("fails"))["inputs"]}
    with served_models(tmp_path) as (server, client):
        def ask(body):
            return client.post("/v2/models/fail_reshape/infer", json=body).status_code

        assert ask(good) == 200 and loads(server, "fail_reshape") == 1
        assert [ask(bad) for _ in range(5)] == [500] * 5
        wait_until(lambda: loads(server, "fail_reshape") == 2)
        assert ask(good) == 200
