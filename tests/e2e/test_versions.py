"""Versions over TCP: shares by weight, sticky users, calls that change both, a version that gives its share back,
shadow copies, and the default that is swapped under load."""
import collections
import os
import shutil
import signal
import threading

import pytest

from served import ROOT, serving, wait_until

PICTURES = [(ROOT / "examples" / "pictures" / f"digit-{digit}.png").read_bytes() for digit in range(10)]
DATA = ROOT / "tests" / "data" / "engine"


def repository(folder, versions, model="digits"):
    """models/digits, or one of tests/data/engine twice, with a manifest of the test's own."""
    folder = folder / model
    if model == "digits":
        shutil.copytree(ROOT / "models" / "digits", folder)
        text = (folder / "model.yaml").read_text()
        text = "\n".join(line for line in text.splitlines() if not line.startswith("versions:"))
    else:
        for version in "12":
            (folder / version).mkdir(parents=True)
            shutil.copy(DATA / f"{model}.onnx", folder / version / "model.onnx")
        text = "task: tensor"
    (folder / "model.yaml").write_text(f"{text}\nversions: {versions}\n")
    return folder


def ask(client, digit=7, path="/api/v1/models/digits/predict", **more):
    """The version that answers, and its best label."""
    headers = {"Content-Type": "image/png", **more.pop("headers", {})}
    answer = client.post(path, content=PICTURES[digit % 10], headers=headers, **more)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert answer.headers["X-Model-Version"] == told["model_version"]
    return told["model_version"], told["predictions"][0]["label"]


def shares(client, n, **more):
    return collections.Counter(ask(client, **more)[0] for _ in range(n))


def change(client, body, status=200):
    answer = client.put("/api/v1/models/digits/versions", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_shares(tmp_path):
    with serving("serval", "serve", repository(tmp_path, "{default: '1', weights: {'1': 90, '2': 10}}")) as served:
        with served.client() as client:
            counts = shares(client, 1000)
            assert 60 <= counts["2"] <= 140 and counts["1"] == 1000 - counts["2"]
            done = served.metrics()
            for version in "12":
                name = f'nv_inference_request_success{{model="digits",version="{version}"}}'
                assert done[name] == counts[version]
            # Whoever names a version has it.
            assert shares(client, 20, params={"model_version": "2"}) == {"2": 20}
            assert shares(client, 20, headers={"X-Model-Version": "v2"}) == {"2": 20}
            assert shares(client, 20, path="/api/v1/models/digits/versions/1/predict") == {"1": 20}
            told = client.get("/api/v1/models/digits").json()["versions"]
            assert {version["version"]: version["weight"] for version in told} == {"1": 90, "2": 10}


def test_other_protocols(tmp_path):
    """The Open Inference Protocol and /embed choose as predictions do."""
    picking = repository(tmp_path, "{default: '1', weights: {'1': 50, '2': 50}, sticky: 'header:X-User'}", "pick")
    embedder = tmp_path / "embedder"
    shutil.copytree(ROOT / "models" / "embedder", embedder)
    shutil.copytree(embedder / "1", embedder / "2")
    with open(embedder / "model.yaml", "a") as manifest:
        manifest.write("versions: {default: '1', weights: {'1': 50, '2': 50}, sticky: 'header:X-User'}\n")
    index = {"name": "index", "shape": [1], "datatype": "INT64", "data": [1]}
    with serving("serval", "serve", picking, embedder) as served, served.client() as client:
        for path, body in (("/v2/models/pick/infer", {"inputs": [index]}), ("/embed", {"text": "hello"})):

            def answerers(n, **headers):
                answers = [client.post(path, json=body, headers=headers) for _ in range(n)]
                assert all(answer.headers["X-Model-Version"] == answer.json()["model_version"] for answer in answers)
                return {answer.json()["model_version"] for answer in answers}

            assert answerers(60) == {"1", "2"}
            each = [answerers(5, **{"X-User": str(user)}) for user in range(20)]
            assert all(len(versions) == 1 for versions in each) and set.union(*each) == {"1", "2"}


@pytest.mark.parametrize("sticky,identify", [
    ("header:X-User", lambda user: {"headers": {"X-User": user}}),
    ("cookie:user", lambda user: {"headers": {"Cookie": f"theme=dark; user={user}"}}),
    ("query:user", lambda user: {"params": {"user": user}}),
])
def test_sticky_users(tmp_path, sticky, identify):
    folder = repository(tmp_path, f"{{default: '1', weights: {{'1': 50, '2': 50}}, sticky: '{sticky}'}}")
    with serving("serval", "serve", folder) as served, served.client() as client:
        users = {}
        for i in range(40):
            user = identify(f"user {i}" if "cookie" not in sticky else f"user-{i}")
            users[i] = ask(client, **user)[0]
            assert shares(client, 5, **user) == {users[i]: 5}
        assert set(users.values()) == {"1", "2"}
        assert set(shares(client, 60)) == {"1", "2"}  # of nobody in particular


def test_sticky_client(tmp_path):
    folder = repository(tmp_path, "{default: '1', weights: {'1': 50, '2': 50}, sticky: client}")
    with serving("serval", "serve", folder) as served, served.client() as client:
        assert len(shares(client, 40)) == 1


def test_default_and_weights_by_call(tmp_path):
    folder = repository(tmp_path, "{default: '1'}")
    with serving("serval", "serve", folder) as served, served.client() as client:
        assert shares(client, 20) == {"1": 20}
        assert change(client, {"default": "2"})["default_version"] == "2"
        assert shares(client, 20) == {"2": 20}
        told = change(client, {"default": "1", "weights": {"1": 0, "2": 1}})
        assert [version["weight"] for version in told["versions"]] == [0, 1]
        assert shares(client, 20) == {"2": 20}
        assert set(shares(client, 5, path="/api/v1/predict", params={"model": "digits"})) == {"2"}
        change(client, {"default": "9"}, 404)
        change(client, {"weights": {"9": 1}}, 404)
        change(client, {"weights": {"1": -1, "2": 2}}, 422)
        change(client, {"weights": {"1": 0, "2": 0}}, 422)
        assert shares(client, 20) == {"2": 20}
        # A version's new file changes nothing of it; a manifest that was written anew does.
        shutil.copy(folder / "1" / "model.onnx", folder / "new")
        os.replace(folder / "new", folder / "1" / "model.onnx")
        served.process.send_signal(signal.SIGHUP)
        loads = 'serval_model_loads_total{model="digits",version="1",result="success"}'
        wait_until(lambda: served.metrics()[loads] == 2)
        assert shares(client, 20) == {"2": 20}
        (folder / "model.yaml").write_text((folder / "model.yaml").read_text() + "# by hand\n")
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: shares(client, 5) == {"1": 5})


