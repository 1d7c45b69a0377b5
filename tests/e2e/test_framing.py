"""Where requests begin and end, over TCP, against a server that echoes."""

import json
import re

import pytest

import cases
from wire import request

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
REFUSED = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"


def assert_usual(answer):
    """What every answer of the server must have."""
    if answer.status < 200:
        return
    assert answer["X-Request-ID"] and answer["Date"].endswith(" GMT")
    if answer.status != 204:
        assert answer["Content-Length"]


def answers_of(wire, case):
    """The answers to a case. HEAD cannot be seen from an answer, so the requests are looked at."""
    if b"HEAD " not in case.data:
        return [wire.answer() for _ in case.statuses]
    return [wire.answer(to_head=case.data.startswith(b"HEAD ") and index == 0)
            for index in range(len(case.statuses))]


@pytest.mark.parametrize("case", cases.read_all(), ids=lambda case: case.name)
def test_case(echo, case):
    with echo.wire() as wire:
        wire.send_what_is_taken(case.data)
        if case.ends:
            wire.end()
        answers = answers_of(wire, case)
        assert all(answer.status in allowed for answer, allowed in zip(answers, case.statuses)), answers
        for answer in answers:
            assert_usual(answer)
        final = [answer for answer in answers if answer.status >= 200]
        for answer, body in zip(final, case.bodies):
            assert answer.body == body
        if case.header:
            name, _, value = case.header.partition(":")
            assert answers[-1][name] == value.strip()
        if case.closed:
            assert not final or case.ends or final[-1]["Connection"] == "close"
            assert wire.rest() == b"", "something behind a refusal was answered"
        elif not case.ends:
            assert_open(wire)


def assert_open(wire):
    """Nothing more has come, and the connection is not closed."""
    wire.socket.settimeout(0.02)
    with pytest.raises(TimeoutError):
        wire.receive()


# Echo: what tests of framing see by.

@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("body", [None, b"", b"hello", bytes(range(256)) * 300], ids=["none", "empty", "short", "76800"])
def test_echo(echo, method, body):
    with echo.wire() as wire:
        answer = wire.ask(method, "/a/b%2Fc%20d?query=1", body=body)
        assert answer.status == 200
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Length"] == str(len(body or b""))
        assert answer.body == (b"" if method == "HEAD" else body or b"")
        assert answer["X-Echo-Method"] == method
        assert answer["X-Echo-Path"] == "/a/b%2Fc%20d"
        assert re.fullmatch(r"[0-9a-f-]{36}", answer["X-Request-ID"])
        assert wire.ask("GET", "/next")["X-Echo-Path"] == "/next"
        assert_open(wire)


