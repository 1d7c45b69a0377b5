"""Sizes and times of requests: what is too large or too slow is refused in time, and the next client is served."""
import json
import resource
import socket
import time

import pytest

import pictures
from served import ROOT, serving, wait_until
from wire import Wire, request

LIMITS = ("--header-timeout", "500ms", "--body-timeout", "700ms", "--keep-alive", "600ms", "--write-timeout", "800ms",
          "--max-body-size", "64KiB", "--max-url-size", "1KiB", "--max-header-size", "8KiB", "--log-level", "off")
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
PNG = [("Content-Type", "image/png")]
PREDICT = "/api/v1/predict"


@pytest.fixture(scope="module")
def echo():
    with serving("examples/echo", *LIMITS) as served:
        yield served


def still_serves(served):
    assert served.ask("GET", "/ok").status == 200


# Sizes.

@pytest.mark.parametrize("sent, status", [
    (POST + b"Content-Length: 65537\r\n\r\n", 413),
    (POST + b"Content-Length: 9999999999999\r\n\r\n", 413),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n10001\r\n" + b"x" * 65537, 413),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"8000\r\n" + b"x" * 32768 + b"\r\n8001\r\n" + b"x" * 32769, 413),
    (POST + b"Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n", 413),
    (b"GET /" + b"x" * 1200 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET /" + b"x" * 1200, 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000, 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
], ids=["length", "huge length", "one chunk", "chunks", "expected", "target", "endless target", "field", "endless field",
        "fields"])
def test_too_large(echo, sent, status):
    start = time.monotonic()
    with echo.wire() as wire:
        answer = wire.send(sent).answer()
        assert time.monotonic() - start < 0.4
        assert answer.status == status and answer["Connection"] == "close"
        assert wire.is_closed()
    still_serves(echo)


@pytest.mark.parametrize("sent", [
    POST + b"Content-Length: 65536\r\n\r\n" + b"x" * 65536,
    POST + b"Transfer-Encoding: chunked\r\n\r\n10000\r\n" + b"x" * 65536 + b"\r\n0\r\n\r\n",
    b"GET /" + b"x" * 1023 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 99 + b"\r\n",
], ids=["length", "chunk", "target", "fields"])
def test_as_large_as_allowed(echo, sent):
    with echo.wire() as wire:
        assert wire.send(sent).answer().status == 200


# Times.

@pytest.mark.parametrize("sent, least, most", [
    (b"GET / HT", 0.4, 4), (b"GET / HTTP/1.1\r\nHost: a\r\n", 0.4, 4), (POST + b"Content-Length: 5\r\n\r\nab", 0.6, 4),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", 0.6, 4)],
    ids=["request line", "fields", "length", "chunk"])
def test_too_slow(echo, sent, least, most):
    start = time.monotonic()
    with echo.wire() as wire:
        answer = wire.send(sent).answer()
        assert least < time.monotonic() - start < most
        assert answer.status == 408 and json.loads(answer.body)["error"] == "REQUEST_TIMEOUT"
        assert answer["Connection"] == "close" and wire.is_closed()


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nHost: a\r\nX-Drip: ", POST + b"Content-Length: 50\r\n\r\n"],
                         ids=["fields", "body"])
def test_drips_do_not_renew_the_deadline(echo, head):
    start = time.monotonic()
    with echo.wire(timeout=0.05) as wire:
        wire.send(head)
        while not wire.data and time.monotonic() - start < 5:
            wire.send(b"x")
            try:
                wire.receive()
            except TimeoutError:
                pass
        assert wire.answer().status == 408
    assert time.monotonic() - start < 1.7


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], ids=["at first", "after an answer"])
def test_idle_connections_just_close(echo, sent):
    with echo.wire() as wire:
        if sent:
            assert wire.send(sent).answer().status == 200
        start = time.monotonic()
        assert wire.is_closed()
        assert 0.4 < time.monotonic() - start < 2


def test_a_reader_that_stops_is_cut(echo):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(0.05)
    connection.connect(("127.0.0.1", echo.port))
    with connection:
        with pytest.raises(TimeoutError):  # back-pressure: the server stops reading
            for _ in range(400):
                connection.sendall(request("POST", "/", body=bytes(60000)))
        wait_until(lambda: is_reset(connection), 5)
    still_serves(echo)