def run_burn(client, n, version=None):
    """A matrix multiplied n times: 4000 take more than 20 ms."""
    path = f"/api/v1/models/burn/versions/{version}/predict" if version else "/api/v1/models/burn/predict"
    return client.post(path, json={"inputs": {"n": n}})


def test_share_given_back(tmp_path):
    """By a version that is too slow; one by errors: tests/unit/model/test_version_plan.c."""
    versions = "{default: '1', weights: {'1': 50, '2': 50}, fallback: {min_requests: 20, max_latency: 20ms}}"
    with serving("serval", "serve", repository(tmp_path, versions, "burn")) as served, served.client() as client:

        def answerers(n):
            return set(run_burn(client, 1).headers["X-Model-Version"] for _ in range(n))

        def reason():
            return client.get("/api/v1/models/burn").json()["versions"][1].get("reason")

        for _ in range(40):  # the client's fault
            assert client.post("/api/v1/models/burn/versions/2/predict", json={"inputs": {"x": 1}}).status_code == 400
        assert answerers(60) == {"1", "2"} and not reason()
        for _ in range(20):
            assert run_burn(client, 4000, 2).status_code == 200
        assert "gave its share back: 0 of " in reason() and "took longer than 20 ms" in reason()
        assert answerers(60) == {"1"}
        assert run_burn(client, 1, 2).headers["X-Model-Version"] == "2"  # for whoever asks
        assert served.metrics()['serval_version_fallbacks_total{model="burn",version="2"}'] == 1
        assert client.post("/api/v1/models/burn/versions/2/load", json={}).status_code == 200
        assert not reason() and answerers(60) == {"1", "2"}
        for _ in range(20):
            assert run_burn(client, 4000, 2).status_code == 200
        assert reason()
        shutil.copy(DATA / "burn.onnx", tmp_path / "new")  # what is new gets its share, too
        os.replace(tmp_path / "new", tmp_path / "burn" / "2" / "model.onnx")
        served.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not reason())
        assert answerers(60) == {"1", "2"}
    assert any("gave its share of the requests back" in line for line in served.err)


def test_one_that_cannot_be_loaded_has_no_share(tmp_path):
    folder = repository(tmp_path, "{default: '1', weights: {'1': 50, '2': 50}}")
    (folder / "2" / "model.onnx").write_bytes(b"no model")
    with serving("serval", "serve", folder) as served, served.client() as client:
        assert shares(client, 40) == {"1": 40}


def test_lazy_versions_with_shares(tmp_path):
    """Are loaded for their first request; one that fails is tried again while others answer."""
    folder = repository(tmp_path, "{default: '1', weights: {'1': 50, '2': 50}}\nload: lazy")
    good = (folder / "2" / "model.onnx").read_bytes()
    (folder / "2" / "model.onnx").write_bytes(b"no model")
    with serving("serval", "serve", folder, "--model-poll", "0") as served, served.client() as client:

        def post():
            answer = client.post("/api/v1/predict", content=PICTURES[3], headers={"Content-Type": "image/png"})
            return answer.headers["X-Model-Version"] if answer.status_code == 200 else answer.status_code

        first = [post() for _ in range(40)]
        assert set(first) <= {"1", 503} and first.count(503) <= 1  # whoever waited for it
        (folder / "2" / "model.onnx").write_bytes(good)
        wait_until(lambda: post() == "2")
        assert set(shares(client, 40)) == {"1", "2"}


