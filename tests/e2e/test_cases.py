"""tests/cases/http/*.md over TCP: the same files that run in memory in tests/unit/http."""
import re

import pytest

from served import ROOT, Reader, serving

ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def unescape(text: str) -> bytes:
    out, at = b"", 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
        elif text[at + 1] == "x":
            out += bytes([int(text[at + 2:at + 4], 16)])
            at += 4
        elif text[at + 1] == "[":
            count, rest = text[at + 2:].split("|", 1)
            inner, depth = "", 0
            while rest[0] != "]":
                inner += rest[:2] if rest[0] == "\\" else rest[0]
                rest = rest[2:] if rest[0] == "\\" else rest[1:]
            out += unescape(inner) * int(count)
            at = len(text) - len(rest) + 1
        else:
            out += ESCAPES[text[at + 1]]
            at += 2
    return out


def read_cases():
    for path in sorted((ROOT / "tests" / "cases" / "http").glob("*.md")):
        for section in re.split(r"^## ", path.read_text(), flags=re.M)[1:]:
            name = section.split("\n", 1)[0].strip()
            block = re.search(r"```http\n(.*?)```", section, re.S)
            expect = re.search(r"^expect: (.*)$", section, re.M)
            if not block or not expect:
                continue
            sent = unescape(block[1].replace("\n", ""))
            bodies = [unescape(line) for line in re.findall(r"^body: ?(.*)$", section, re.M)]
            header = re.search(r"^header: ([^:]+): (.*)$", section, re.M)
            yield pytest.param(sent, expect[1].split(), bodies, header and (header[1], header[2]),
                               bool(re.search(r"^eof$|^eof:", section, re.M)), id=f"{path.stem}: {name}")


@pytest.fixture(scope="module")
def echo():
    with serving("examples/echo", "--log-level", "off") as served:
        yield served


@pytest.mark.parametrize("sent, expected, bodies, header, eof", list(read_cases()))
def test_case(echo, sent, expected, bodies, header, eof):
    *statuses, end = expected
    with echo.connect() as connection:
        reader = Reader(connection)
        try:
            connection.sendall(sent)
        except OSError:
            pass  # the server has closed already: what it said is still there
        if eof:
            connection.shutdown(1)
        heads = re.findall(rb"(?:^|\r\n\r\n)HEAD ", sent)
        bodies, answer = list(bodies), None
        for status in statuses if statuses != ["none"] else []:
            answer = reader.answer(head_only=bool(heads))
            assert answer is not None, f"no answer where {status} was expected"
            assert str(answer[0]) in status.split("|"), answer
            if answer[0] != 100 and bodies:
                wanted = bodies.pop(0)
                assert heads or answer[2] == wanted
        if header:
            assert answer[1][header[0].lower()] == header[1]
        if answer and answer[0] >= 400:
            assert answer[1]["x-request-id"] and answer[1]["date"]
        assert reader.is_closed(3.0 if end == "closed" else 0.15) == (end == "closed")
        assert reader.buffer == b"", "more was answered than was asked"
