"""Every ONNX model of ../shared in one server process: it answers as expected, or is refused with its reason."""
import csv
import json
import time
import wave

import numpy
import pytest

from served import SHARED, serving, wait_until
from shared_models import (DTYPES, MODELS, SYNTHETIC, array_of, ask_bytes, ask_json, assert_same, at_once, infer,
                           outputs_of, plant, read)

ENDED = {"ready", "failed"}

pytestmark = [pytest.mark.skipif(not SYNTHETIC.is_dir(), reason="no models in ../shared"), pytest.mark.timeout(300)]


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


@pytest.fixture
def client(everything):
    return everything[0]


# What loads.

def test_what_loads_and_what_is_refused(everything):
    _, states, broken = everything
    n_files = len(list(MODELS.rglob("*.onnx")))
    assert broken <= set(states) and sum(map(len, states.values())) == n_files
    for name, found in states.items():
        assert set(found) == {"failed" if name in broken else "ready"}, (name, found)


# What has to be told of the reason, whichever version of the engine found it.
REASONS = {"truncated": "Protobuf parsing failed", "empty": "graph", "text": "Protobuf parsing failed",
           "unknown_op": "example.nowhere:NoSuchOp(-1) is not a registered function/op", "future_opset": "opset",
           "cycle": "the graph is not acyclic"}


def test_reasons_of_refusal(everything):
    client, _, broken = everything
    documented = read("models/synthetic")["models"]["broken"]["runtime_says"]
    assert {f"{name}.onnx" for name in REASONS} == set(documented) and len(broken) == len(REASONS)
    for name, words in REASONS.items():
        assert words.lower() in documented[f"{name}.onnx"].lower()
        reason = client.get(f"/api/v1/models/broken_{name}").json()["versions"][0]["reason"]
        assert words.lower() in reason.lower()
        answer = client.post(f"/api/v1/models/broken_{name}/predict", json={})
        assert answer.status_code == 503 and answer.json()["error"] == "MODEL_NOT_LOADED"
        assert not client.get(f"/v2/models/broken_{name}/ready").is_success
        entry = next(one for one in client.post("/v2/repository/index", json={}).json()
                     if one["name"] == f"broken_{name}")
        assert entry["state"] == "UNAVAILABLE" and entry["reason"] == reason


def test_metadata_of_all(everything):
    """Every datatype is one of the protocol's."""
    client, states, broken = everything
    for name in set(states) - broken:
        told = client.get(f"/v2/models/{name}").json()
        for one in told["inputs"] + told["outputs"]:
            assert one["datatype"] in {*DTYPES, "BF16", "BYTES"}, (name, one)


# The models made by script.

def synthetic_cases():
    """(model, version, case) of those that are here and whose tensors are written down whole."""
    for name, model in read("models/synthetic")["models"].items():
        for case in model.get("cases", []) if model.get("kept_here", True) else []:
            is_endless = name == "huge_output" and case.get("fails")
            if case["inputs"] and not is_endless and all("data" in one for one in case["inputs"] + case.get("outputs", [])):
                yield name, str(case.get("version", 1)), case


def is_not_finite(tensor):
    return tensor["datatype"].startswith("FP") and any(isinstance(x, str) for x in tensor["data"])


def check_json(client, name, version, case):
    answer = ask_json(client, name, case["inputs"], version)
    where, tensors = f"{name}: {answer.text[:300]}", case["inputs"] + case.get("outputs", [])
    if case.get("fails"):
        assert answer.status_code in (400, 500, 503) and answer.json()["error"], where
    elif any(one["datatype"] == "FP16" for one in tensors):
        assert answer.status_code == 400 and "FP16" in answer.json()["error"], where
    elif any(map(is_not_finite, tensors)):
        assert answer.status_code in (400, 500) and "JSON cannot carry" in answer.json()["error"], where
    else:
        assert_same(outputs_of(answer), case["outputs"], where)


