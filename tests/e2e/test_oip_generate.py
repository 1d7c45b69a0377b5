"""Triton's generate extension below /v2, byte by byte: no client has it."""
import json
import re

import pytest

from served import ROOT, serving, wait_until
from wire import request

FRAME = re.compile(r"data: (\{[^\n]*\})\n\n")


@pytest.fixture(scope="module")
def chat():
    with serving("serval", "serve", ROOT / "models/chat", ROOT / "models/digits", "--log-level", "off") as server:
        model = json.loads(server.ask("GET", "/api/v1/models/chat").body)
        if model["state"] != "ready":
            pytest.skip(model["versions"][0].get("reason", model["state"]))
        yield server


def ask(server, path, body, fields=()):
    return server.ask("POST", f"/v2/models/{path}", fields, json.dumps(body).encode())


def frames(answer):
    """Nothing but data lines, each with an object."""
    text = answer.body.decode()
    assert FRAME.sub("", text) == "", text
    return [json.loads(one) for one in FRAME.findall(text)]


def test_one_object(chat):
    answer = ask(chat, "chat/generate", {"id": "r1", "text_input": "the cat", "parameters": {"max_tokens": 4}})
    assert answer.status == 200 and answer["Content-Type"] == "application/json"
    body = json.loads(answer.body)
    assert list(body) == ["id", "model_name", "model_version", "text_output"]
    assert (body["id"], body["model_name"], body["model_version"]) == ("r1", "chat", "1")
    assert isinstance(body["text_output"], str)
    assert list(json.loads(ask(chat, "chat/versions/1/generate", {"text_input": "x", "max_tokens": 1}).body)) == [
        "model_name", "model_version", "text_output"]


