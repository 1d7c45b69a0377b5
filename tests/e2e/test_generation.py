"""Language models over sockets: framing, refusals, slow readers, deadlines, and clients that leave anywhere."""
import concurrent.futures
import contextlib
import json
import random
import shutil
import socket
import struct
import threading
import time

import pytest

from served import ROOT, serving, wait_until
from wire import request, take_answer

CHAT = ROOT / "models/chat"
CONTINUED = "The zebra"
STORY = {"message": "Tell me a story about the frog.", "temperature": 0}
JSON = [("Content-Type", "application/json")]
ROUTES = ("/chat", "/chat/stream", "/generate")


def ask_for(path, **members) -> bytes:
    """A request for text by one of the routes."""
    body = {**STORY, **members}
    if path.endswith("generate"):
        message = body.pop("message")
        body["prompt"] = CONTINUED if message == STORY["message"] else message
    return request("POST", path, JSON, json.dumps(body).encode())


def plant(tree, **generation):
    """A repository with the bundled language model, with settings of its own."""
    shutil.copytree(CHAT, tree / "chat")
    manifest = {"task": "text-generation", "generation": generation}
    (tree / "chat/model.yaml").write_text(json.dumps(manifest))
    return tree


@pytest.fixture(scope="module", autouse=True)
def engine():
    """Skips all where there is none."""
    if not CHAT.is_dir():
        pytest.skip("no models/chat")


@pytest.fixture(scope="module")
def server():
    """The bundled models."""
    with serving("serval", "serve", CHAT.parent, "--log-level", "warning") as served:
        if served.ask("POST", "/generate", JSON, b'{"prompt":"Hello","max_tokens":1}').status != 200:
            pytest.skip("no engine for language models")
        yield served


def events(body: bytes) -> list:
    """The events of a stream: lists of (field, value); comments are left out."""
    assert body.endswith(b"\n\n") or not body, body[-50:]
    blocks = [block.split(b"\n") for block in body.split(b"\n\n")[:-1]]
    parsed = [[tuple(line.decode().split(": ", 1)) for line in block if line and line[:1] != b":"] for block in blocks]
    return [block for block in parsed if block]


def chat_text(body: bytes) -> str:
    """The text of a complete answer of /chat."""
    *parts, last = [json.loads(value) for ((_, value),) in events(body)]
    assert last == {"done": True}
    assert all(list(part) == ["content"] for part in parts)
    return "".join(part["content"] for part in parts)


def stream_text(body: bytes) -> str:
    """The text of a complete answer of /chat/stream."""
    *parts, last = events(body)
    assert last == [("data", "[DONE]")]
    assert all(name == "data" for part in parts for name, _ in part)
    return "".join("\n".join(value for _, value in part) for part in parts)


def text_of(path, answer) -> str:
    """The same, of any route."""
    assert answer.status == 200, answer.body
    if path == "/generate" and not answer.get("Transfer-Encoding"):
        return json.loads(answer.body)["text"]
    return stream_text(answer.body) if path == "/chat/stream" else chat_text(answer.body)


def gauges(server) -> dict:
    """What must be zero when nobody is there."""
    busy = ("num_requests_running", "num_requests_waiting", "requests_processing", "requests_deferred",
            'state="busy"', "serval_streams", "serval_queue_depth")
    return {name: value for name, value in server.metrics().items() if any(word in name for word in busy)}


def wait_until_quiet(server, seconds=20):
    """Nothing is under way any more."""
    assert any('state="busy"' in name for name in gauges(server))
    wait_until(lambda: not any(gauges(server).values()) and server.metrics()["http_requests_inprogress"] == 1, seconds)


# ---- Framing ----


