"""Relays: Serval in front of another Serval, and of a little server that answers as it should not."""
import contextlib
import json
import socket
import threading

import pytest

from served import ROOT, serving, wait_until

KEY = "sk-relay-secret"
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
HELLO = [{"role": "user", "content": "Hello!"}]


def text(words):
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": words}}]}) + "\n\n"


def refusal(status, error, fields=""):
    body = json.dumps({"error": error})
    return f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{fields}Content-Length: {len(body)}\r\n\r\n{body}"


# By the model's name: what is sent, and whether the connection stays open then. WAIT: until the test says go.
WAIT = "\0"
BAD = {
    "garbage": ("one two three\r\n\r\n", False),
    "silent-end": (HEAD, False),
    "no-json": (HEAD + text("a") + WAIT + "data: {\n\n", False),
    "cut": (HEAD + text("a") + WAIT + "data: {\"cho", False),
    "error": (HEAD + 'data: {"error": {"message": "out of memory"}}\n\n', False),
    "hangs": (HEAD + text("a"), True),
    "e400": (refusal(400, {"message": "too long", "param": "messages", "code": "context_length_exceeded"}), False),
    "e401": (refusal(401, {"message": f"wrong key {KEY}"}), False),
    "e404": (refusal(404, {"message": "no such model"}), False),
    "e429": (refusal(429, {"message": "slow down"}, "Retry-After: 9\r\n"), False),
    "e503": (refusal(503, {"message": "busy"}), False),
}


