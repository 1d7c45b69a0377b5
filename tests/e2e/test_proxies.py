"""Proxies in front: who the client is, for the log and for rate limits, and who is not believed."""

import json
import subprocess

import pytest

from served import BIN, ROOT, environment, serving, wait_until

MODELS = ROOT / "models"
LOG = ("--log-format", "json")


def told(server, path):
    """(client, port, peer) in the log's line of the request with this path."""
    def find():
        lines = [json.loads(line) for line in server.out + server.err if f'"path":"{path}"' in line]
        return lines and lines[0]
    line = wait_until(find)
    return line["client_ip"], line["client_port"], line.get("peer_ip")


def test_a_trusted_proxy_is_believed():
    with serving("serval", "serve", MODELS, *LOG, "--trusted-proxies", "127.0.0.1, 10.0.0.0/8") as server:
        server.ask("GET", "/one", [("X-Forwarded-For", "6.6.6.6, 192.0.2.1:4711"), ("X-Forwarded-For", "10.1.2.3")])
        assert told(server, "/one") == ("192.0.2.1", 0, "127.0.0.1")
        server.ask("GET", "/two", [("Forwarded", 'for=6.6.6.6, For="[2001:DB8::17]:47011";proto=https, for=10.0.0.1')])
        assert told(server, "/two") == ("2001:db8::17", 0, "127.0.0.1")
        server.ask("GET", "/three", [("X-Forwarded-For", "192.0.2.1, unknown")])
        client, port, peer = told(server, "/three")
        assert (client, peer) == ("127.0.0.1", None) and port > 0
        with server.wire() as wire:  # each request of a connection speaks for itself
            assert wire.ask("GET", "/four", [("X-Forwarded-For", "192.0.2.4")]).status == 404
            assert wire.ask("GET", "/five").status == 404
        assert told(server, "/four")[0] == "192.0.2.4"
        assert told(server, "/five")[0] == "127.0.0.1"


@pytest.mark.parametrize("settings", [(), ("--trusted-proxies", "10.0.0.0/8,unix:")])
def test_others_are_not_believed(settings):
    with serving("serval", "serve", MODELS, *LOG, *settings) as server:
        server.ask("GET", "/one", [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")])
        client, port, peer = told(server, "/one")
        assert (client, peer) == ("127.0.0.1", None) and port > 0


def test_a_proxy_at_the_unix_socket(tmp_path):
    with serving("serval", "serve", MODELS, *LOG, "--uds", tmp_path / "s", "--trusted-proxies", "unix:") as server:
        server.ask("GET", "/one", [("X-Forwarded-For", "192.0.2.1")])
        assert told(server, "/one")[0] == "192.0.2.1"


def test_clients_behind_a_proxy_are_counted_apart():
    with serving("serval", "serve", MODELS, "--rate-limit", "2/hour", "--trusted-proxies", "127.0.0.1") as server:
        def ask(forwarded):
            return server.ask("GET", "/nowhere", [("X-Forwarded-For", forwarded)]).status
        assert [ask("192.0.2.1") for _ in range(3)] == [404, 404, 429]
        assert ask("192.0.2.2") == 404
        assert ask("6.6.6.6, 192.0.2.1") == 429  # what a client invents is left of what the proxy adds


@pytest.mark.parametrize("entry", ["proxy.example.com", "10.0.0.0/33", "127.0.0.1:80"])
def test_mistakes_end_the_start(entry, tmp_path):
    run = subprocess.run([BIN / "serval", "serve", MODELS, "--port", "0", "--trusted-proxies", f"::1,{entry}"],
                         cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=30)
    assert run.returncode == 1
    assert f"trusted_proxies: '{entry}' is not an address" in run.stderr