def is_reset(connection) -> bool:
    try:
        connection.send(b"x")
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


# The whole of a request.

@pytest.fixture(scope="module")
def slow():
    """A server whose predictions may take half a second, and a picture that takes longer."""
    with serving("serval", "serve", ROOT / "models", "--request-timeout", "500ms", "--workers", "1",
                 "--log-format", "json") as served:
        yield served, pictures.slow()


def test_deadline_of_a_prediction(slow):
    served, picture = slow
    start = time.monotonic()
    with served.wire() as wire:
        answers = [wire.ask("POST", PREDICT, [*PNG, ("X-Request-Timeout", "0.05")], picture),
                   wire.ask("POST", PREDICT, PNG, pictures.SEVEN)]
    assert [answer.status for answer in answers] == [504, 200]
    assert json.loads(answers[0].body)["error"] == "DEADLINE_EXCEEDED"
    assert time.monotonic() - start < 2


def test_deadline_of_those_who_wait(slow):
    """Whoever does not get their turn in time is told in time."""
    served, picture = slow
    start = time.monotonic()
    wires = [served.wire().send(request("POST", PREDICT, PNG, picture)) for _ in range(12)]
    answers = [wire.answer() for wire in wires]
    assert all(answer.status in (200, 504) or answer.status == 503 and answer["Retry-After"] for answer in answers)
    assert [answer.status for answer in answers].count(504) >= 1
    assert time.monotonic() - start < 2
    wait_until(lambda: served.metrics()["http_requests_inprogress"] == 1)
    assert served.ask("POST", PREDICT, PNG, pictures.SEVEN).status == 200


def test_deadline_while_still_reading(slow):
    served, _ = slow
    start = time.monotonic()
    with served.wire() as wire:
        answer = wire.send(request("POST", PREDICT, PNG, pictures.SEVEN)[:-9]).answer()
        assert answer.status == 408 and answer["Connection"] == "close"
    assert 0.4 < time.monotonic() - start < 1.5


@pytest.mark.parametrize("value, status", [("5", 200), ("0.4", 200), ("1e3", 422), ("x", 422), ("-1", 422), ("0", 422),
                                           ("nan", 422), ("inf", 422)])
def test_request_timeout_header(slow, value, status):
    served, _ = slow
    answer = served.ask("POST", PREDICT, [*PNG, ("X-Request-Timeout", value)], pictures.SEVEN)
    assert answer.status == status, answer.body
    if status == 422:
        assert json.loads(answer.body)["detail"][0]["loc"] == ["header", "x-request-timeout"]


def test_request_timeout_header_may_only_shorten(slow):
    served, picture = slow
    start = time.monotonic()
    with served.wire() as first, served.wire() as second:
        first.send(request("POST", PREDICT, PNG, picture))
        answer = second.ask("POST", PREDICT, [*PNG, ("X-Request-Timeout", "60")], picture)
    assert time.monotonic() - start < 1.5 and answer.status in (200, 504)


# A client that closes its side.

def test_half_close_still_gets_what_is_computed(echo):
    with echo.wire() as wire:
        answer = wire.send(request("POST", "/", body=b"hello")).end().answer()
        assert (answer.status, answer.body) == (200, b"hello")
        assert wire.is_closed(1)


def test_half_close_cancels_other_work(slow):
    served, picture = slow
    with served.wire() as wire:
        wire.send(request("POST", PREDICT, [*PNG, ("X-Request-ID", "half-closed")], picture)).end()
        assert wire.is_closed(1)
    line = wait_until(lambda: next((line for line in served.out if "half-closed" in line), None))
    assert json.loads(line)["status_code"] == 499


# Descriptors.

def test_few_descriptors():
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))

    with serving("examples/echo", "--log-level", "off", before=limit) as served:
        flood = []
        for _ in range(200):
            try:
                flood.append(Wire(("127.0.0.1", served.port), 2))
            except OSError:
                break
        assert len(flood) > 50
        before = cpu_seconds(served.process.pid)
        time.sleep(0.5)
        assert cpu_seconds(served.process.pid) - before < 0.25, "a busy loop"
        for wire in flood:
            wire.socket.close()
        wait_until(lambda: answers(served), 5)


def answers(served) -> bool:
    try:
        return served.ask("GET", "/").status == 200
    except (OSError, AssertionError):
        return False


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