def chunked(body, size, end=b"0\r\n\r\n"):
    """The body in chunks of `size` bytes."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in
                    (body[at:at + size] for at in range(0, len(body), size))) + end


CHUNKED = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 15, 16, 4095, 4096, 65536])
def test_chunked_body(echo, size):
    body = bytes(range(256)) * (4 if size < 100 else 1024)
    with echo.wire() as wire:
        answer = wire.send(CHUNKED + chunked(body, size)).answer()
        assert (answer.status, answer.body) == (200, body)
        assert_open(wire)


def test_split_at_every_byte(echo):
    data = (b"POST /split?x HTTP/1.1\r\nHost: a\r\nX-Long: " + b"v" * 20 + b"\r\nContent-Length: 5\r\n\r\nhello" +
            CHUNKED + chunked(b"chunked body", 5, b"0\r\nTrailer: t\r\n\r\n"))
    with echo.wire() as wire:
        for at in range(1, len(data)):
            wire.send(data[:at]).send(data[at:])
            first, second = wire.answers(2)
            assert (first.status, first.body, first["X-Echo-Path"]) == (200, b"hello", "/split"), at
            assert (second.status, second.body) == (200, b"chunked body"), at


def test_one_byte_at_a_time(echo):
    with echo.wire() as wire:
        for byte in CHUNKED + chunked(b"slow", 3):
            wire.send(bytes([byte]))
        assert wire.answer().body == b"slow"


def test_pipelined_in_order(echo):
    bodies = [b"%d" % number * (number % 50) for number in range(500)]
    data = b"".join(request("POST", f"/{number}", body=body) for number, body in enumerate(bodies))
    with echo.wire() as wire:
        wire.send(data)
        for number, body in enumerate(bodies):
            answer = wire.answer()
            assert (answer["X-Echo-Path"], answer.body) == (f"/{number}", body)
        assert_open(wire)


def test_large_answers_to_a_pipelining_client(echo):
    """More is answered than socket buffers hold, while the client is still sending."""
    body = bytes(range(256)) * 4096
    with echo.wire(30) as wire:
        wire.send(request("POST", "/", body=body))
        for _ in range(8):
            wire.send(request("POST", "/", body=body)[:700000])
            assert wire.answer().body == body
            wire.send(request("POST", "/", body=body)[700000:])
        assert wire.answer().body == body


# Refusals.

def test_refusal_is_readable_in_the_middle_of_sending(echo):
    for _ in range(20):
        with echo.wire() as wire:
            wire.send_what_is_taken(REFUSED + b"x" * 100_000)
            wire.end()
            answer, = wire.until_closed()
            assert (answer.status, answer["Connection"]) == (400, "close")


@pytest.mark.parametrize("path", ["/", "/a?b"])
def test_refusal_has_the_one_shape(echo, path):
    answer = echo.ask("GET", path, [("Content-Length", "1"), ("Transfer-Encoding", "chunked")])
    assert answer.status == 400 and answer["Content-Type"] == "application/json"
    error = json.loads(answer.body)
    assert error == {"error": "BAD_REQUEST", "message": error["message"], "path": path.partition("?")[0],
                     "request_id": answer["X-Request-ID"], "detail": error["message"]}


def test_oversize_chunk_extension(echo):
    with echo.wire() as wire:
        wire.send_what_is_taken(CHUNKED + b"5;a=" + b"x" * 65536 + b"\r\nhello\r\n0\r\n\r\n")
        answer, = wire.until_closed()
        assert answer.status == 400


def test_65537_tiny_chunks(echo):
    with echo.wire() as wire:
        wire.send_what_is_taken(CHUNKED + chunked(b"x" * 65537, 1))
        answer, = wire.until_closed()
        assert answer.status == 400


def test_65536_tiny_chunks(echo):
    with echo.wire() as wire:
        wire.send(CHUNKED + chunked(b"x" * 65536, 1))
        assert wire.answer().body == b"x" * 65536


@pytest.mark.parametrize("line", ["X-{}: y\r\n", "X: y\r\n"], ids=["names", "same"])
def test_10000_fields(echo, line):
    fields = "".join(line.format(number) for number in range(10_000))
    with echo.wire() as wire:
        wire.send_what_is_taken(f"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
        answer, = wire.until_closed()
        assert answer.status == 431


def test_bytes_behind_a_refusal_are_never_answered(echo):
    with echo.wire() as wire:
        answer = wire.send(REFUSED).answer()
        wire.send_what_is_taken(request("GET", "/smuggled"))
        assert answer.status == 400 and wire.rest() == b""


# Expect.

def test_expect_continue(echo):
    with echo.wire() as wire:
        wire.send(b"POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-CONTINUE\r\nContent-Length: 5\r\n\r\n")
        interim = wire.answer()
        assert (interim.status, interim.fields) == (100, [])
        assert_open(wire)
        answer = wire.send(b"hello").answer()
        assert (answer.status, answer.body) == (200, b"hello")


def test_expect_continue_with_the_body_at_once(echo):
    with echo.wire() as wire:
        wire.send(request("POST", "/e", [("Expect", "100-continue")], b"hello"))
        answer = wire.answer()
        if answer.status == 100:
            answer = wire.answer()
        assert (answer.status, answer.body) == (200, b"hello")
        assert_open(wire)


def test_expect_is_refused_before_the_body(echo):
    """No 100 when the announced length alone is too much, and what follows is not a request."""
    with echo.wire() as wire:
        wire.send(b"POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
        wire.send_what_is_taken(request("GET", "/smuggled"))
        answer, = wire.until_closed()
        assert (answer.status, answer["Connection"]) == (413, "close")


# Ends.

@pytest.mark.parametrize("data", [b"", b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"], ids=["nothing", "one request"])
def test_closes_within_a_second_when_the_client_has_ended(echo, data):
    with echo.wire(timeout=1) as wire:
        wire.send(data).end()
        assert [answer.status for answer in wire.until_closed()] == [200] * bool(data)


@pytest.mark.parametrize("data", [b"GET /a HTT", b"GET /a HTTP/1.1\r\nHost: a\r\n",
                                  b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello",
                                  CHUNKED + b"5\r\nhel"])
def test_end_before_the_request_is_complete(echo, data):
    with echo.wire(timeout=2) as wire:
        wire.send(data).end()
        answer, = wire.until_closed()
        assert (answer.status, answer["Connection"]) == (400, "close")


def test_tls_hello(echo):
    """A client that took the port for https gets its end, not silence."""
    with echo.wire(timeout=2) as wire:
        wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)))
        assert [answer.status for answer in wire.until_closed()] in ([], [400])
