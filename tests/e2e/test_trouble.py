"""Handlers that misbehave: contained, told, and never in the way of others."""

import concurrent.futures
import json
import signal
import time

import pytest

from served import serving, wait_until

JSON = [("Content-Type", "application/json")]


@pytest.fixture(scope="module")
def server():
    with serving("tests/trouble", "--io-threads", "1", "--shutdown-timeout", "1") as served:
        yield served


def counts(server) -> dict:
    return json.loads(server.ask("GET", "/counts").body)


def told(server, *words) -> bool:
    return any(all(word in line for word in words) for line in server.err)


def test_a_handler_that_takes_too_long(server):
    began = time.monotonic()
    assert server.ask("GET", "/sleep/4").status == 504
    assert 1.9 < time.monotonic() - began < 3.9
    assert server.ask("GET", "/sleep/0").status == 200


def test_a_handler_that_sleeps_stops_nobody_else(server):
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        slow = [pool.submit(server.ask, "GET", "/sleep/1") for _ in range(30)]
        assert server.ask("GET", "/counts").status == 200
        assert not any(answer.done() for answer in slow)
        assert {answer.result().status for answer in slow} == {200}


def test_a_handler_that_never_answers(server):
    assert server.ask("GET", "/never").status == 504
    assert server.ask("GET", "/counts").status == 200


def test_a_handler_that_answers_twice(server):
    for _ in range(20):
        assert server.ask("GET", "/twice").status == 200
    wait_until(lambda: told(server, "twice", "answered twice"))


def test_an_answer_that_breaks_its_schema(server):
    answer = server.ask("GET", "/endless")
    assert answer.status == 500
    assert json.loads(answer.body)["error"] == "INVALID_MODEL_OUTPUT"
    wait_until(lambda: any("seconds" in line for line in server.out))


def test_calls_completed_on_other_threads(server):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.ask("GET", "/deferred"), range(200)))
    assert {(answer.status, answer.body) for answer in answers} == {(200, b'{"number":7}')}


def test_a_loop_that_is_blocked_is_told(server):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        blocked = pool.submit(server.ask, "GET", "/block/3.2")
        wait_until(lambda: told(server, "an event loop has not come round"))
        wait_until(lambda: told(server, "sleeping has been running", "on an event loop"))
        assert blocked.result().status == 200
    wait_until(lambda: told(server, "sleeping ran for", "run_inline"))


def test_streams_end_when_their_readers_leave(server):
    before = counts(server)["ended_streams"]
    for path in ("/flood", "/drip") * 5:
        with server.wire() as wire:
            wire.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            wire.socket.recv(200)
    wait_until(lambda: counts(server)["ended_streams"] == before + 10)


def test_tasks_run_after_the_answer(server):
    before = counts(server)["tasks"]
    began = time.monotonic()
    for _ in range(5):
        assert server.ask("POST", "/tasks", JSON, b'{"number": 300}').status == 200
    assert time.monotonic() - began < 1
    wait_until(lambda: counts(server)["tasks"] == before + 5)


def test_the_end_does_not_wait_for_a_handler_that_does_not_return():
    with serving("tests/trouble", "--shutdown-timeout", "0.5") as server:
        with server.wire() as wire:
            wire.send(b"GET /sleep/100 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(0.1)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(10) == 0
            assert time.monotonic() - began < 5
    assert told(server, "sleeping has been running")