def test_default_that_is_unloaded(tmp_path):
    folder = repository(tmp_path, "{default: '1', weights: {'1': 50, '2': 50}}")
    with serving("serval", "serve", folder) as served, served.client() as client:
        assert client.post("/api/v1/models/digits/versions/1/unload", json={}).status_code == 200
        assert shares(client, 30) == {"2": 30}
        assert client.post("/api/v1/models/digits/versions/1/load", json={}).status_code == 200
        assert set(shares(client, 30)) == {"1", "2"}


def count_shadows(served, model="digits", version="1"):
    done = served.metrics()
    return {result: done[f'serval_shadow_total{{model="{model}",version="{version}",result="{result}"}}']
            for result in ("match", "differ", "failed", "dropped")}


def test_shadows(tmp_path):
    folder = repository(tmp_path, "{default: '2', shadow: '1'}")
    with serving("serval", "serve", folder) as served, served.client() as client:
        known = [ask(client, digit, path="/api/v1/models/digits/versions/2/predict") for digit in range(10)]
        for i in range(100):
            assert ask(client, i) == known[i % 10]
        counts = wait_until(lambda: sum((found := count_shadows(served)).values()) == 110 and found)
        assert counts["failed"] == 0 and counts["match"] and counts["differ"]
        own = served.metrics()['nv_inference_request_success{model="digits",version="1"}']
        assert own == counts["match"] + counts["differ"]


def test_shadows_under_load(tmp_path):
    """Those of which there are too many are dropped, and every one is counted."""
    folder = repository(tmp_path, "{default: '2', shadow: '1'}")
    with serving("serval", "serve", folder) as served:
        n_threads, n_each = 16, 40

        def work():
            with served.client() as client:
                for i in range(n_each):
                    assert ask(client, i)[0] == "2"

        run_all(work, n_threads)
        counts = wait_until(lambda: sum((found := count_shadows(served)).values()) == n_threads * n_each and found)
        assert counts["failed"] == 0


def test_shadow_that_fails(tmp_path):
    folder = repository(tmp_path, "{default: '1', shadow: '2'}", "pick")
    shutil.copy(DATA / "scalar.onnx", folder / "2" / "model.onnx")
    with serving("serval", "serve", folder) as served, served.client() as client:
        for _ in range(10):
            answer = client.post("/api/v1/models/pick/predict", json={"inputs": {"index": [2]}})
            assert answer.json()["outputs"] == {"y": [3.0]}
        wait_until(lambda: sum((found := count_shadows(served, "pick", "2")).values()) == 10 and found["failed"])


def test_shadows_do_not_hold_the_end_up(tmp_path):
    with serving("serval", "serve", repository(tmp_path, "{default: '1', shadow: '2'}", "burn")) as served:
        with served.client() as client:
            for _ in range(8):
                assert run_burn(client, 4000).headers["X-Model-Version"] == "1"
    assert not any("still running" in line for line in served.err)


def run_all(work, n_threads):
    """Threads, none of which may fail."""
    faults = []

    def guarded():
        try:
            work()
        except BaseException as fault:  # told below
            faults.append(fault)

    threads = [threading.Thread(target=guarded) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]


def test_default_is_swapped_under_load(tmp_path):
    """No request is lost, each answer is that of the version that it names, and whoever is sticky sees one version as
    long as the weights stay."""
    folder = repository(tmp_path, "{default: '1', sticky: 'header:X-User'}")
    with serving("serval", "serve", folder) as served, served.client() as control:
        labels = {version: [ask(control, digit, path=f"/api/v1/models/digits/versions/{version}/predict")[1]
                            for digit in range(10)] for version in "12"}
        done = threading.Event()
        seen = collections.Counter()

        def work():
            with served.client() as client:
                for i in range(10**6):
                    version, label = ask(client, i, headers={"X-User": str(threading.get_ident())})
                    assert label == labels[version][i % 10]
                    seen[version] += 1
                    if done.is_set():
                        return

        def swap():
            for i in range(30):
                change(control, {"default": "12"[i % 2]})
                shutil.copy(folder / "2" / "model.onnx", folder / "new")
                os.replace(folder / "new", folder / "2" / "model.onnx")
                served.process.send_signal(signal.SIGHUP)
                assert ask(control)[0] == "12"[i % 2]
            change(control, {"weights": {"1": 1, "2": 1}})
            done.set()

        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            run_all(work, 8)
        finally:
            done.set()
            swapper.join()
        assert seen["1"] and seen["2"]
        answers = [shares(control, 10, headers={"X-User": str(user)}) for user in range(20)]
        assert all(len(answer) == 1 for answer in answers)
