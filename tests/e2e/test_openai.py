"""OpenAI's API below /v1, with the official client: models, embeddings, errors; what it answers is held against the
client's own types. Chats and completions: test_openai_chat.py."""
import base64
import json
import math
import struct

import openai
import pytest
from openai.types import CreateEmbeddingResponse, Model

from openai_served import JSON, check, make_client, post, read
from served import ROOT, SHARED, serving

EMBED = SHARED / "models/embed"


@pytest.fixture(scope="module")
def served():
    with serving("serval", "serve", ROOT / "models", "--log-level", "off") as server:
        yield server


@pytest.fixture(scope="module")
def tokens(shared):
    """Models with a tokenizer."""
    with serving("serval", "serve", EMBED, "--log-level", "off") as server:
        yield server


@pytest.fixture(scope="module")
def client(served):
    with make_client(served) as it:
        yield it


# Models.

def test_models_are_listed(served, client):
    listed = client.models.list()
    assert {"digits", "embedder"} <= {model.id for model in listed}
    body = read(served.ask("GET", "/v1/models"))
    assert body["object"] == "list"
    for model in body["data"]:
        assert check(Model, model).owned_by == "serval"
        file = next((ROOT / "models" / model["id"]).glob("1/model.*"))
        assert model["created"] == int(file.stat().st_mtime)
    assert read(served.ask("GET", "/v1/models")) == body


def test_one_model(client):
    assert client.models.retrieve("embedder").id == "embedder"
    assert client.models.retrieve("embedder:1").id == "embedder:1"
    for name in ("nope", "org/name", "embedder:7"):
        with pytest.raises(openai.NotFoundError) as info:
            client.models.retrieve(name)
        assert info.value.code == "model_not_found" and info.value.param == "model"
        assert f"'{name}'" in info.value.message


def test_version(served):
    answer = served.ask("GET", "/version")
    assert answer.status == 200 and list(read(answer)) == ["version"]


# Errors.

@pytest.mark.parametrize("method, path, fields, body, status, code", [
    ("GET", "/v1", (), None, 404, "unknown_url"),
    ("GET", "/v1/nothing", (), None, 404, "unknown_url"),
    ("GET", "/v1/embeddings", (), None, 405, "method_not_supported"),
    ("POST", "/v1/models", JSON, b"{}", 405, "method_not_supported"),
    ("POST", "/v1/embeddings", (("Content-Type", "text/plain"),), b"x", 415, None),
    ("POST", "/v1/embeddings", JSON, b"", 400, None),
    ("POST", "/v1/embeddings", JSON, b"{", 400, None),
    ("POST", "/v1/embeddings", JSON, b"\xff", 400, None),
    ("POST", "/v1/embeddings", JSON, b'{"input":"\\ud800","model":"embedder"}', 400, None),
    ("POST", "/v1/embeddings", JSON, b"[" * 5000, 400, None),
    ("POST", "/v1/embeddings", JSON, b'{"input":"x"}', 400, "missing_required_parameter"),
    ("POST", "/v1/embeddings", JSON, b'{"input":"x","model":1e400}', 400, "invalid_type"),
])
def test_errors_have_four_members(served, method, path, fields, body, status, code):
    answer = served.ask(method, path, fields, body)
    assert answer.status == status
    assert status != 405 or answer["Allow"]
    error = read(answer)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"] and error["type"] == "invalid_request_error" and error["code"] == code
    assert error["param"] is None or isinstance(error["param"], str)


def test_bodies_that_are_too_large(tmp_path):
    with serving("serval", "serve", ROOT / "models", "--log-level", "off", "--max-body-size", "1000",
                 cwd=tmp_path) as server:
        answer = post(server, "/v1/embeddings", {"input": "x" * 2000, "model": "embedder"})
        assert answer.status == 413
        assert set(read(answer)["error"]) == {"message", "type", "param", "code"}


def test_the_client_raises_what_it_should(client):
    with pytest.raises(openai.BadRequestError) as info:
        client.embeddings.create(model="embedder", input="")
    assert info.value.param == "input" and info.value.code == "invalid_value"
    assert info.value.request_id
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="nope", input="x")
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="digits", input="x")


# Embeddings.

def length(vector):
    return math.sqrt(math.fsum(x * x for x in vector))


