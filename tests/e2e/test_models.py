"""Models by name over TCP: tensors of every datatype, tables, pictures, and what is told of models."""
import json
import math
import time

import numpy
import pytest

import pictures
from served import ROOT, serving, wait_until

LIMIT = 5e-4  # between engines


def nest(flat, shape):
    """A flat, row-major list as nested ones."""
    if not shape:
        return flat[0]
    step = len(flat) // shape[0] if shape[0] else 0
    return [nest(flat[i * step:(i + 1) * step], shape[1:]) for i in range(shape[0])]


def flatten(value):
    return [x for item in value for x in flatten(item)] if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def synthetic(shared):
    folder = shared / "models" / "synthetic"
    if not (folder / "EXPECTED.json").is_file():
        pytest.skip("no synthetic models in ../shared")
    names = sorted(path for path in folder.iterdir() if path.is_dir() and path.name != "broken")
    expected = json.loads((folder / "EXPECTED.json").read_text())["models"]
    with serving("serval", "serve", *names, "--log-level", "off") as served, served.client() as client:
        yield client, expected


def is_small(case):
    return all("data" in tensor for tensor in case["inputs"] + case.get("outputs", []))


def as_body(case):
    return {"inputs": {tensor["name"]: nest(tensor["data"], tensor["shape"]) for tensor in case["inputs"]}}


def path_of(name, case):
    version = case.get("version")
    return f"/api/v1/models/{name}/versions/{version}/predict" if version else f"/api/v1/models/{name}/predict"


def is_finite(tensor):
    return not (tensor["datatype"].startswith("FP") and any(isinstance(x, str) for x in tensor["data"]))


def test_every_case_of_the_synthetic_models(synthetic):
    client, expected = synthetic
    n_checked = 0
    for name, model in expected.items():
        for case in model.get("cases", []):
            if not is_small(case):
                continue
            version = case.get("version") or "1"
            answer = client.post(path_of(name, {"version": version}), json=as_body(case))
            where = f"{name} {case.get('note', '')}: {answer.text[:300]}"
            if case.get("fails"):
                assert answer.status_code in (400, 500, 503), where
            elif not all(map(is_finite, case["outputs"])):
                assert answer.status_code == 500 and answer.json()["error"] == "INVALID_MODEL_OUTPUT", where
            else:
                assert answer.status_code == 200, where
                outputs = answer.json()["outputs"]
                for tensor in case["outputs"]:
                    got = outputs[tensor["name"]]
                    exact = not tensor["datatype"].startswith("FP")
                    assert len(flatten(got)) == len(tensor["data"]), where
                    for one, other in zip(flatten(got), tensor["data"]):
                        assert one == other if exact else math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-6), where
            n_checked += 1
    assert n_checked > 60


