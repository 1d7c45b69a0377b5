"""POST /embed over TCP: the bundled embedder, and the shared models with what they were found to give."""
import json
import math

import pytest

from served import ROOT, SHARED, serving

EMBED = SHARED / "models/embed"
MINILM, BGE = EMBED / "all-minilm-l6-v2", EMBED / "bge-m2v-64"


@pytest.fixture(scope="module")
def bundled():
    with serving("serval", "serve", ROOT / "models", "--log-level", "off") as served, served.client() as client:
        yield client


@pytest.fixture(scope="module")
def sentences(shared):
    with serving("serval", "serve", EMBED, ROOT / "models", "--log-level", "off") as served, \
            served.client() as client:
        yield client


def embed(client, text, **more):
    answer = client.post("/embed", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def assert_near(got, expected, tolerance):
    assert len(got) >= len(expected)
    assert all(abs(a - b) <= tolerance for a, b in zip(got, expected))


@pytest.mark.parametrize("path", ["/embed", "/api/v1/embed"])
def test_the_bundled_embedder(bundled, path):
    for case in json.loads((ROOT / "models/embedder/EXPECTED.json").read_text())["embeddings"]:
        answer = bundled.post(path, json={"text": case["text"]})
        body = answer.json()
        assert list(body) == ["embedding", "model", "model_version", "dimensions"]
        assert (body["model"], body["model_version"], body["dimensions"]) == ("embedder", "1", 64)
        assert_near(body["embedding"], case["embedding"], 1e-5)
        assert answer.headers["x-model"] == "embedder" and answer.headers["x-model-version"] == "1"
        assert "infer;dur=" in answer.headers["server-timing"]


def test_a_list_gives_a_list_in_its_order(bundled):
    texts = ["a cat", "restart the server", "a much longer text about bread and cheese " * 9, "a cat"]
    body = embed(bundled, texts)
    assert list(body) == ["embeddings", "model", "model_version", "dimensions"]
    assert len(body["embeddings"]) == 4
    for text, vector in zip(texts, body["embeddings"]):
        assert_near(vector, embed(bundled, text)["embedding"], 1e-6)
    assert len(embed(bundled, ["one"])["embeddings"]) == 1
    assert len(embed(bundled, ["x"] * 256)["embeddings"]) == 256


@pytest.mark.parametrize("body, kind, where", [
    ({}, "missing", ["body", "text"]),
    ({"text": ""}, "string_too_short", ["body", "text", "constrained-str"]),
    ({"text": "x" * 32769}, "string_too_long", ["body", "text", "constrained-str"]),
    ({"text": []}, "too_short", ["body", "text", "list[constrained-str]"]),
    ({"text": ["x"] * 257}, "too_long", ["body", "text", "list[constrained-str]"]),
    ({"text": ["x", ""]}, "string_too_short", ["body", "text", "list[constrained-str]", 1]),
    ({"text": ["x", None]}, "string_type", ["body", "text", "list[constrained-str]", 1]),
    ({"text": 7}, "string_type", ["body", "text", "constrained-str"]),
    ({"text": "x", "model": 7}, "string_type", ["body", "model"]),
])
def test_what_does_not_fit_is_told(bundled, body, kind, where):
    answer = bundled.post("/embed", json=body)
    assert answer.status_code == 422
    found = [(error["type"], error["loc"]) for error in answer.json()["detail"]]
    assert (kind, where) in found


def test_longest_texts_are_taken(bundled):
    assert embed(bundled, "é" * 32768)["dimensions"] == 64
    assert embed(bundled, "x", model=None, model_version=None)["model"] == "embedder"


@pytest.mark.parametrize("more, status, code", [
    ({"model": "nobody"}, 404, "MODEL_NOT_FOUND"),
    ({"model_version": "9"}, 404, "MODEL_VERSION_NOT_FOUND"),
    ({"model": "digits"}, 400, "INVALID_INPUT"),
])
def test_other_models_and_versions(bundled, more, status, code):
    answer = bundled.post("/embed", json={"text": "x", **more})
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_without_a_model():
    with serving("serval", "serve", ROOT / "models/digits", "--log-level", "off") as served, \
            served.client() as client:
        answer = client.post("/embed", json={"text": "x"})
        assert answer.status_code == 503
        assert answer.json()["message"] == "Model embedder is not loaded"


def test_the_default_is_the_one_called_embedder(sentences):
    assert embed(sentences, "x")["model"] == "embedder"
    assert embed(sentences, "x", model="all-minilm-l6-v2")["dimensions"] == 384
    assert embed(sentences, "x", model="bge-m2v-64")["model_version"] == "2"


def test_minilm(sentences):
    expected = json.loads((MINILM / "EXPECTED.json").read_text())
    for case in expected["texts"]:
        if not case["text"]:
            continue  # /embed refuses it: tests/unit/text/test_tokenizer.c
        vector = embed(sentences, case["text"], model="all-minilm-l6-v2")["embedding"]
        assert_near(vector, case["model_1"]["first8"], 1e-4)
        assert_near(vector, case["model_1"].get("embedding", []), 1e-4)
        assert math.isclose(math.fsum(x * x for x in vector), 1, abs_tol=1e-4)


@pytest.mark.parametrize("version", ["1", "2"])
def test_bge(sentences, version):
    expected = json.loads((BGE / "EXPECTED.json").read_text())
    texts = [case for case in expected["texts"] if case["text"]]
    together = embed(sentences, [case["text"] for case in texts], model="bge-m2v-64", model_version=version)
    for case, vector in zip(texts, together["embeddings"]):
        assert_near(vector, case["embedding"], 1e-5)
        alone = embed(sentences, case["text"], model="bge-m2v-64", model_version=version)["embedding"]
        assert_near(alone, case["embedding"], 1e-5)


def test_many_texts_equal_each_alone(sentences):
    expected = json.loads((MINILM / "EXPECTED.json").read_text())["texts"]
    texts = [case["text"] for case in expected if case["text"]] * 2
    together = embed(sentences, texts, model="all-minilm-l6-v2")["embeddings"]
    assert len(together) == len(texts)
    for case, vector in zip([case for case in expected if case["text"]] * 2, together):
        assert_near(vector, case["model_1"]["first8"], 1e-4)


def test_models_over_tokens_take_tensors_too(sentences):
    inputs = {"input_ids": [[101, 7592, 102]], "attention_mask": [[1, 1, 1]]}
    answer = sentences.post("/api/v1/models/bge-m2v-64/predict", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["outputs"]["sentence_embedding"][0]) == 64
    answer = sentences.post("/api/v1/models/bge-m2v-64/predict", json={"text": "hello"})
    assert answer.status_code == 400 and "/embed" in answer.json()["message"]


def test_texts_are_classified(shared):
    """By a model whose vectors are taken for scores."""
    args = (BGE, "--set", "bge-m2v-64.task=text-classification", "--log-level", "off")
    cases = [case for case in json.loads((BGE / "EXPECTED.json").read_text())["texts"] if case["text"]]
    with serving("serval", "serve", *args) as served, served.client() as client:
        path = "/api/v1/models/bge-m2v-64/predict?top_k=64"
        answer = client.post(path, json={"text": [case["text"] for case in cases]})
        assert answer.status_code == 200, answer.text
        predictions = answer.json()["predictions"]
        assert len(predictions) == len(cases)
        for case, found in zip(cases, predictions):
            scores = [math.exp(x) for x in case["embedding"]]
            best = max(range(64), key=scores.__getitem__)
            assert math.isclose(found["confidence"], scores[best] / sum(scores), abs_tol=1e-5)
            assert math.isclose(found["probabilities"][str(best)], found["confidence"])
            assert len(found["probabilities"]) == 64
        one = client.post(path, json={"text": cases[0]["text"]}).json()["predictions"]
        assert len(one) == 1 and one[0]["label"] == predictions[0]["label"]
        for body in ({}, {"text": ""}, {"text": []}, {"text": [1]}, {"text": "x" * 32769}):
            refused = client.post(path, json=body)
            assert refused.status_code == 422, refused.text
            assert refused.json()["detail"][0]["loc"][:2] == ["body", "text"]