def check_bytes(client, name, version, case):
    answer = ask_bytes(client, name, {one["name"]: array_of(one) for one in case["inputs"]}, version)
    if case.get("fails"):
        assert answer.status_code in (400, 500, 503) and answer.json()["error"], name
    else:
        assert_same(outputs_of(answer), case["outputs"], name)


@pytest.mark.parametrize("check", [check_json, check_bytes])
def test_synthetic_models(client, check):
    cases = list(synthetic_cases())
    assert len(cases) > 60
    at_once(lambda case: check(client, *case), cases)
    assert client.get("/health").status_code == 200


def assert_edges(array, wanted):
    """Of a large tensor only its ends and its sum are known."""
    flat = array.ravel()
    assert list(array.shape) == wanted["shape"]
    assert numpy.allclose(flat[:len(wanted["first"])], wanted["first"], atol=1e-4)
    assert numpy.allclose(flat[-len(wanted["last"]):], wanted["last"], atol=1e-4)
    assert numpy.isclose(flat.sum(dtype=float), wanted["sum"], rtol=1e-3)


def test_tensors_given_by_a_rule(client):
    models = read("models/synthetic")["models"]
    one, eight = (case["outputs"][0] for case in models["mlp_784"]["cases"])
    row = ((numpy.arange(784) % 17) / 16).astype("f4")[None]
    rows = row * (numpy.arange(1, 9, dtype="f4")[:, None] / 8)
    assert_edges(infer(client, "mlp_784", {"INPUT0": row})["OUTPUT0"], one)
    assert_edges(infer(client, "mlp_784", {"INPUT0": rows})["OUTPUT0"], eight)
    case = models["huge_output"]["cases"][1]
    made = infer(client, "huge_output", {tensor["name"]: array_of(tensor) for tensor in case["inputs"]})
    assert_edges(made["OUTPUT0"], case["outputs"][0])


def test_an_output_larger_than_memory(client):
    """A sanitizer's allocator does not survive it: not for programs built with one."""
    case = next(one for one in read("models/synthetic")["models"]["huge_output"]["cases"] if one.get("fails"))
    check_json(client, "huge_output", "1", case)
    check_bytes(client, "huge_output", "1", case)


def test_a_running_sum(client):
    state = numpy.zeros((1, 1), "i4")
    for n in range(1, 50):
        made = infer(client, "accumulate", {"INPUT0": numpy.full((1, 1), n, "i4"), "STATE_IN": state})
        state = made["STATE_OUT"]
        assert made["OUTPUT0"] == state == n * (n + 1) // 2


@pytest.mark.parametrize("path", ["/api/v1/models/burn_cpu/predict", "/v2/models/burn_cpu/infer"])
def test_the_engine_stops_at_the_deadline(client, path):
    """A minute of work for a client that waits 0.3 s; what it held is free at once."""
    def count():
        samples = (line.rpartition(" ") for line in client.get("/metrics").text.splitlines())
        return sum(float(value) for name, _, value in samples if name == 'serval_cancelled_total{stage="running"}')

    before, started = count(), time.monotonic()
    work = {"name": "ITERATIONS", "datatype": "INT64", "shape": [1, 1], "data": [10**7]}
    inputs = [work] if path.startswith("/v2") else {"ITERATIONS": [[10**7]]}
    answer = client.post(path, json={"inputs": inputs}, headers={"X-Request-Timeout": "0.3"})
    assert answer.status_code == 504 and time.monotonic() - started < 3, answer.text
    wait_until(lambda: count() == before + 1, 3)
    assert infer(client, "burn_cpu", {"ITERATIONS": numpy.ones((1, 1), "i8")})["DONE"] == 1
    assert time.monotonic() - started < 5


def test_what_the_protocol_cannot_carry(client):
    assert client.get("/v2/models/sequence_output").json()["outputs"] == []
    answer = ask_bytes(client, "sequence_output", {"X": numpy.array([[1, 2]], "f4")})
    assert answer.status_code == 400 and "cannot be sent" in answer.json()["error"]


# Digits.