def test_chat(server):
    """Objects of JSON, with the headers of the contract."""
    answer = server.ask("POST", "/chat", JSON, json.dumps(STORY).encode())
    assert answer["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "no-cache" in answer["Cache-Control"].split(", ")
    assert answer["Connection"] == "keep-alive"
    assert answer["Transfer-Encoding"] == "chunked"
    assert chat_text(answer.body)


def test_all_routes_tell_the_same(server):
    """One text, four forms; and /api/v1 is the same."""
    with server.wire(30) as wire:
        texts = {path: text_of(path.removeprefix("/api/v1"), wire.send(ask_for(path)).answer())
                 for path in ("/chat", "/chat/stream", "/api/v1/chat", "/api/v1/chat/stream")}
        assert len(set(texts.values())) == 1, texts
        whole = json.loads(wire.send(ask_for("/generate")).answer().body)
        streamed = wire.send(ask_for("/generate", stream=True)).answer()
    assert whole["text"] == chat_text(streamed.body)
    assert set(whole) == {"text", "finish_reason", "model", "model_version", "usage", "inference_time_ms"}
    usage = whole["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_line_ends_become_data_lines(server):
    """A token with a line end is one event of several lines; nothing else may break the frame."""
    bias = ask_for("/chat/stream", temperature=2, max_tokens=400)
    seen = 0
    for _ in range(30):
        with server.wire(30) as wire:
            body = wire.send(bias).answer().body
        assert b"\r" not in body
        *parts, last = events(body)
        assert last == [("data", "[DONE]")]
        seen += any(len(part) > 1 for part in parts)
    if not seen:
        pytest.skip("no line end was written")


def test_seeds(server):
    """The same seed, the same text."""
    with server.wire(30) as wire:
        one, two, other = (json.loads(wire.send(ask_for("/generate", temperature=1.5, seed=seed)).answer().body)["text"]
                           for seed in (7, 7, 8))
    assert one == two != other


def test_stops(server):
    """The text ends before the first of them."""
    with server.wire(30) as wire:
        whole = json.loads(wire.send(ask_for("/generate")).answer().body)["text"]
        stop = whole[len(whole) // 2:][:6]
        cut = json.loads(wire.send(ask_for("/generate", stop_sequences=["never", stop])).answer().body)
    assert cut["text"] == whole[:whole.index(stop)]
    assert cut["finish_reason"] == "stop"


# ---- Refusals ----

REFUSALS = [
    ("/generate", {"message": "   \t\n"}, ["body", "prompt"], "Value error, Prompt cannot be empty or whitespace"),
    ("/generate", {"stop_sequences": ["ok", "x" * 21]}, ["body", "stop_sequences", 1],
     "Value error, Stop sequence too long"),
    ("/generate", {"max_tokens": 0}, ["body", "max_tokens"], "Input should be greater than or equal to 1"),
    ("/generate", {"max_tokens": 4097}, ["body", "max_tokens"], "Input should be less than or equal to 4096"),
    ("/generate", {"temperature": 2.1}, ["body", "temperature"], "Input should be less than or equal to 2"),
    ("/generate", {"message": "é" * 4097}, ["body", "prompt"], "String should have at most 4096 characters"),
    ("/generate", {"stop_sequences": list("abcde")}, ["body", "stop_sequences"],
     "List should have at most 4 items after validation, not 5"),
    ("/chat", {"message": ""}, ["body", "message"], "String should have at least 1 character"),
    ("/chat/stream", {"max_tokens": 4097}, ["body", "max_tokens"], "Input should be less than or equal to 4096"),
]


@pytest.mark.parametrize("path, members, place, message", REFUSALS)
def test_bad_requests(server, path, members, place, message):
    """Ordinary answers in JSON, with where and why."""
    with server.wire() as wire:
        answer = wire.send(ask_for(path, **members)).answer()
    assert answer.status == 422
    assert answer["Content-Type"].startswith("application/json")
    text = answer.body.decode()
    assert json.dumps(message, ensure_ascii=False) in text and json.dumps(place).replace(" ", "") in text.replace(
        " ", ""), text


@pytest.mark.parametrize("path", ROUTES)
def test_too_long_prompts(server, path):
    """400, with both numbers: the prompt's, or more than the context, and the context's."""
    with server.wire(30) as wire:
        answer = wire.send(ask_for(path, message="zebra " * 600)).answer()
        assert answer.status == 400, answer.body
        assert b"513 tokens" in answer.body and b"512" in answer.body, answer.body
        assert wire.send(ask_for(path, max_tokens=2)).answer().status == 200


def test_unknown_models(server):
    """404 before anything else."""
    with server.wire() as wire:
        assert wire.send(ask_for("/chat", model="nobody")).answer().status == 404
        assert wire.send(ask_for("/chat", model="digits")).answer().status in (400, 404, 422)


# ---- Time ----


def long_story():
    """What keeps a slot for a while: many words by chance."""
    return {"message": "Tell me a story about the frog. " * 8, "temperature": 2, "max_tokens": 400}


def test_full_line(tmp_path):
    """503 with Retry-After when as many wait as may."""
    with serving("serval", "serve", plant(tmp_path, sequences=1, waiting=0), "--log-level", "off") as server:
        statuses, lock = [], threading.Lock()

        def one(_):
            with server.wire(30) as wire:
                answer = wire.send(ask_for("/generate", **long_story())).answer()
            if answer.status == 503:
                assert int(answer["Retry-After"]) >= 1
                assert json.loads(answer.body)["error"]
            with lock:
                statuses.append(answer.status)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(one, range(64)))
        assert set(statuses) == {200, 503}, statuses
        wait_until_quiet(server)


def test_deadline_before_the_first_token(tmp_path):
    """Who waits longer than he wants gets 504 or, where that was clear, 503; streams under way have no deadline."""
    with serving("serval", "serve", plant(tmp_path, sequences=1), "--log-level", "off") as server:
        def one(number):
            fields = [*JSON, ("X-Request-Timeout", "0.03")] if number % 2 else JSON
            path = ROUTES[number % 3]
            body = long_story()
            if path == "/generate":
                body["prompt"] = body.pop("message")
            answer = server.ask("POST", path, fields, json.dumps(body).encode())
            if answer.status != 200:
                assert number % 2 and answer["Content-Type"].startswith("application/json")
            elif path != "/generate":
                text_of(path, answer)
            return answer.status

        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            statuses = list(pool.map(one, range(48)))
        assert set(statuses[::2]) == {200}
        assert {503, 504} & set(statuses[1::2]) and set(statuses[1::2]) <= {200, 503, 504}, statuses
        wait_until_quiet(server)


@pytest.mark.parametrize("path", ROUTES)
def test_a_deadline_that_was_not_foreseen(tmp_path, path):
    """504: without a warm-up no speed is known, so all are let in, and a long prompt takes its time."""
    with serving("serval", "serve", plant(tmp_path), "--set", "chat.warm_up.budget=0", "--log-level", "off") as server:
        body = {"prompt" if path == "/generate" else "message": "Tell me a story about the frog. " * 30}
        answer = server.ask("POST", path, [*JSON, ("X-Request-Timeout", "0.0005")], json.dumps(body).encode())
        assert answer.status == 504 and json.loads(answer.body)["error"] == "DEADLINE_EXCEEDED"
        wait_until_quiet(server)


def small_window(server):
    """A connection that takes little at once."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    one.settimeout(30)
    one.connect(("127.0.0.1", server.port))
    return one


def test_slow_readers(tmp_path):
    """They are slowed, others are not; those that take nothing are cut."""
    plant(tmp_path, sequences=4)
    with serving("serval", "serve", tmp_path, "--log-level", "off", "--write-timeout", "2") as server:
        stalled = [small_window(server) for _ in range(4)]
        for one in stalled:
            one.sendall(ask_for("/chat", **long_story()))
            assert one.recv(1) == b"H"
        for path in ROUTES:  # others are served meanwhile
            with server.wire(30) as wire:
                assert text_of(path, wire.send(ask_for(path)).answer())
        for one in stalled:
            one.close()
        wait_until_quiet(server)


# ---- Leaving ----


def leave(server, rng):
    """Reads some bytes of a stream and goes, politely or not."""
    path = rng.choice(ROUTES)
    members = {"stream": True} if path == "/generate" and rng.random() < 0.5 else {}
    data = ask_for(path, temperature=1, max_tokens=400, **members)
    with server.wire(1) as wire, contextlib.suppress(TimeoutError):  # all of a short answer was read
        sent = data[:rng.randrange(1, len(data))] if rng.random() < 0.1 else data
        wire.socket.sendall(sent)
        if sent == data and rng.random() < 0.9:
            left = rng.randrange(1, 3000)
            while left > 0:
                left -= len(wire.socket.recv(min(left, rng.choice((1, 10, 100, 1000)))) or bytes(3000))
        if rng.random() < 0.5:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.timeout(180)
def test_departure_storm(tmp_path):
    """Hundreds leave at any byte; those that stay get what they would get alone; at the end all is quiet."""
    with serving("serval", "serve", plant(tmp_path, sequences=4), "--log-level", "off") as server:
        alone = {path: text_of(path, server.ask("POST", path, JSON, ask_for(path).partition(b"\r\n\r\n")[2]))
                 for path in ROUTES}

        def one(number):
            rng = random.Random(number)
            if number % 4:
                leave(server, rng)
                return
            path = ROUTES[number // 4 % 3]
            with server.wire(60) as wire:
                assert text_of(path, wire.send(ask_for(path)).answer()) == alone[path]

        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            list(pool.map(one, range(400)))
        wait_until_quiet(server)


def test_all_leave_at_once(tmp_path):
    """Prompts that wait and answers under way are given up within a step."""
    with serving("serval", "serve", plant(tmp_path, sequences=2), "--log-level", "off") as server:
        wires = [server.wire().send(ask_for("/chat", **long_story())) for _ in range(60)]
        wait_until(lambda: any(gauges(server).values()))
        for wire in wires:
            wire.socket.close()
        start = time.monotonic()
        assert server.ask("POST", "/chat", JSON, json.dumps(STORY).encode()).status == 200
        wait_until_quiet(server)
        assert time.monotonic() - start < 5

#-- -- The server's own ends ----


@pytest.mark.parametrize("seconds", [0.05, 10])
def test_drain(tmp_path, seconds):
    """SIGTERM: streams under way end whole when there is time, or are cut when there is not."""
    plant(tmp_path, sequences=2)
    with serving("serval", "serve", tmp_path, "--log-level", "off", "--shutdown-timeout", f"{int(1000 * seconds)}ms") as server:
        wires = [server.wire(30).send(ask_for("/chat", **long_story())) for _ in range(12)]
        wait_until(lambda: any(gauges(server).values()))
        start = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - start < seconds + 5
        n_whole = 0
        for wire in wires:
            try:
                while wire.receive():
                    pass
            except ConnectionResetError:
                continue
            if wire.data:
                answer, _ = take_answer(wire.data, closed=True) if wire.data.endswith(b"0\r\n\r\n") else (None, b"")
                n_whole += bool(answer) and answer.status == 200 and answer.body.endswith(b'{"done":true}\n\n')
        if seconds > 1:
            assert n_whole == 12


def test_reload_under_way(tmp_path):
    """Streams finish with the instance that they began with, while it is unloaded and loaded again."""
    with serving("serval", "serve", plant(tmp_path, sequences=4), "--log-level", "off") as server:
        with server.wire(30) as wire:
            alone = chat_text(wire.send(ask_for("/chat")).answer().body)
        end = time.monotonic() + 3
        texts, lock = [], threading.Lock()

        def read(_):
            while time.monotonic() < end:
                with server.wire(30) as wire:
                    answer = wire.send(ask_for("/chat")).answer()
                assert answer.status in (200, 503), answer.body
                with lock:
                    texts.append(chat_text(answer.body) if answer.status == 200 else None)

        def change():
            n_done = 0
            while time.monotonic() < end:
                for verb in ("unload", "load"):
                    answer = server.ask("POST", f"/api/v1/models/chat/{verb}", JSON, b"{}")
                    assert answer.status < 500 or answer.status == 503, answer.body
                    n_done += answer.status < 300
                time.sleep(0.05)
            return n_done

        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            changes = pool.submit(change)
            list(pool.map(read, range(8)))
            assert changes.result() >= 2
        whole = [text for text in texts if text is not None]
        assert whole and set(whole) == {alone}
        wait_until_quiet(server)
