"""Sizes and times of requests: what is too large or too slow is refused in time, and the next client is served."""
import resource
import socket
import subprocess
import time

import pytest

from served import BIN, Reader, serving, wait_until

LIMITS = ("--header-timeout", "500ms", "--body-timeout", "700ms", "--keep-alive", "600ms", "--write-timeout", "800ms",
          "--max-body-size", "64KiB", "--max-url-size", "1KiB", "--max-header-size", "8KiB", "--log-level", "off")


@pytest.fixture(scope="module")
def echo():
    with serving("examples/echo", *LIMITS) as served:
        yield served


def ask(served, sent: bytes, timeout=5):
    connection = served.connect(timeout)
    connection.sendall(sent)
    return connection, Reader(connection)


def still_serves(served):
    connection, reader = ask(served, b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n")
    assert reader.answer()[0] == 200
    connection.close()


@pytest.mark.parametrize("sent, status", [
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" + b"x" * 65537, 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n", 413),
    (b"GET /" + b"x" * 1200 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
])
def test_too_large(echo, sent, status):
    start = time.monotonic()
    connection, reader = ask(echo, sent)
    answer = reader.answer()
    assert answer[0] == status and answer[1]["connection"] == "close"
    assert time.monotonic() - start < 0.4
    assert reader.is_closed()
    connection.close()
    still_serves(echo)


@pytest.mark.parametrize("sent, most", [(b"GET / HT", 1.5), (b"GET / HTTP/1.1\r\nHost: a\r\n", 1.5),
                                        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", 1.7)])
def test_too_slow_is_408(echo, sent, most):
    start = time.monotonic()
    connection, reader = ask(echo, sent)
    answer = reader.answer()
    assert answer[0] == 408 and b"REQUEST_TIMEOUT" in answer[2]
    assert 0.3 < time.monotonic() - start < most
    assert reader.is_closed()
    connection.close()


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nHost: a\r\nX-Drip: ",
                                  b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n"])
def test_drips_do_not_renew_the_deadline(echo, head):
    connection, reader = ask(echo, head)
    start = time.monotonic()
    with pytest.raises(OSError):
        while time.monotonic() - start < 5:
            connection.sendall(b"x")
            time.sleep(0.05)
            connection.setblocking(False)
            try:
                if connection.recv(4096, socket.MSG_PEEK):
                    raise OSError("answered")
            except BlockingIOError:
                pass
            connection.settimeout(5)
    connection.settimeout(5)
    assert reader.answer()[0] == 408
    assert time.monotonic() - start < 2


def test_idle_connections_just_close(echo):
    connection = echo.connect()
    start = time.monotonic()
    assert Reader(connection).answer() is None
    assert 0.3 < time.monotonic() - start < 2
    connection, reader = ask(echo, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert reader.answer()[0] == 200
    assert reader.answer() is None


def test_a_reader_that_stops_is_cut(echo):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", echo.port))
    connection.settimeout(0.05)
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + bytes(60000)
    with pytest.raises(OSError) as stopped:
        for _ in range(400):
            connection.sendall(request)
    assert isinstance(stopped.value, TimeoutError), "back-pressure: the server stops reading"
    start, gone = time.monotonic(), False
    while not gone and time.monotonic() - start < 5:
        time.sleep(0.1)
        gone = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or _is_reset(connection)
    assert gone
    connection.close()
    still_serves(echo)


def _is_reset(connection) -> bool:
    try:
        return connection.send(b"x") == 0
    except TimeoutError:
        return False
    except OSError:
        return True


def test_half_close_still_gets_the_answer(echo):
    connection, reader = ask(echo, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
    connection.shutdown(socket.SHUT_WR)
    answer = reader.answer()
    assert answer[0] == 200 and answer[2] == b"hello"
    assert reader.is_closed(1.5)


def test_a_refusal_is_readable_by_a_client_that_is_still_sending(echo):
    for _ in range(5):
        connection = echo.connect()
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n")
        try:
            for _ in range(50):
                connection.sendall(bytes(2048))
                time.sleep(0.001)
        except OSError:
            pass
        assert Reader(connection).answer()[0] == 400
        connection.close()


def test_few_descriptors():
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))

    process = subprocess.Popen([BIN / "examples" / "echo", "--port", "0", "--log-level", "off"], preexec_fn=limit,
                               stderr=subprocess.PIPE, text=True)
    try:
        line = ""
        while not line.startswith("Serval ready"):
            line = process.stderr.readline()
        port = int(line.rsplit(":", 1)[1])
        flood = []
        for _ in range(200):
            try:
                flood.append(socket.create_connection(("127.0.0.1", port), 2))
            except OSError:
                pass
        before = _cpu(process.pid)
        time.sleep(0.5)
        assert _cpu(process.pid) - before < 0.25, "a busy loop"
        for connection in flood:
            connection.close()

        def answers():
            try:
                with socket.create_connection(("127.0.0.1", port), 2) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    return connection.recv(20).startswith(b"HTTP/1.1 200")
            except OSError:
                return False
        assert wait_until(answers, 5)
    finally:
        process.terminate()
        assert process.wait(30) == 0


def _cpu(pid: int) -> float:
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