def test_embeddings(client, served):
    for case in json.loads((ROOT / "models/embedder/EXPECTED.json").read_text())["embeddings"]:
        answer = client.embeddings.create(model="embedder", input=case["text"])  # in base64
        assert len(answer.data) == 1 and answer.model == "embedder"
        vector = answer.data[0].embedding
        assert vector == pytest.approx(case["embedding"], abs=1e-5)
        assert length(vector) == pytest.approx(1, abs=1e-4)
        floats = client.embeddings.create(model="embedder", input=case["text"], encoding_format="float")
        assert floats.data[0].embedding == pytest.approx(vector, abs=1e-7)
    body = read(post(served, "/v1/embeddings", {"model": "embedder", "input": ["a b", "c"]}))
    checked = check(CreateEmbeddingResponse, body)
    assert [item.index for item in checked.data] == [0, 1]
    assert (checked.usage.prompt_tokens, checked.usage.total_tokens) == (3, 3)


def test_base64_is_little_endian_floats(served):
    both = [read(post(served, "/v1/embeddings", {"model": "embedder", "input": "a cat", "encoding_format": form}))
            for form in ("float", "base64")]
    text = both[1]["data"][0]["embedding"]
    assert isinstance(text, str) and len(text) % 4 == 0
    numbers = struct.unpack("<64f", base64.b64decode(text, validate=True))
    assert [struct.unpack("<f", struct.pack("<f", x))[0] for x in both[0]["data"][0]["embedding"]] == list(numbers)


def test_many_inputs(client):
    answer = client.embeddings.create(model="embedder", input=[f"text {i}" for i in range(2048)])
    assert [item.index for item in answer.data] == list(range(2048))
    assert answer.usage.prompt_tokens == 4096
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="embedder", input=["x"] * 2049)
    assert len(client.embeddings.create(model="embedder", input="a\0b").data) == 1


@pytest.mark.parametrize("more", [
    {"input": []}, {"input": ""}, {"input": ["x", ""]}, {"input": {}}, {"input": 5}, {"input": ["x", 5]},
    {"input": [[]]}, {"input": [True]}, {"input": [5, "x"]}, {"input": None},
    {"input": "x", "encoding_format": "hex"}, {"input": "x", "encoding_format": 5},
    {"input": "x", "dimensions": 0}, {"input": "x", "dimensions": True}, {"input": "x", "dimensions": 1.5},
    {"input": "x", "dimensions": 65}, {"input": "x", "dimensions": 32}, {"input": "x", "model": 5},
])
def test_what_embeddings_refuse(served, more):
    answer = post(served, "/v1/embeddings", {"model": "embedder", **more})
    assert answer.status == 400, answer.body
    assert read(answer)["error"]["param"] in more


def test_null_is_absent_and_more_is_fine(served):
    body = {"model": "embedder", "input": "x", "encoding_format": None, "dimensions": None, "user": None, "new": [1]}
    answer = post(served, "/v1/embeddings", body)
    assert answer.status == 200 and len(read(answer)["data"][0]["embedding"]) == 64


def test_tokens_are_embedded(tokens):
    with make_client(tokens) as client:
        text = client.embeddings.create(model="all-minilm-l6-v2", input="hello")
        assert text.usage.prompt_tokens == 3
        ids = client.embeddings.create(model="all-minilm-l6-v2", input=[101, 7592, 102])
        assert ids.usage.prompt_tokens == 3 and len(ids.data) == 1
        assert ids.data[0].embedding == pytest.approx(text.data[0].embedding, abs=1e-6)
        lists = client.embeddings.create(model="all-minilm-l6-v2", input=[[101, 102], [101, 7592, 102]])
        assert lists.usage.prompt_tokens == 5
        assert lists.data[1].embedding == pytest.approx(text.data[0].embedding, abs=1e-5)
        for wrong in ([30522], [[101], [30522]]):
            with pytest.raises(openai.BadRequestError):
                client.embeddings.create(model="all-minilm-l6-v2", input=wrong)


def test_shortened_vectors(served, tmp_path):
    """Only of models that say so; of length 1 again."""
    with serving("serval", "serve", ROOT / "models", "--log-level", "off",
                 "--set", "embedder.postprocess.matryoshka=true", cwd=tmp_path) as server, make_client(server) as it:
        whole = it.embeddings.create(model="embedder", input="a cat").data[0].embedding
        short = it.embeddings.create(model="embedder", input="a cat", dimensions=16).data[0].embedding
        assert len(short) == 16 and length(short) == pytest.approx(1, abs=1e-5)
        scale = length(whole[:16])
        assert short == pytest.approx([x / scale for x in whole[:16]], abs=1e-6)
