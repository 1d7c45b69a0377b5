"""Models as strangers meet them: which one is the default, what is refused, and with which words."""
import contextlib
import json

import pytest

import pictures
from served import ROOT, SHARED, serving, wait_until

MODELS = SHARED / "models"
PNG = {"Content-Type": "image/png"}
OTHER_TASKS = ["tabular/iris", "embed/bge-m2v-64", "synthetic/simple"]


@contextlib.contextmanager
def served_links(folder, *paths, garbage=()):
    """A repository of links to these models, and of some that are none."""
    for path in paths:
        if not path.is_dir():
            pytest.skip(f"no {path} beside this clone")
        (folder / path.name).symlink_to(path)
    for name in garbage:
        (folder / name / "1").mkdir(parents=True)
        (folder / name / "1" / "model.onnx").write_bytes(b"no model at all")
    with serving("serval", "serve", folder) as server, server.client() as client:
        yield client


def test_a_file_that_is_no_model_is_not_the_default(tmp_path):
    with served_links(tmp_path, ROOT / "models" / "digits", garbage=["a-first"]) as client:
        assert client.get("/health").json()["status"] == "degraded"
        assert client.get("/health/ready").status_code == 200
        answer = client.post("/api/v1/predict", content=pictures.SEVEN, headers=PNG)
        assert (answer.status_code, answer.headers["x-model"]) == (200, "digits")


def test_only_a_file_that_is_no_model(tmp_path):
    with served_links(tmp_path, garbage=["a-first"]) as client:
        assert client.get("/health").json()["status"] == "unhealthy"
        ready = client.get("/health/ready")
        assert ready.status_code == 503 and "a-first" in ready.json()["reasons"][0]
        answer = client.post("/api/v1/predict", content=pictures.SEVEN, headers=PNG)
        assert (answer.status_code, answer.json()["error"]) == (503, "MODEL_NOT_LOADED")
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("path", OTHER_TASKS)
def test_a_server_without_pictures_is_healthy(tmp_path, path):
    with served_links(tmp_path, MODELS / path) as client:
        told = client.get("/health").json()
        assert (told["status"], told["model_loaded"]) == ("healthy", True)
        assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("path", OTHER_TASKS)
def test_a_picture_for_another_task(tmp_path, path):
    with served_links(tmp_path, ROOT / "models" / "digits", MODELS / path) as client:
        name = path.rpartition("/")[2]
        answer = client.post("/api/v1/predict", params={"model": name}, content=pictures.SEVEN, headers=PNG)
        assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_INPUT")
        assert f"Model {name} does not classify pictures" in answer.json()["message"]


ROWS = [[1] * 16]


@pytest.mark.parametrize("rows", [(3, 2), (2, 1), (0, 1)])
def test_inputs_of_different_length(tmp_path, rows):
    wanted = "input 'INPUT1' batch size does not match other inputs"
    with served_links(tmp_path, MODELS / "synthetic" / "simple") as client:
        tensors = [{"name": f"INPUT{i}", "datatype": "INT32", "shape": [n, 16], "data": ROWS * n}
                   for i, n in enumerate(rows)]
        answer = client.post("/v2/models/simple/infer", json={"inputs": tensors})
        assert answer.status_code == 400 and wanted in answer.json()["error"]
        if 0 not in rows:  # an empty list says nothing about its rows
            inputs = {one["name"]: one["data"] for one in tensors}
            answer = client.post("/api/v1/models/simple/predict", json={"inputs": inputs})
            assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_INPUT")
            assert wanted in answer.json()["message"]


def test_name_and_version_in_one(tmp_path):
    with served_links(tmp_path, MODELS / "synthetic" / "simple") as client:
        tensors = [{"name": f"INPUT{i}", "datatype": "INT32", "shape": [1, 16], "data": ROWS} for i in (0, 1)]
        for version in ("1", "2", "v1"):
            path = f"/v2/models/simple:{version}"
            assert client.get(path).json()["versions"] == [version.strip("v")]
            assert client.get(f"{path}/ready").status_code == 200
            answer = client.post(f"{path}/infer", json={"inputs": tensors})
            assert answer.json()["model_version"] == version.strip("v")
        for path, text in (("simple:9", "'simple' version 9"), ("simple:", "'simple:'"), (":1", "':1'"),
                           ("none:1", "'none:1'"), ("simple:1/versions/1", "'simple:1'")):
            answer = client.get(f"/v2/models/{path}")
            assert answer.status_code == 404 and text in answer.json()["error"], path


