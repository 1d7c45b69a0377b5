"""Ends: clients that leave, and a server that is told to."""
import json
import signal
import time

import pytest

import pictures
from served import ROOT, serving, wait_until
from wire import request

PNG = pictures.SEVEN
PREDICT = "/api/v1/predict"
IMAGE = [("Content-Type", "image/png")]


@pytest.fixture(scope="module")
def picture():
    """One that takes a while."""
    return pictures.slow()


def cancelled(samples):
    """All given up work, whatever the stage."""
    return sum(value for name, value in samples.items() if name.startswith("serval_cancelled_total"))


def test_clients_that_leave(picture):
    """Their work is given up: the next one does not wait for it."""
    with serving("serval", "serve", ROOT / "models", "--workers", "1", "--log-format", "json") as server:
        start = time.monotonic()
        wires = [server.wire().send(request("POST", PREDICT, [*IMAGE, ("X-Request-ID", f"left-{number}")], picture))
                 for number in range(30)]
        wait_until(lambda: server.metrics()["http_requests_inprogress"] > 20)
        for wire in wires:
            wire.socket.close()
        assert server.ask("POST", PREDICT, IMAGE, PNG).status == 200
        assert time.monotonic() - start < 2
        samples = server.metrics()
        assert samples["http_requests_inprogress"] == 1 and samples['serval_connections{state="active"}'] == 1
        wait_until(lambda: cancelled(server.metrics()) >= 15)
        wait_until(lambda: len([line for line in server.out if "left-" in line]) >= 30)
        lines = [json.loads(line) for line in server.out if "left-" in line]
        assert sum(line["status_code"] == 499 for line in lines) >= 15
        assert {line["client_ip"] for line in lines} == {"127.0.0.1"}
        assert not any("error" in line for line in lines if line["status_code"] == 499)
        assert len(lines) == len({line["request_id"] for line in lines}) == 30


def test_a_client_that_leaves_among_others(picture):
    """Only their own work is given up."""
    with serving("serval", "serve", ROOT / "models", "--log-level", "off") as server:
        stays, leaves = server.wire(30), server.wire()
        with stays:
            stays.send(request("POST", PREDICT, IMAGE, picture))
            leaves.send(request("POST", PREDICT, IMAGE, picture)).socket.close()
            assert stays.answer().status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_drain_finishes_what_is_in_flight(number):
    with serving("serval", "serve", ROOT / "models", "--log-level", "off", "--body-timeout", "5s") as server:
        sent = request("POST", "/api/v1/predict", [("Content-Type", "image/png")], PNG)
        with server.wire() as wire, server.wire() as idle:
            wire.send(sent[:1000])
            wait_until(lambda: server.metrics()['serval_connections{state="active"}'] == 2)  # and the scrape
            server.process.send_signal(number)
            assert idle.is_closed(2)
            answer = wire.send(sent[1000:]).answer()
            assert answer.status == 200 and answer["Connection"] == "close" and b'"label":"7"' in answer.body
        assert server.process.wait(1) == 0
        with pytest.raises(OSError):
            server.wire(1)


def test_drain_finishes_a_running_prediction(picture):
    with serving("serval", "serve", ROOT / "models", "--log-level", "off") as server, server.wire() as wire:
        wire.send(request("POST", PREDICT, IMAGE, picture))
        wait_until(lambda: server.metrics()["http_requests_inprogress"] == 2)
        server.process.send_signal(signal.SIGTERM)
        answer, = wire.until_closed()
        assert answer.status == 200 and answer["Connection"] == "close"
        wire.socket.close()
        assert server.process.wait(1) == 0


def test_drain_ends_in_time():
    """Whoever does not finish is cut."""
    with serving("serval", "serve", ROOT / "models", "--log-level", "off", "--shutdown-timeout", "500ms") as server:
        with server.wire() as wire:
            wire.send(request("POST", PREDICT, IMAGE, PNG)[:-9])
            wait_until(lambda: server.metrics()['serval_connections{state="active"}'] == 2)
            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(3) == 0
            assert 0.3 < time.monotonic() - start < 2


def test_a_second_signal_ends_at_once():
    with (pytest.raises(AssertionError, match="exit code -2"),
          serving("serval", "serve", ROOT / "models", "--log-level", "off") as server, server.wire() as wire):
        wire.send(request("POST", PREDICT, IMAGE, PNG)[:-9])
        wait_until(lambda: server.metrics()['serval_connections{state="active"}'] == 2)
        server.process.send_signal(signal.SIGINT)
        wait_until(lambda: any("stops" in line for line in server.err))
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(2) == -signal.SIGINT