class Upstream:
    """Reads a request and answers it by the model that it names; counts what is open."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.requests, self.n_open, self.lock = [], 0, threading.Lock()
        self.goes_on = threading.Semaphore(0)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self.lock:
            self.n_open += 1
        with connection, contextlib.suppress(OSError, ValueError):
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split()[0])
            while len(body) < length:
                body += connection.recv(65536)
            asked = json.loads(body)
            self.requests.append(asked)
            answer, holds = BAD[asked["model"]]
            for i, piece in enumerate(answer.split(WAIT)):
                if i:
                    self.goes_on.acquire(timeout=20)
                connection.sendall(piece.encode())
            while holds and connection.recv(100):
                pass
        with self.lock:
            self.n_open -= 1


@pytest.fixture(scope="module")
def upstream():
    it = Upstream()
    yield it
    it.socket.close()


@pytest.fixture(scope="module")
def behind():
    if not (ROOT / "models" / "chat").is_dir():
        pytest.skip("no models/chat")
    with serving("serval", "serve", ROOT / "models" / "chat", "--log-level", "off") as server:
        yield server


def write_relay(folder, name, url, model, more=""):
    (folder / name).mkdir(parents=True)
    (folder / name / "model.yaml").write_text(f"provider: openai\nbase_url: {url}\nmodel: {model}\n{more}")


@pytest.fixture(scope="module")
def front(behind, upstream, tmp_path_factory):
    """Relays to both."""
    folder = tmp_path_factory.mktemp("relays")
    write_relay(folder, "far", behind.url + "/v1", "chat")
    for name in BAD:
        write_relay(folder, name, f"http://127.0.0.1:{upstream.port}/v1/", name, "api_key: env:RELAY_KEY\n")
    write_relay(folder, "nobody", "http://127.0.0.1:1/v1", "x")
    with serving("serval", "serve", folder, env={"RELAY_KEY": KEY}) as server:
        yield server
        assert not any(KEY in line for line in server.out + server.err)


def frames(answer):
    return [line[6:] for line in answer.iter_lines() if line.startswith("data: ")]


def chat_text(server, path, model, **more):
    """What is streamed, and why it ended."""
    with server.client() as client, client.stream("POST", path, json={"model": model, **more}) as answer:
        assert answer.status_code == 200, answer.read()
        return frames(answer)


def test_it_is_a_model(front):
    with front.client() as client:
        listed = {model["name"]: model for model in client.get("/api/v1/models").json()["models"]}
        assert listed["far"]["task"] == "text-generation" and listed["far"]["engine"] == "relay"
        assert listed["far"]["state"] == "ready"
        assert "far" in [model["id"] for model in client.get("/v1/models").json()["data"]]
        assert KEY not in client.get("/api/v1/models/e401").text


@pytest.mark.parametrize("stream", [False, True])
def test_openai_of_another_serval(front, behind, stream):
    body = {"messages": HELLO, "temperature": 0, "max_tokens": 30, "stream": stream}
    found = []
    for server, model in (behind, "chat"), (front, "far"):
        if stream:
            *events, end = chat_text(server, "/v1/chat/completions", model, **body,
                                     stream_options={"include_usage": True})
            assert end == "[DONE]"
            events = [json.loads(event) for event in events]
            assert {event["model"] for event in events} == {model}
            texts = [event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"]]
            found.append(("".join(texts), events[-1]["usage"]["completion_tokens"]))
        else:
            with server.client() as client:
                answer = client.post("/v1/chat/completions", json={**body, "model": model}).json()
            assert answer["model"] == model
            found.append((answer["choices"], answer["usage"]["completion_tokens"]))
    assert found[0] == found[1]


def test_completions_of_another_serval(front, behind):
    body = {"prompt": "Hello", "temperature": 0, "max_tokens": 8}
    with behind.client() as one, front.client() as two:
        plain, relayed = (client.post("/v1/completions", json={**body, "model": model}).json()
                          for client, model in ((one, "chat"), (two, "far")))
    assert plain["choices"] == relayed["choices"] and relayed["model"] == "far"


def test_texts_of_another_serval(front, behind):
    body = {"message": "Hello!", "temperature": 0, "max_tokens": 30}
    assert chat_text(front, "/chat", "far", **body)[-1] == '{"done":true}'
    relayed, plain = (["".join(json.loads(event).get("content", "") for event in chat_text(server, "/chat", name, **body))
                       for server, name in ((front, "far"), (behind, "chat"))])
    assert relayed == plain and plain
    assert chat_text(front, "/chat/stream", "far", **body)[-1] == "[DONE]"
    with front.client() as client:
        answer = client.post("/generate", json={"prompt": "Hello!", "model": "far", "temperature": 0,
                                                "max_tokens": 30}).json()
    assert answer["text"] == plain and answer["usage"]["completion_tokens"] > 0


def test_its_refusals_are_the_clients(front):
    """As the server behind says it, with what is to blame."""
    with front.client() as client:
        answer = client.post("/v1/chat/completions", json={"model": "far", "messages": HELLO * 3000, "max_tokens": 4})
    error = answer.json()["error"]
    assert answer.status_code == 400 and error["param"] == "messages", error
    assert error["code"] == "context_length_exceeded" and error["type"] == "invalid_request_error"


@pytest.mark.parametrize("model, status, code, words", [
    ("garbage", 502, "UPSTREAM_FAILED", "not valid HTTP"),
    ("silent-end", 502, "UPSTREAM_FAILED", "cut short"),
    ("error", 502, "UPSTREAM_FAILED", "out of memory"),
    ("e400", 400, "INVALID_INPUT", "too long"),
    ("e401", 502, "UPSTREAM_FAILED", "check api_key"),
    ("e404", 502, "UPSTREAM_FAILED", "check base_url and model"),
    ("e429", 503, "SERVER_OVERLOADED", "no more requests now"),
    ("e503", 502, "UPSTREAM_FAILED", "busy"),
    ("nobody", 502, "UPSTREAM_FAILED", "could not connect"),
])
def test_failures_before_the_first_text(front, model, status, code, words):
    with front.client() as client:
        for path, body in (("/generate", {"prompt": "x"}), ("/chat", {"message": "x"})):
            answer = client.post(path, json={**body, "model": model})
            assert answer.status_code == status and answer.json()["error"] == code, answer.text
            assert words in answer.json()["message"] and KEY not in answer.text
            assert answer.headers.get("Retry-After") == ("9" if model == "e429" else None)
        answer = client.post("/v1/chat/completions", json={"model": model, "messages": HELLO, "stream": True})
        assert answer.status_code == status and words in answer.json()["error"]["message"], answer.text


@pytest.mark.parametrize("model, words", [("no-json", "none of its API"), ("cut", "cut short")])
def test_failures_behind_the_first_text(front, upstream, model, words):
    def talk(path, body):
        with front.client() as client, client.stream("POST", path, json={**body, "model": model}) as answer:
            assert answer.status_code == 200
            events = (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))
            first = next(events)
            upstream.goes_on.release()
            return first, *events

    first, last = talk("/chat", {"message": "x"})
    assert first == {"content": "a"} and words in last["error"]
    first, last = talk("/v1/chat/completions", {"messages": HELLO, "stream": True})
    assert first["choices"][0]["delta"]["content"] == "a" and first["model"] == model
    assert words in last["error"]["message"]


def test_only_what_may_pass_is_tried_again(front, upstream):
    with front.client() as client:
        for model, n in ("e503", 3), ("e429", 1), ("e400", 1):
            before = len(upstream.requests)
            client.post("/generate", json={"prompt": "x", "model": model})
            assert len(upstream.requests) - before == n, model


def test_what_the_upstream_is_asked(front, upstream):
    with front.client() as client:
        client.post("/v1/chat/completions", json={"model": "e400", "messages": HELLO, "unheard_of": {"a": [1]}})
        assert upstream.requests[-1] == {"model": "e400", "messages": HELLO, "unheard_of": {"a": [1]}}
        client.post("/generate", json={"prompt": "x", "model": "e400", "seed": 7, "stop_sequences": ["y"],
                                       "temperature": 0.5, "max_tokens": 3})
    assert upstream.requests[-1] == {
        "model": "e400", "messages": [{"role": "user", "content": "x"}], "temperature": 0.5, "seed": 7, "stop": ["y"],
        "max_tokens": 3, "stream": True, "stream_options": {"include_usage": True}}


def test_a_client_that_leaves_closes_the_upstream(front, upstream):
    wait_until(lambda: upstream.n_open == 0)
    for path, body in (("/chat", {"message": "x"}),
                       ("/v1/chat/completions", {"messages": HELLO, "stream": True})):
        with front.client() as client, client.stream("POST", path, json={**body, "model": "hangs"}) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("data: ") and upstream.n_open == 1
        wait_until(lambda: upstream.n_open == 0)
    wait_until(lambda: front.metrics()["serval_streams_active"] == 0)
    wait_until(lambda: front.metrics()['serval_queue_depth{model="hangs"}'] == 0)