def test_what_was_sent_is_counted(tmp_path):
    (tmp_path / "digits").symlink_to(ROOT / "models" / "digits")
    tensor = {"name": "image", "datatype": "FP32", "shape": [1, 1, 28, 28], "data": [0.5] * 784}
    body = json.dumps({"inputs": [tensor]})
    with serving("serval", "serve", tmp_path, "--log-format", "json") as server, server.client() as client:
        assert client.post("/v2/models/digits/infer", content=body).status_code == 200
        handler = '{handler="/v2/models/{model}/infer"}'
        assert wait_until(lambda: server.metrics().get("http_request_size_bytes_sum" + handler)) == len(body)
        lines = wait_until(lambda: [json.loads(line) for line in server.out if "infer" in line])
        assert lines[0]["bytes_in"] == len(body)


@pytest.mark.parametrize(("query", "header", "body", "answers"), [
    ("", "", "", "2"), ("1", "", "", "1"), ("v1", "2", "", "1"), ("", "1", "", "1"), ("1", "", "2", "2"),
    ("9", "", "", None)])
def test_versions_of_embedders(tmp_path, query, header, body, answers):
    with served_links(tmp_path, MODELS / "embed" / "bge-m2v-64") as client:
        answer = client.post("/embed", params={"model_version": query} if query else {},
                             headers={"X-Model-Version": header} if header else {},
                             json={"text": "x", **({"model_version": body} if body else {})})
        assert answer.status_code == (200 if answers else 404), answer.text
        assert answer.json().get("model_version") == answers


def test_outputs_that_no_answer_carries(tmp_path):
    with served_links(tmp_path, MODELS / "synthetic" / "huge_output") as client:
        inputs = {"VALUE": [1.123456789], "SIZE": [40_000_000]}
        answer = client.post("/api/v1/models/huge_output/predict", json={"inputs": inputs})
        assert (answer.status_code, answer.json()["error"]) == (500, "INVALID_MODEL_OUTPUT")
        assert "more than 256 MiB" in answer.json()["message"]
        inputs["SIZE"] = [10]
        assert client.post("/api/v1/models/huge_output/predict", json={"inputs": inputs}).status_code == 200


def test_tables_without_rows(tmp_path):
    """The engine would end the process over some of these."""
    with served_links(tmp_path, MODELS / "tabular" / "iris", MODELS / "tabular" / "iris_zipmap") as client:
        tensor = {"name": "float_input", "datatype": "FP32", "shape": [0, 4], "data": []}
        outputs = [{"name": "output_label"}]
        for model in ("iris_zipmap/versions/1", "iris_zipmap/versions/3", "iris"):
            answer = client.post(f"/api/v1/models/{model}/predict", json={"rows": []})
            assert (answer.status_code, answer.json()["error"]) == (422, "VALIDATION_ERROR")
            assert "Expected at least one row" in answer.json()["message"]
            answer = client.post(f"/v2/models/{model}/infer", json={"inputs": [tensor], "outputs": outputs})
            if model == "iris":
                assert answer.json()["outputs"][0]["shape"] == [0]
            else:
                assert answer.status_code == 400
                assert "'float_input' is empty, but output 'output_label' always has shape [1]" in answer.text
        assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize(("shapes", "text"), [
    ([[1, 2], [1, 3]], "'attention_mask' does not match other inputs: 3, and 2 of 'input_ids'"),
    ([[1, 2], [2, 2]], "'attention_mask' batch size does not match other inputs: 2, and 1 of 'input_ids'")])
def test_texts_of_different_length(tmp_path, shapes, text):
    with served_links(tmp_path, MODELS / "embed" / "bge-m2v-64") as client:
        tensors = [{"name": name, "datatype": "INT64", "shape": shape, "data": [1] * shape[0] * shape[1]}
                   for name, shape in zip(("input_ids", "attention_mask"), shapes)]
        answer = client.post("/v2/models/bge-m2v-64/infer", json={"inputs": tensors})
        assert answer.status_code == 400 and text in answer.json()["error"]


def test_an_empty_input_is_the_clients_mistake(tmp_path):
    with served_links(tmp_path, MODELS / "others" / "silero_vad") as client:
        told = client.get("/v2/models/silero_vad").json()
        shapes = {"input": [1, 0], "state": [2, 1, 128], "sr": []}
        tensors = [{"name": one["name"], "datatype": one["datatype"], "shape": shapes[one["name"]],
                    "data": [0] * {"input": 0, "state": 256, "sr": 1}[one["name"]]} for one in told["inputs"]]
        answer = client.post("/v2/models/silero_vad/infer", json={"inputs": tensors})
        assert answer.status_code == 400 and "'input' is empty" in answer.json()["error"]
