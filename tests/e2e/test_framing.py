"""Where requests begin and end, over TCP, against a server that echoes."""

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
            assert not final or final[-1]["Connection"] == "close"
            assert wire.rest() == b"", "something behind a refusal was answered"
        elif not case.ends:
            assert_open(wire)


def assert_open(wire):
    """Nothing more has come, and the connection is not closed."""
    wire.socket.settimeout(0.02)
    with pytest.raises(TimeoutError):
        wire.receive()