def read_tensor_file(path):
    """The floats of an ONNX TensorProto that ends with them."""
    n_bytes = 784 * 4 if "input" in path.name else 10 * 4
    return numpy.frombuffer(path.read_bytes()[-n_bytes:], "<f4")


def test_digits(client):
    wanted, folder = read("models/digits"), MODELS / "digits"
    for name, reference in wanted["mnist8_reference"].items():
        picture = read_tensor_file(folder / f"testdata/mnist8_{name}_input_0.pb").reshape(1, 1, 28, 28)
        scores = infer(client, "mnist", {"Input3": picture})["Plus214_Output_0"][0]
        assert numpy.allclose(scores, read_tensor_file(folder / f"testdata/mnist8_{name}_output_0.pb"), atol=2e-3)
        assert numpy.allclose(scores, reference["logits"], atol=2e-3) and scores.argmax() == reference["digit"]
    pictures = numpy.load(folder / wanted["npy"]["file"]).reshape(-1, 1, 1, 28, 28).astype("f4")
    found = [infer(client, "mnist", {"Input3": picture})["Plus214_Output_0"].argmax() for picture in pictures]
    assert found == wanted["npy"]["mnist8_argmax"] == wanted["npy"]["truth"]


def test_pictures_of_digits(client):
    wanted = read("models/digits")["png_digits"]
    assert len(wanted) == 10
    for file, digit in wanted.items():
        answer = client.post("/api/v1/models/mnist/predict", headers={"Content-Type": "image/png"},
                             content=(SHARED / "images" / "digits" / file).read_bytes())
        assert answer.status_code == 200, answer.text
        assert answer.json()["predictions"][0]["label"] == str(digit)


# Photos.

NEAR = 0.03  # of probabilities, as documented
PHOTO_MODELS = {"mobilenet_v2": "images", "mobilenet_v2_int8": "images",
                "efficientnet_lite0": "models/imagenet/efficientnet_lite0"}


def photo_cases():
    for model, folder in PHOTO_MODELS.items():
        for file, photo in read(folder)["photos"].items():
            for version in ("1", "2"):
                yield model, version, file, photo["models"][f"{model}/{version}"]


def check_photo(client, model, version, file, wanted):
    answer = client.post(f"/api/v1/models/{model}/versions/{version}/predict?top_k=1000", timeout=60,
                         content=(SHARED / "images" / file).read_bytes(), headers={"Content-Type": "image/jpeg"})
    where = f"{model}/{version} {file}: {answer.text[:300]}"
    assert answer.status_code == 200, where
    told, top5 = answer.json()["predictions"], wanted["top5_A"]
    order = [one["label"] for one in told]
    found = {one["label"]: one["confidence"] for one in reversed(told)}  # two labels are there twice
    assert len(told) == 1000 and abs(sum(one["confidence"] for one in told) - 1) < 1e-3, where
    assert order[0] == wanted["label"], where
    for one in top5:
        assert abs(found[one["label"]] - one["prob"]) < NEAR, where
    for one, other in zip(top5, top5[1:]):
        if one["prob"] - other["prob"] > NEAR:
            assert order.index(one["label"]) < order.index(other["label"]), where


def test_photos(client):
    cases = list(photo_cases())
    assert len(cases) == 17 * 3 * 2
    at_once(lambda case: check_photo(client, *case), cases)


def test_logits_of_no_picture(client):
    for version, wanted in read("models/imagenet/efficientnet_lite0")["zero_input_first8_logits"].items():
        made = infer(client, "efficientnet_lite0", {"input": numpy.zeros((1, 3, 224, 224), "f4")}, version)
        assert numpy.allclose(made["output"][0, :8], wanted, atol=1e-4)


# Sentences.

def embed(client, texts, model, version="1"):
    answer = client.post("/embed", json={"text": texts, "model": model, "model_version": version}, timeout=60)
    assert answer.status_code == 200, answer.text[:300]
    return numpy.array(answer.json()["embeddings"], "f4")