def test_a_large_tensor(synthetic):
    """A million numbers, exactly."""
    client, _ = synthetic
    values = numpy.random.default_rng(1).random((62500, 16), dtype=numpy.float32)
    body = json.dumps({"inputs": {"INPUT0": [[round(x, 6) for x in row] for row in values.tolist()]}})
    assert len(body) < 10 << 20
    answer = client.post("/api/v1/models/identity_fp32/predict", content=body,
                         headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text[:300]
    wanted = numpy.float32(json.loads(body)["inputs"]["INPUT0"])
    assert (numpy.float32(answer.json()["outputs"]["OUTPUT0"]) == wanted).all()


def test_what_cannot_be_sent(synthetic):
    client, _ = synthetic
    answer = client.post("/api/v1/models/sequence_output/predict", json={"inputs": {"X": [[1, 2]]}})
    assert answer.status_code == 400 and "cannot be sent" in answer.json()["message"]
    answer = client.post("/api/v1/models/huge_output/predict", json={"inputs": {"VALUE": [0.5], "SIZE": [10**13]}})
    assert answer.status_code in (500, 503), answer.text
    assert client.get("/health").status_code == 200


def test_a_run_ends_with_its_deadline(synthetic):
    """A minute of work, for a client that waits 0.3 s: the engine is interrupted and the permit comes back."""
    client, _ = synthetic
    started = time.monotonic()
    answer = client.post("/api/v1/models/burn_cpu/predict", json={"inputs": {"ITERATIONS": [[10**7]]}},
                         headers={"X-Request-Timeout": "0.3"})
    assert answer.status_code == 504 and time.monotonic() - started < 5
    wait_until(lambda: 'serval_cancelled_total{stage="running"} 1.0' in client.get("/metrics").text)


@pytest.fixture(scope="module")
def tables(shared, tmp_path_factory):
    folder = shared / "models" / "tabular"
    if not (folder / "EXPECTED.json").is_file():
        pytest.skip("no tables in ../shared")
    columns = "iris.preprocess.columns=[sepal_length, sepal_width, petal_length, petal_width]"
    with serving("serval", "serve", folder / "iris", folder / "iris_zipmap", "--set", columns,
                 "--log-level", "off") as served, served.client() as client:
        yield client, json.loads((folder / "EXPECTED.json").read_text())["iris"], folder


@pytest.mark.parametrize("version", ["1", "2"])
def test_iris(tables, version):
    client, expected, folder = tables
    wanted = expected[version]
    path = f"/api/v1/models/iris/versions/{version}/predict"
    rows = [row["x"] for row in wanted["first_rows"]]
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    by_list = client.post(path, json={"rows": rows}).json()
    by_name = client.post(path, json={"rows": [dict(zip(names, row)) for row in rows]}).json()
    assert by_list["predictions"] == by_name["predictions"] and by_list["model_version"] == version
    for row, got in zip(wanted["first_rows"], by_list["predictions"]):
        assert got["label"] == str(row["label"])
        assert list(got["probabilities"]) == ["0", "1", "2"]
        assert abs(got["confidence"] - row["probability"][row["label"]]) < LIMIT
        assert all(abs(a - b) < LIMIT for a, b in zip(got["probabilities"].values(), row["probability"]))
    everything = numpy.load(folder / "testdata" / "iris_X_test.npy").astype("float32").tolist()
    labels = [item["label"] for item in client.post(path, json={"rows": everything}).json()["predictions"]]
    assert labels == [str(label) for label in wanted["labels"]]


def test_a_sequence_of_maps_is_probabilities(tables):
    """ZipMap: maps from classes to probabilities say the same as a tensor of them."""
    client, expected, _ = tables
    row = expected["1"]["first_rows"][0]
    for version in ("1", "2", "3"):
        answer = client.post(f"/api/v1/models/iris_zipmap/versions/{version}/predict", json={"rows": [row["x"]] * 3})
        predictions = answer.json()["predictions"]
        assert len(predictions) == 3 and predictions[0] == predictions[2]
        assert predictions[0]["label"] == str(row["label"])
        assert list(predictions[0]["probabilities"]) == ["0", "1", "2"]
        assert abs(sum(predictions[0]["probabilities"].values()) - 1) < LIMIT
    same = client.post("/api/v1/models/iris/versions/1/predict", json={"rows": [row["x"]]}).json()["predictions"]
    maps = client.post("/api/v1/models/iris_zipmap/versions/1/predict", json={"rows": [row["x"]]}).json()["predictions"]
    assert maps == same


def test_a_sequence_of_maps_is_no_tensor(tables):
    """It cannot be sent as one; the other outputs can."""
    client, expected, _ = tables
    x = expected["1"]["first_rows"][0]["x"]
    inputs = [{"name": "float_input", "datatype": "FP32", "shape": [1, 4], "data": x}]
    for outputs, status in (([], 400), ([{"name": "output_probability"}], 400), ([{"name": "output_label"}], 200)):
        answer = client.post("/v2/models/iris_zipmap/versions/1/infer", json={"inputs": inputs, "outputs": outputs})
        assert answer.status_code == status
        assert status == 200 or "is a sequence of maps, which cannot be sent" in answer.json()["error"]
    answer = client.post("/api/v1/models/iris_zipmap/versions/1/predict", json={"inputs": {"float_input": [x]}})
    assert answer.status_code == 400 and "which cannot be sent" in answer.json()["message"]


def test_pictures_by_name(digits):
    with digits.client() as client:
        for path in ("predict?top_k=1", "versions/v1/predict?top_k=1"):
            answer = client.post(f"/api/v1/models/digits/{path}", content=pictures.SEVEN,
                                 headers={"Content-Type": "image/png"})
            assert [item["label"] for item in answer.json()["predictions"]] == ["7"]
        answer = client.post("/api/v1/models/digits/versions/9/predict", json={})
        assert answer.status_code == 404 and answer.json()["available"] == ["1", "2"]


def test_what_is_told_of_models(digits):
    with digits.client() as client:
        models = client.get("/api/v1/models").json()["models"]
        one = next(model for model in models if model["name"] == "digits")
        assert one == client.get("/api/v1/models/digits").json()
        assert one["task"] == "image-classification" and one["engine"] == "onnxruntime"
        assert one["default_version"] == "2" and [v["version"] for v in one["versions"]] == ["1", "2"]
        missing = client.get("/api/v1/models/nobody")
        assert missing.status_code == 404 and missing.json()["error"] == "MODEL_NOT_FOUND"


def test_a_model_that_cannot_be_loaded_is_told(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with serving("serval", "serve", ROOT / "models" / "digits", tmp_path / "bad.onnx", "--log-level",
                 "off") as served, served.client() as client:
        def is_failed():
            return client.get("/api/v1/models/bad").json()["state"] == "failed"

        wait_until(is_failed)
        version = client.get("/api/v1/models/bad").json()["versions"][0]
        assert version["reason"]
        answer = client.post("/api/v1/models/bad/predict", json={})
        assert answer.status_code == 503 and answer.json()["error"] == "MODEL_NOT_LOADED"