def test_the_same_in_frames(chat):
    wanted = {"text_input": "Where does the zebra live?", "max_tokens": 40, "temperature": 0, "ignore_eos": True}
    whole = json.loads(ask(chat, "chat/generate", wanted).body)["text_output"]
    answer = ask(chat, "chat/generate_stream", {**wanted, "id": "é\u2028"})
    assert answer.status == 200 and answer["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer["Transfer-Encoding"] == "chunked"
    parts = frames(answer)
    assert all(list(part) == ["id", "model_name", "model_version", "text_output"] for part in parts)
    assert {part["id"] for part in parts} == {"é\u2028"}
    assert "".join(part["text_output"] for part in parts) == whole and whole


def test_the_parameters_count(chat):
    def text(**more):
        return json.loads(ask(chat, "chat/generate", {"text_input": "a", "max_tokens": 30, **more}).body)["text_output"]
    seeded = {"temperature": 1, "seed": 3, "ignore_eos": True}
    assert text(**seeded) == text(parameters=seeded) and len(text(**seeded)) > 0
    assert text(temperature=0) == text(top_k=1) == text(top_p=0)
    stop = text(**seeded)[3]
    assert text(**seeded, stop=stop) == text(**seeded).partition(stop)[0]


@pytest.mark.parametrize("path, body, status, words", [
    ("chat/generate", b"", 400, "failed to parse the request JSON buffer"),
    ("chat/generate", b"\xff", 400, "failed to parse"),
    ("chat/generate", b"[" * 5000, 400, "JSON nesting depth exceeds maximum allowed limit (100)"),
    ("chat/generate_stream", b"{}", 400, "missing required input(s) ['text_input']"),
    ("chat/generate_stream", b'{"text_input":"x","temperature":-1}', 400, "temperature"),
    ("chat/generate", b'{"text_input":"x","stream":true}', 400, "exactly 1 response"),
    ("chat/generate", b'{"text_input":{"a":1}}', 400, "text_input"),
    ("digits/generate", b'{"text_input":"x"}', 400, "does not generate text"),
    ("nope/generate", b'{"text_input":"x"}', 404, "unknown model: 'nope'"),
    ("chat/versions/9/generate_stream", b'{"text_input":"x"}', 404, "version 9"),
    ("chat/infer", b'{"inputs":[]}', 400, "generate_stream"),
])
def test_errors(chat, path, body, status, words):
    answer = chat.ask("POST", f"/v2/models/{path}", (), body)
    assert (answer.status, answer["Content-Type"]) == (status, "application/json")
    error = json.loads(answer.body)
    assert list(error) == ["error"] and words in error["error"]


def test_codings_and_methods(chat):
    for coding in ("gzip", "deflate", "br"):
        answer = ask(chat, "chat/generate", {"text_input": "x"}, [("Content-Encoding", coding)])
        assert answer.status == 400
        assert json.loads(answer.body)["error"] == "Unsupported content-encoding, only 'identity' is supported."
    answer = ask(chat, "chat/generate", {"text_input": "x", "max_tokens": 1}, [("Accept-Encoding", "gzip")])
    assert answer.status == 200 and answer.get("Content-Encoding") is None
    answer = chat.ask("GET", "/v2/models/chat/generate")
    assert answer.status == 405 and "POST" in answer["Allow"] and "error" in json.loads(answer.body)


def test_a_body_in_chunks(chat):
    body = json.dumps({"text_input": "the cat", "max_tokens": 2}).encode()
    head = b"POST /v2/models/chat/generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with chat.wire() as wire:
        wire.send(head.replace(b"Host: a", b"Host: 127.0.0.1") + b"".join(b"1\r\n%c\r\n" % one for one in body) +
                  b"0\r\n\r\n")
        assert wire.answer().status == 200


def test_too_long_says_both_numbers(chat):
    answer = ask(chat, "chat/generate", {"text_input": "a " * 3000})
    assert answer.status == 400 and re.search(r"\b512\b", json.loads(answer.body)["error"])


def test_described_as_a_model(chat):
    metadata = json.loads(chat.ask("GET", "/v2/models/chat").body)
    assert metadata == {"name": "chat", "versions": ["1"], "platform": "llama.cpp",
                        "inputs": [{"name": "text_input", "datatype": "BYTES", "shape": [1]}],
                        "outputs": [{"name": "text_output", "datatype": "BYTES", "shape": [1]}]}
    config = json.loads(chat.ask("GET", "/v2/models/chat/config").body)
    assert config["backend"] == "llama.cpp" and config["model_transaction_policy"] == {"decoupled": True}
    assert config["input"] == [{"name": "text_input", "data_type": "TYPE_STRING", "dims": [1]}]
    assert chat.ask("GET", "/v2/models/chat/ready").status == chat.ask("GET", "/v2/health/ready").status == 200
    index = json.loads(chat.ask("POST", "/v2/repository/index").body)
    assert {"name": "chat", "version": "1", "state": "READY"} in index
    extensions = json.loads(chat.ask("GET", "/v2").body)["extensions"]
    assert "generate" not in extensions


def test_without_llama_the_reason_says_what_to_do(tmp_path):
    with serving("serval", "serve", ROOT / "models/chat", "--engine-dir", tmp_path, "--log-level", "off") as server:
        [model] = json.loads(server.ask("GET", "/api/v1/models").body)["models"]
        [entry] = json.loads(server.ask("POST", "/v2/repository/index").body)
        assert (model["state"], entry["state"]) == ("failed", "UNAVAILABLE")
        assert model["versions"][0]["reason"] == entry["reason"]
        assert str(tmp_path) in entry["reason"] and "make deps" in entry["reason"] and "engine_dir" in entry["reason"]
        (tmp_path / "libserval-llama.so").write_bytes(b"no library")
        answer = server.ask("POST", "/v2/repository/models/chat/load")
        assert answer.status == 500 and "make deps" in json.loads(answer.body)["error"]
        assert server.ask("GET", "/v2/health/ready").status == 503


def test_a_model_that_another_server_has(chat, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far/model.yaml").write_text(f"provider: openai\nbase_url: {chat.url}/v1\nmodel: chat\n")
    wanted = {"text_input": "Where does the zebra live?", "max_tokens": 12, "temperature": 0}
    with serving("serval", "serve", tmp_path / "far", "--log-level", "off") as server:
        whole = ask(server, "far/generate", wanted)
        assert whole.status == 200, whole.body
        parts = frames(ask(server, "far/generate_stream", wanted))
        assert "".join(part["text_output"] for part in parts) == json.loads(whole.body)["text_output"] != ""
        assert {part["model_name"] for part in parts} == {"far"}
        samples = server.metrics()
        value = {name: samples[f'vllm:{name}{{model_name="far",engine="0"}}'] for name in (
            "prompt_tokens_total", "generation_tokens_total", "time_to_first_token_seconds_count",
            "e2e_request_latency_seconds_count")}
        assert value["prompt_tokens_total"] > 0 and value["generation_tokens_total"] >= 2
        assert value["e2e_request_latency_seconds_count"] == 2
        assert json.loads(server.ask("GET", "/v2/models/far").body)["platform"] == "relay"
        answer = ask(server, "far/infer", {"inputs": []})
        assert answer.status == 400 and "generate" in json.loads(answer.body)["error"]


def test_it_counts_as_an_inference(chat):
    def success():
        stats = json.loads(chat.ask("GET", "/v2/models/chat/stats").body)["model_stats"][0]
        return stats["inference_stats"]["success"]["count"]
    before = success()
    ask(chat, "chat/generate", {"text_input": "x", "max_tokens": 1})
    ask(chat, "chat/generate_stream", {"text_input": "x", "max_tokens": 1})
    assert success() == before + 2


def test_clients_that_leave_leave_nothing(chat):
    for size in (1, 200, 400, 900):
        with chat.wire() as wire:
            body = json.dumps({"text_input": "x", "max_tokens": 400, "ignore_eos": True}).encode()
            wire.send(request("POST", "/v2/models/chat/generate_stream", (), body))
            while len(wire.data) < size and wire.receive():
                pass
    wait_until(lambda: chat.metrics()['vllm:num_requests_running{model_name="chat",engine="0"}'] == 0)