def pool_tokens(client, model, ids):
    """The vector of token ids: texts that /embed refuses have some, too."""
    ids = numpy.array([ids], "i8")
    made = infer(client, model, {"input_ids": ids, "attention_mask": numpy.ones_like(ids),
                                 "token_type_ids": numpy.zeros_like(ids)})
    mean = made["last_hidden_state"][0].mean(axis=0, dtype=float)
    return mean / max(numpy.linalg.norm(mean), 1e-12)


def test_sentences(client):
    wanted = read("models/embed/bge-m2v-64")
    cases = [case for case in wanted["texts"] if case["text"]]
    texts = [case["text"] for case in cases]
    for version in ("1", "2"):
        vectors = embed(client, texts, "bge-m2v-64", version)
        assert numpy.allclose(vectors, [case["embedding"] for case in cases], atol=1e-5)
        for text, vector in zip(texts, vectors):
            assert numpy.allclose(embed(client, [text], "bge-m2v-64", version)[0], vector, atol=1e-6)
        for pair in wanted["pairs"]:
            a, b = embed(client, [pair["a"], pair["b"]], "bge-m2v-64", version)
            assert abs(a @ b - pair["cosine"]) < 1e-3
    for case in wanted["texts"]:
        assert numpy.allclose(pool_tokens(client, "bge-m2v-64", case["input_ids"]), case["embedding"], atol=1e-5)


def test_sentences_of_a_transformer(client):
    name = "all-minilm-l6-v2"
    wanted = read(f"models/embed/{name}")
    cases = [case for case in wanted["texts"] if case["text"]]
    texts = [case["text"] for case in cases]
    together = embed(client, texts, name)
    alone = at_once(lambda text: embed(client, [text], name)[0], texts)
    pooled = at_once(lambda case: pool_tokens(client, name, case["input_ids"]), wanted["texts"])
    assert numpy.allclose(together, alone, atol=1e-5)
    assert numpy.allclose(numpy.linalg.norm(together, axis=1), 1, atol=1e-5)
    for vectors, those in ((together, cases), (alone, cases), (pooled, wanted["texts"])):
        for vector, case in zip(vectors, those):
            for key in ("first8", "embedding"):
                values = case["model_1"].get(key, [])
                assert numpy.allclose(vector[:len(values)], values, atol=1e-4), case["text"][:40]
    for pair in wanted["pairs"]:
        a, b = embed(client, [pair["a"], pair["b"]], name)
        assert abs(a @ b - pair["cosine_model_1"]) < 1e-3


def test_pairs_of_sentences(client):
    """Their tokens are known; the model takes them as tensors."""
    pair = read("models/embed/all-minilm-l6-v2")["pair_encoding"]
    ids, kinds = (numpy.array([pair[key]], "i8") for key in ("input_ids", "token_type_ids"))
    made = infer(client, "all-minilm-l6-v2", {"input_ids": ids, "attention_mask": numpy.ones_like(ids),
                                              "token_type_ids": kinds})
    assert made["last_hidden_state"].shape == (1, ids.shape[1], 384)


# Tables.

def assert_table(found, labels, first_rows):
    assert [one["label"] for one in found] == labels
    for one, row in zip(found, first_rows):
        assert numpy.allclose(list(one["probabilities"].values()), row["probability"], atol=1e-5)


def test_tables(client):
    folder = MODELS / "tabular" / "testdata"
    with open(folder / "iris_test.csv", encoding="utf-8") as file:
        n_lines = len(list(csv.reader(file)))
    table = numpy.load(folder / "iris_X_test.npy").astype("f4")
    rows = {"rows": table.tolist()}
    assert len(table) == 38 and n_lines in (38, 39)
    for version, wanted in read("models/tabular")["iris"].items():
        labels = [str(label) for label in wanted["labels"]]
        for name in ("iris", "iris_zipmap"):
            answer = client.post(f"/api/v1/models/{name}/versions/{version}/predict", json=rows)
            assert_table(answer.json()["predictions"], labels, wanted["first_rows"])
        made = infer(client, "iris", {"float_input": table}, version)
        assert made["output_label"].tolist() == wanted["labels"]
        first = [row["probability"] for row in wanted["first_rows"]]
        assert numpy.allclose(made["output_probability"][:len(first)], first, atol=1e-5)
    truth = numpy.load(folder / "iris_Y_test.npy").ravel().tolist()
    neighbours = client.post("/api/v1/models/iris_zipmap/versions/3/predict", json=rows).json()["predictions"]
    assert sum(one["label"] == str(label) for one, label in zip(neighbours, truth)) >= 36


