"""Every ONNX model of ../shared in one server process: it answers as expected, or is refused with its reason."""
import json
import math

import numpy
import pytest

from served import SHARED, serving, wait_until

MODELS = SHARED / "models"
SYNTHETIC = MODELS / "synthetic"
ENDED = {"ready", "failed"}
OTHERS = ["imagenet/mobilenet_v2", "imagenet/mobilenet_v2_int8", "imagenet/efficientnet_lite0", "embed/bge-m2v-64",
          "embed/all-minilm-l6-v2", "tabular/iris", "tabular/iris_zipmap", "digits/mnist", "others/silero_vad",
          "others/magika"]

pytestmark = [pytest.mark.skipif(not SYNTHETIC.is_dir(), reason="no models in ../shared"), pytest.mark.timeout(300)]


def plant(tree):
    """A repository of links; returns the names of those that must be refused."""
    for folder in SYNTHETIC.iterdir():
        if (folder / "1").is_dir():
            (tree / folder.name).symlink_to(folder)
    for path in OTHERS:
        folder = tree / path.rpartition("/")[2]
        folder.mkdir()
        for item in (MODELS / path).iterdir():
            (folder / item.name).symlink_to(item)
        if path.startswith("imagenet"):
            (folder / "labels.txt").symlink_to(MODELS / "imagenet" / "labels.txt")
    broken = sorted(SYNTHETIC.glob("broken/*.onnx"))
    for file in broken:
        folder = tree / f"broken_{file.stem}" / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").symlink_to(file)
    return {f"broken_{file.stem}" for file in broken}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    tree = tmp_path_factory.mktemp("models")
    broken = plant(tree)
    with serving("serval", "serve", *sorted(tree.iterdir()), "--log-level", "off") as served, \
            served.client() as client:
        def states():
            models = client.get("/api/v1/models").json()["models"]
            found = {model["name"]: [one["state"] for one in model["versions"]] for model in models}
            return found if all(set(one) <= ENDED for one in found.values()) else None

        yield client, wait_until(states, 120), broken


def read(path):
    return json.loads((MODELS / path / "EXPECTED.json").read_text(encoding="utf-8"))


def infer(client, model, inputs, version="1"):
    answer = client.post(f"/v2/models/{model}/versions/{version}/infer", json={"inputs": inputs}, timeout=60)
    assert answer.status_code == 200, f"{model}: {answer.text[:300]}"
    return {one["name"]: one["data"] for one in answer.json()["outputs"]}


def tensor(name, datatype, shape, data):
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def test_what_loads_and_what_is_refused(everything):
    client, states, broken = everything
    assert broken <= set(states)
    for name, found in states.items():
        assert set(found) == {"failed" if name in broken else "ready"}, (name, found)
        if name in broken:
            assert client.get(f"/api/v1/models/{name}").json()["versions"][0]["reason"]
            answer = client.post(f"/api/v1/models/{name}/predict", json={})
            assert answer.status_code == 503 and answer.json()["error"] == "MODEL_NOT_LOADED"


def is_json(case):
    tensors = case["inputs"] + case.get("outputs", [])
    return case["inputs"] and all("data" in one and one["datatype"] not in ("FP16", "BF16") for one in tensors)


def test_synthetic_models(everything):
    client, _, _ = everything
    n_checked = 0
    for name, model in read("synthetic")["models"].items():
        for case in filter(is_json, model.get("cases", [])):
            version = case.get("version", 1)
            answer = client.post(f"/v2/models/{name}/versions/{version}/infer", json={"inputs": case["inputs"]})
            where = f"{name}: {answer.text[:300]}"
            special = any(isinstance(x, str) for one in case.get("outputs", []) if one["datatype"] != "BYTES"
                          for x in one["data"])
            assert (answer.status_code == 200) == (not case.get("fails") and not special), where
            if answer.status_code == 200:
                got = {one["name"]: one["data"] for one in answer.json()["outputs"]}
                for one in case["outputs"]:
                    same = all(a == b or (isinstance(a, float) and math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6))
                               for a, b in zip(got[one["name"]], one["data"]))
                    assert same and len(got[one["name"]]) == len(one["data"]), where
            n_checked += 1
    assert n_checked > 50 and client.get("/health").status_code == 200


