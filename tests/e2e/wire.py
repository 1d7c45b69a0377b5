"""HTTP as bytes: a raw connection, and a parser of answers that forgives nothing.

Not a client library: nothing is retried, followed, decoded or joined. What a server sent beyond its answers is a fault.
"""

import dataclasses
import re
import socket

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) ([\x20-\x7e]*)")
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x21-\x7e\x80-\xff](?:[\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")


class Incomplete(Exception):
    """More bytes are needed."""


@dataclasses.dataclass
class Answer:
    """One answer as it was received."""

    status: int
    reason: str
    fields: list
    body: bytes

    def get(self, name, default=None):
        """The value of a field that may occur once."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else default

    def __getitem__(self, name):
        value = self.get(name)
        assert value is not None, f"no {name} in {self.fields}"
        return value


def parse_fields(head):
    """The lines behind the status line."""
    fields = []
    for line in head:
        match = FIELD.fullmatch(line)
        assert match, f"bad field {line!r}"
        fields.append((match[1].decode(), (match[2] or b"").decode("latin-1")))
    return fields


def take_chunks(rest):
    """Takes a chunked body off the bytes."""
    body = b""
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            raise Incomplete
        assert CHUNK_SIZE.fullmatch(line), f"bad chunk size {line!r}"
        size = int(line, 16)
        if len(rest) < size + 2:
            raise Incomplete
        assert rest[size:size + 2] == b"\r\n", "chunk without its line end"
        body, rest = body + rest[:size], rest[size + 2:]
        if not size:
            return body, rest


def take_answer(data, to_head=False, closed=False):
    """Takes one answer off the bytes: (answer, rest). Incomplete when it has not all arrived."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        raise Incomplete
    lines = head.split(b"\r\n")
    status = STATUS_LINE.fullmatch(lines[0])
    assert status, f"bad status line {lines[0]!r}"
    answer = Answer(int(status[1]), status[2].decode(), parse_fields(lines[1:]), b"")
    length, coding = answer.get("Content-Length"), answer.get("Transfer-Encoding")
    assert length is None or coding is None, "both Content-Length and Transfer-Encoding"
    assert length is None or re.fullmatch(r"\d+", length), f"bad length {length!r}"
    if answer.status < 200 or answer.status == 204:
        assert length is None and coding is None, f"{answer.status} with a length"
        return answer, rest
    if to_head or answer.status == 304:
        return answer, rest
    if coding is not None:
        assert coding == "chunked"
        answer.body, rest = take_chunks(rest)
        return answer, rest
    if length is None:
        assert answer["Connection"] == "close", "no length, and open"
        if not closed:
            raise Incomplete
        answer.body = rest
        return answer, b""
    if len(rest) < int(length):
        raise Incomplete
    answer.body = rest[:int(length)]
    return answer, rest[int(length):]


class Wire:
    """A connection. Times out after `timeout` seconds of silence."""

    def __init__(self, address, timeout=10):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends everything."""
        self.socket.sendall(data)
        return self

    def send_what_is_taken(self, data):
        """Sends as much as the other side takes before it closes; how much that was."""
        sent = 0
        try:
            while sent < len(data):
                sent += self.socket.send(data[sent:sent + 4096])
        except (BrokenPipeError, ConnectionResetError):
            pass
        return sent

    def end(self):
        """Closes the sending side."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def receive(self):
        """Waits for more bytes; False at the end."""
        if not self.closed:
            piece = self.socket.recv(65536)
            self.data += piece
            self.closed = not piece
        return not self.closed

    def answer(self, to_head=False):
        """The next answer, 1xx included."""
        while True:
            try:
                answer, self.data = take_answer(self.data, to_head, self.closed)
                return answer
            except Incomplete:
                assert not self.closed, f"closed within an answer: {self.data!r}"
            self.receive()

    def answers(self, count):
        """The next answers."""
        return [self.answer() for _ in range(count)]

    def rest(self):
        """Everything until the server closes. Raises ConnectionResetError when it resets."""
        while self.receive():
            pass
        data, self.data = self.data, b""
        return data

    def until_closed(self):
        """Every answer until the server closes."""
        data, answers = self.rest(), []
        while data:
            answer, data = take_answer(data, closed=True)
            answers.append(answer)
        return answers

    def is_closed(self, within=3.0):
        """Whether the server ends the connection, without another byte, within the time."""
        assert not self.data, f"more came: {self.data!r}"
        self.socket.settimeout(within)
        try:
            return not self.receive() and not self.data
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def ask(self, method, target, fields=(), body=None):
        """Sends one well-formed request and returns its answer."""
        self.send(request(method, target, fields, body))
        return self.answer(to_head=method == "HEAD")


def request(method, target, fields=(), body=None):
    """The bytes of a well-formed request. `fields`: pairs."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")