# The others.

def features_of(data):
    """Of a file, as the model's makers take them: both ends without white space, filled with 256."""
    first, last = data[:4096].lstrip(), data[-4096:].rstrip()
    if len(data) <= 4096:
        first = last = data.strip()
    first, last = list(first[:1024]), list(last[-1024:])
    return numpy.array([first + [256] * (1024 - len(first)) + [256] * (1024 - len(last)) + last], "i4")


def test_kinds_of_files(client):
    labels = json.loads((MODELS / "others/magika/config.min.json").read_text(encoding="utf-8"))["target_labels_space"]
    cases, rows = read("models/others/magika")["cases"], []
    for case in cases:
        data = case["text"].encode() if "text" in case else (SHARED / case["file"]).read_bytes()
        rows.append(features_of(data))
        scores = infer(client, "magika", {"bytes": rows[-1]})["target_label"][0]
        assert len(data) == case["bytes"] and labels[scores.argmax()] == case["wanted"] == case["top3"][0][0]
        for label, score in case["top3"]:
            assert abs(scores[labels.index(label)] - score) < 2e-3, case["case"]
    together = infer(client, "magika", {"bytes": numpy.concatenate(rows)})["target_label"]
    assert [labels[row.argmax()] for row in together] == [case["wanted"] for case in cases]


def listen(client, frame, state):
    made = infer(client, "silero_vad", {"input": frame, "state": state, "sr": numpy.array(16000, "i8")})
    return made["output"][:, 0], made["stateN"]


def test_speech(client):
    """A whole recording; the client carries the state from frame to frame."""
    wanted = read("models/others/silero_vad")
    with wave.open(str(MODELS / "others/silero_vad/testdata/speech.wav")) as file:
        sound = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype("f4") / 32768
    sound = numpy.concatenate([numpy.zeros(64, "f4"), sound])
    state, found = numpy.zeros((2, 1, 128), "f4"), []
    for at in range(0, (len(sound) - 64) // 512 * 512, 512):
        score, state = listen(client, sound[None, at:at + 576], state)
        found.append(float(score[0]))
    assert len(found) == wanted["frames"]
    assert numpy.allclose(found, wanted["probabilities"], atol=0.01)
    assert numpy.allclose(state.ravel()[:8], wanted["final_state_first8"], atol=0.01)
    speech = [number for number, score in enumerate(found) if score > 0.5]
    assert (len(speech), speech[0], speech[-1]) == (wanted["speech_frames_over_0.5"], wanted["first_speech_frame"],
                                                    wanted["last_speech_frame"])


def test_two_streams_of_speech(client):
    """Together in one tensor as each alone: the batch is the second dimension of the state."""
    sounds = numpy.random.default_rng(5).normal(0, 0.1, (2, 10, 576)).astype("f4")
    both, each = numpy.zeros((2, 2, 128), "f4"), [numpy.zeros((2, 1, 128), "f4")] * 2
    for at in range(10):
        together, both = listen(client, sounds[:, at], both)
        for one in range(2):
            alone, each[one] = listen(client, sounds[one:one + 1, at], each[one])
            assert abs(together[one] - alone[0]) < 1e-6


def test_silence(client):
    wanted = read("models/others/silero_vad")["zero_frame"]
    score, state = listen(client, numpy.zeros((1, 576), "f4"), numpy.zeros((2, 1, 128), "f4"))
    assert abs(score[0] - wanted["output"][0]) < 1e-4
    assert numpy.allclose(state.ravel()[:8], wanted["stateN_first8"], atol=1e-4)