def test_a_network_of_random_weights(everything):
    client, _, _ = everything
    wanted = read("synthetic")["models"]["mlp_784"]["cases"][0]["outputs"][0]
    row = [(i % 17) / 16 for i in range(784)]
    spec = client.get("/v2/models/mlp_784").json()["inputs"][0]
    got = infer(client, "mlp_784", [tensor(spec["name"], "FP32", [1, 784], row)])["OUTPUT0"]
    assert all(abs(a - b) < 1e-3 for a, b in zip(got, wanted["first"]))


def test_digits(everything):
    client, _, _ = everything
    wanted = read("digits")["npy"]
    pictures = numpy.load(MODELS / "digits" / wanted["file"]).reshape(-1, 784)
    for picture, digit in zip(pictures, wanted["mnist8_argmax"]):
        got = infer(client, "mnist", [tensor("Input3", "FP32", [1, 1, 28, 28], picture.tolist())])
        assert numpy.argmax(got["Plus214_Output_0"]) == digit


def test_kinds_of_files(everything):
    """Features as the model's makers take them: both ends without white space, filled with 256."""
    client, _, _ = everything
    folder = MODELS / "others" / "magika"
    labels = json.loads((folder / "config.min.json").read_text(encoding="utf-8"))["target_labels_space"]
    n_checked = 0
    for case in read("others/magika")["cases"]:
        if "text" not in case:
            continue
        text = case["text"].encode().strip()
        first, last = list(text[:1024]), list(text[-1024:])
        features = first + [256] * (1024 - len(first)) + [256] * (1024 - len(last)) + last
        got = infer(client, "magika", [tensor("bytes", "INT32", [1, 2048], features)])["target_label"]
        assert labels[int(numpy.argmax(got))] == case["wanted"], case["case"]
        n_checked += 1
    assert n_checked >= 5


@pytest.mark.parametrize("version", ["1", "2"])
def test_sentences(everything, version):
    client, _, _ = everything
    cases = [case for case in read("embed/bge-m2v-64")["texts"] if case["text"].strip()]
    body = {"text": [case["text"] for case in cases], "model": "bge-m2v-64", "model_version": version}
    answer = client.post("/embed", json=body)
    assert answer.status_code == 200, answer.text[:300]
    for case, got in zip(cases, answer.json()["embeddings"]):
        assert numpy.allclose(got, case["embedding"], atol=1e-5), case["text"][:40]


def test_speech_of_silence(everything):
    client, _, _ = everything
    wanted = read("others/silero_vad")["zero_frame"]
    got = infer(client, "silero_vad", [tensor("input", "FP32", [1, 576], [0] * 576),
                                       tensor("state", "FP32", [2, 1, 128], [0] * 256),
                                       tensor("sr", "INT64", [], [16000])])
    assert abs(got["output"][0] - wanted["output"][0]) < 1e-3
    assert all(abs(a - b) < 1e-3 for a, b in zip(got["stateN"], wanted["stateN_first8"]))


def test_tables_by_rows(everything):
    client, _, _ = everything
    for version, wanted in read("tabular")["iris"].items():
        for row in wanted["first_rows"]:
            for name in ("iris", "iris_zipmap"):
                answer = client.post(f"/api/v1/models/{name}/versions/{version}/predict", json={"rows": [row["x"]]})
                assert answer.json()["predictions"][0]["label"] == str(row["label"])


def test_photos(everything):
    client, _, _ = everything
    for file, word in (("zebra.jpeg", "zebra"), ("pelican.jpeg", "pelican"), ("snail.jpeg", "snail")):
        picture = (SHARED / "images" / file).read_bytes()
        for name in ("mobilenet_v2", "mobilenet_v2_int8", "efficientnet_lite0"):
            for version in ("1", "2"):
                answer = client.post(f"/api/v1/models/{name}/versions/{version}/predict?top_k=1", content=picture,
                                     headers={"Content-Type": "image/jpeg"}, timeout=60)
                assert answer.status_code == 200, answer.text[:300]
                assert answer.json()["predictions"][0]["label"].lower() == word, (name, version)
