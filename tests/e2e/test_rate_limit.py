"""Rate limits over TCP: settings, fields, the 429, and that no request too many gets through."""

import concurrent.futures
import json
import subprocess
import time

import pytest

from served import BIN, ROOT, environment, serving

JSON = [("Content-Type", "application/json")]
PREDICT = "/api/v1/predict"


def fields(answer):
    """(limit, remaining, seconds from now until all is free again)"""
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    limit, remaining, reset = (int(answer[name]) for name in names)
    return limit, remaining, reset - time.time()


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """Three predictions a minute; everything else is free."""
    folder = tmp_path_factory.mktemp("limited")
    (folder / "serval.yaml").write_text(f'rate_limits: {{"POST {PREDICT}": 3/minute}}\n')
    with serving("serval", "serve", ROOT / "models", cwd=folder) as server:
        yield server


def test_a_route_is_limited_whatever_it_answers(limited):
    picture = (ROOT / "examples/pictures/digit-7.png").read_bytes()
    asked = [(JSON, b'{"no": "picture"}', 422), ([("Content-Type", "image/png")], b"no picture", 400),
             ([("Content-Type", "image/png")], picture, 200)]
    for left, (head, body, status) in zip((2, 1, 0), asked):
        answer = limited.ask("POST", PREDICT, head, body)
        assert answer.status == status
        limit, remaining, reset = fields(answer)
        assert (limit, remaining) == (3, left)
        assert 20 * (3 - left) - 5 < reset <= 20 * (3 - left) + 1
        assert answer.get("Retry-After") is None

    answer = limited.ask("POST", PREDICT, JSON, b'{"no": "picture"}')
    assert answer.status == 429
    limit, remaining, reset = fields(answer)
    assert (limit, remaining) == (3, 0) and 50 < reset <= 61
    assert 1 <= int(answer["Retry-After"]) <= 20
    told = json.loads(answer.body)
    assert told == {"error": "RATE_LIMITED", "message": "Rate limit exceeded: 3 per 1 minute", "path": PREDICT,
                    "request_id": answer["X-Request-ID"], "detail": "Rate limit exceeded: 3 per 1 minute"}

    with limited.wire() as wire:  # no word that the body may come
        wire.send(f"POST {PREDICT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
                  "Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n".encode())
        assert wire.answer().status == 429

    for method, path, status in (("GET", PREDICT, 405), ("OPTIONS", PREDICT, 204), ("GET", "/nowhere", 404),
                                 ("GET", "/health", 200), ("GET", "/openapi.json", 200)):
        answer = limited.ask(method, path)
        assert answer.status == status
        assert answer.get("X-RateLimit-Limit") is None
    assert limited.metrics()['serval_rejected_total{reason="rate_limit"}'] == 2


def test_openapi_lists_429_where_there_is_a_limit(limited):
    paths = json.loads(limited.ask("GET", "/openapi.json").body)["paths"]
    assert "429" in paths[PREDICT]["post"]["responses"]
    assert "429" not in paths["/health"]["get"]["responses"]


def test_all_routes_together_but_never_probes():
    with serving("serval", "serve", ROOT / "models", env={"SERVAL_RATE_LIMIT": "4/hour;1000/day"}) as server:
        for left, (method, path, status) in zip((3, 2, 1, 0), (("GET", "/docs", 200), ("GET", "/nowhere", 404),
                                                              ("PUT", PREDICT, 405), ("HEAD", "/openapi.json", 200))):
            answer = server.ask(method, path)
            assert answer.status == status
            assert fields(answer)[:2] == (4, left)
        for method, path in (("GET", "/docs"), ("GET", "/nowhere"), ("POST", PREDICT)):
            answer = server.ask(method, path)
            assert answer.status == 429
            assert json.loads(answer.body)["message"] == "Rate limit exceeded: 4 per 1 hour"
            assert 800 < int(answer["Retry-After"]) <= 900
        for _ in range(10):
            for path in ("/health", "/health/live", "/health/ready", "/metrics"):
                answer = server.ask("GET", path)
                assert answer.status == 200
                assert answer.get("X-RateLimit-Limit") is None


def test_exact_over_connections_and_loops():
    with serving("serval", "serve", ROOT / "models", "--rate-limit", "300/hour", "--io-threads", "4") as server:
        def hammer(_):
            return sum(server.ask("GET", "/nowhere").status == 404 for _ in range(60))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(hammer, range(8))) == 300


@pytest.mark.parametrize("option, value, says", [
    ("--rate-limit", "10/min", "rate_limit: '10/min': unknown unit 'min', did you mean 'minute'?"),
    ("--rate-limit", "many", "the count must be a whole number from 1 to 1000000000"),
    ("--rate-limits", '{"POST /api/v1/predicts": "1/day"}',
     "there is no operation 'POST /api/v1/predicts'; did you mean 'POST /api/v1/predict'?"),
    ("--rate-limits", '{"POST /api/v1/predict": "1/daily"}', "POST /api/v1/predict: '1/daily': unknown unit"),
    ("--rate-limits", "10/minute", "rate_limits cannot be '10/minute': expected names and texts"),
])
def test_mistakes_end_the_start(option, value, says, tmp_path):
    run = subprocess.run([BIN / "serval", "serve", ROOT / "models", "--port", "0", option, value], cwd=tmp_path,
                         env=environment(), capture_output=True, text=True, timeout=30)
    assert run.returncode == 1
    assert says in run.stderr
