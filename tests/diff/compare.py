"""Asks both twins the same and tells where they differ beyond docs/fastapi-differences.md."""

import asyncio
import json
from urllib.parse import unquote

ANOTHER_VALUE = "another value"


class Answer:
    """Status and, where the body is JSON, its value."""

    def __init__(self, status, body):
        self.status, self.body = status, body
        try:
            self.value = json.loads(body)
        except ValueError:
            self.value = None

    def detail(self):
        return self.value.get("detail") if isinstance(self.value, dict) else None


class Model:
    """The FastAPI application, spoken to without a socket."""

    def __init__(self, app):
        self.app, self.loop = app, asyncio.new_event_loop()

    def ask(self, request):
        return self.loop.run_until_complete(self.answer(request))

    async def answer(self, request):
        path, _, query = request.target.partition(b"?")
        fields = [(b"host", b"127.0.0.1")]
        fields += [(name.lower().encode(), value.strip(b" \t")) for name, value in request.fields]
        if request.has_body():
            fields.append((b"content-length", str(len(request.body)).encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": fields,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        sent, pieces = [], [{"type": "http.request", "body": request.body, "more_body": False}]

        async def receive():
            if not pieces:
                await asyncio.Event().wait()  # who waits for the client to leave
            return pieces.pop()

        async def send(message):
            sent.append(message)

        try:
            await self.app(scope, receive, send)
        except Exception:  # after its 500 was sent
            pass
        return Answer(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]))


class Subject:
    """Serval. `connect` gives a connection (tests/e2e/wire.py), which is kept."""

    def __init__(self, connect):
        self.connect, self.wire = connect, None

    def ask(self, request):
        self.wire = self.wire or self.connect()
        lines = [request.method.encode() + b" " + request.target + b" HTTP/1.1", b"Host: 127.0.0.1"]
        lines += [name.encode() + b": " + value for name, value in request.fields]
        if request.has_body():
            lines.append(b"Content-Length: %d" % len(request.body))
        answer = self.wire.send(b"\r\n".join([*lines, b"", b""]) + request.body).answer()
        if answer.get("Connection") == "close":
            self.wire.socket.close()
            self.wire = None
        return Answer(answer.status, answer.body)


def same(one, other):
    """Equal JSON values; 1, 1.0 and true are three."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)  # the sign of zero counts


def differ(ours, theirs):
    """What is not equal, None when nothing is."""
    if ours.status != theirs.status:
        return f"status {ours.status}, not {theirs.status}"
    if ours.status == 422:
        mine, wanted = ours.detail(), theirs.detail()
        if len(mine) != len(wanted):
            return f"{len(mine)} entries, not {len(wanted)}"
        for one, other in zip(mine, wanted):
            for name in ("type", "loc", "msg", "ctx", "input"):
                if not same(one.get(name), other.get(name)):
                    return f"{name} {one.get(name)!r}, not {other.get(name)!r}"
    elif ours.status == 200 and not same(ours.value, theirs.value):
        return ANOTHER_VALUE
    return None
