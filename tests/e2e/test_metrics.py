"""/metrics, and that what it counts is so."""

import gzip
import math
import re

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as prometheus

import pictures
from served import ROOT, serving, wait_until
from wire import request

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? (\S+)')
PROMETHEUS = ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
              "text/plain;version=0.0.4;q=0.2,*/*;q=0.1")


@pytest.fixture
def fresh():
    """A server that nobody has asked yet."""
    with serving("serval", "serve", ROOT / "models") as server:
        yield server


def requests_total(server):
    """http_requests_total: {(handler, method, status): count}."""
    return {tuple(re.findall(r'"([^"]*)"', name)): value for name, value in server.metrics().items()
            if name.startswith("http_requests_total{")}


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html;q=0.1", PROMETHEUS])
def test_type_is_exact_and_never_406(digits, accept):
    answer = digits.ask("GET", "/metrics", [("Accept", accept)] if accept else [])
    assert answer.status == 200
    if "openmetrics" not in answer["Content-Type"]:
        assert answer["Content-Type"] == TYPE


OPEN_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize("accept, kind", [
    (PROMETHEUS, OPEN_TYPE), ("application/openmetrics-text", OPEN_TYPE),
    ("application/openmetrics-text;version=0.0.1", TYPE),
    ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.5", TYPE),
    ("text/plain;q=0,application/openmetrics-text;q=0.1", OPEN_TYPE),
    ("application/openmetrics-text;q=0", TYPE), ("text/*,application/openmetrics-text;q=0.9", TYPE),
    ("application/openmetrics-text;q=x", TYPE), (";,=;q", TYPE)])
def test_the_better_liked_format_is_sent(digits, accept, kind):
    answer = digits.ask("GET", "/metrics", [("Accept", accept)])
    assert (answer.status, answer["Content-Type"]) == (200, kind)
    assert answer.body.endswith(b"\n# EOF\n") == (kind == OPEN_TYPE)


def test_gzip_when_asked(digits):
    answer = digits.ask("GET", "/metrics", [("Accept-Encoding", "gzip")])
    assert answer["Content-Encoding"] == "gzip" and "Accept-Encoding" in answer["Vary"]
    assert b"# TYPE http_requests_total counter\n" in gzip.decompress(answer.body)
    assert digits.ask("GET", "/metrics", [("Accept-Encoding", "gzip;q=0")]).get("Content-Encoding") is None


def parsed(server, accept=None):
    """{family: (kind, {(sample, labels): value})}, as Prometheus' own client reads it: it adds _total to counters of
    the text format, which is taken off again."""
    body = server.ask("GET", "/metrics", [("Accept", accept)] if accept else []).body.decode()
    reader = openmetrics if accept else prometheus
    return {family.name: (family.type, {(sample.name.removesuffix("_total"), tuple(sorted(sample.labels.items()))):
                                        sample.value for sample in family.samples})
            for family in reader.text_string_to_metric_families(body)}


@pytest.mark.parametrize("accept", [None, "application/openmetrics-text;version=1.0.0"])
def test_the_real_parser_reads_it(fresh, accept):
    image = [("Content-Type", "image/png")]
    for body in [pictures.SEVEN] * 3 + [b"no picture"]:
        fresh.ask("POST", "/api/v1/predict", image, body)
    families = parsed(fresh, accept)
    digits = (("model", "digits"), ("version", "2"))
    unknown = "unknown" if accept else "counter"
    for name, value in {"request_success": 3, "count": 3, "exec_count": 3}.items():
        assert families[f"nv_inference_{name}"] == (unknown, {
            (f"nv_inference_{name}", (("model", "digits"), ("version", version))): value * (version == "2")
            for version in ("1", "2")} | {sample: 0 for sample in families[f"nv_inference_{name}"][1]
                                          if dict(sample[1])["model"] != "digits"})
    failures = families["nv_inference_request_failure"][1]
    assert {dict(labels)["reason"]: value for (_, labels), value in failures.items()
            if labels[0] + labels[2] == digits[0] + digits[1]} == {
                "REJECTED": 0, "CANCELED": 0, "BACKEND": 0, "OTHER": 1}
    for name in ("request", "queue", "compute_input", "compute_infer", "compute_output"):
        assert len(families[f"nv_inference_{name}_duration_us"][1]) == len(families["nv_inference_count"][1])
    batches = families["serval_batch_size"]
    assert batches[0] == "histogram" and batches[1][("serval_batch_size_sum", digits)] == 3
    assert [dict(labels)["le"] for name, labels in batches[1] if name.endswith("_bucket")
            and set(digits) <= set(labels)] == ["1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "64.0", "128.0", "+Inf"]
    times = families["serval_compute_duration_seconds"][1]
    assert times[("serval_compute_duration_seconds_count", digits)] == 4
    assert families["nv_inference_pending_request_count"][1][("nv_inference_pending_request_count", digits)] == 0
    assert families["http_requests"][0] == "counter"
    assert all(math.isfinite(value) for kind, samples in families.values() for value in samples.values())


def test_without_the_names_of_triton():
    with serving("serval", "serve", ROOT / "models", env={"SERVAL_METRICS_TRITON": "false"}) as server:
        assert not any(name.startswith("nv_") for name in parsed(server))


def test_head_and_post(digits):
    answer = digits.ask("HEAD", "/metrics")
    assert (answer.status, answer["Content-Type"], answer.body) == (200, TYPE, b"")
    answer = digits.ask("POST", "/metrics")
    assert answer.status == 405 and "GET" in answer["Allow"]


def family_of(name, types):
    """The name that HELP and TYPE of a sample stand under."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and types.get(name.removesuffix(suffix)) in ("histogram", "summary"):
            return name.removesuffix(suffix)
    return name


def test_text_is_well_formed(digits):
    text = digits.ask("GET", "/metrics").body.decode()
    assert text.endswith("\n") and "\r" not in text
    helps, types, families, seen = {}, {}, [], set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert name not in helps and words
            helps[name] = words
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types and kind in ("counter", "gauge", "histogram", "summary")
            types[name] = kind
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert (name, labels) not in seen
            seen.add((name, labels))
            float(value)
            families.append(family_of(name, types))
    assert set(families) <= set(helps) and set(helps) == set(types)
    # All samples of one family stand together.
    assert sum(1 for before, name in zip([None, *families], families) if before != name) == len(set(families))


def test_histograms_add_up(digits):
    digits.ask("GET", "/health")
    samples = digits.metrics()
    total = samples["http_request_duration_highr_seconds_count"]
    buckets = [(float(re.search(r'le="([^"]+)"', name)[1]), value) for name, value in samples.items()
               if name.startswith("http_request_duration_highr_seconds_bucket")]
    assert [edge for edge, _ in buckets] == sorted(edge for edge, _ in buckets)
    assert [count for _, count in buckets] == sorted(count for _, count in buckets)
    assert buckets[-1] == (float("inf"), total)


def test_every_documented_family_is_there(digits):
    names = re.findall(r"^\| `(\w+)`", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    text = digits.ask("GET", "/metrics").body.decode()
    assert len(names) >= 15
    assert [name for name in names if f"# TYPE {name} " not in text] == []


def test_every_answer_is_counted_once(fresh):
    image = [("Content-Type", "image/png")]
    with fresh.wire() as wire:
        for count, (method, path, fields, body) in {
                3: ("GET", "/health", [], None), 4: ("HEAD", "/health", [], None),
                5: ("POST", "/api/v1/predict", image, pictures.SEVEN),
                6: ("POST", "/api/v1/predict", image, b"no picture"),
                7: ("POST", "/api/v1/predict", [], b"no type"),
                2: ("GET", "/nowhere", [], None), 8: ("DELETE", "/health", [], None)}.items():
            for _ in range(count):
                wire.ask(method, path, fields, body)
    with fresh.wire() as wire:
        wire.send(b"GET / HTTP/1.1\r\n\r\n")
        wire.until_closed()
    counts = requests_total(fresh)
    assert counts[("/health", "GET", "2xx")] == 3
    assert counts[("/health", "HEAD", "2xx")] == 4
    assert counts[("/api/v1/predict", "POST", "2xx")] == 5
    assert counts[("/api/v1/predict", "POST", "4xx")] == 13
    assert sum(value for (_, _, status), value in counts.items() if status == "4xx") == 13 + 2 + 8 + 1
    assert sum(counts.values()) == 3 + 4 + 5 + 13 + 2 + 8 + 1
    samples = fresh.metrics()
    assert samples["http_request_duration_highr_seconds_count"] == sum(counts.values()) + 1
    assert samples['serval_compute_duration_seconds_count{model="digits",version="2"}'] >= 5


def ask_made_up(server, numbers):
    """Requests for things that nobody has."""
    image = [("Content-Type", "image/png")]
    for number in numbers:
        with server.wire() as wire:
            wire.ask("GET", f"/made-up/{number}")
            wire.ask("POST", f"/made-up/{number}", image, b"x")
            wire.ask("POST", f"/api/v1/predict?model=made-up-{number}", image, b"x")
            wire.ask("POST", f"/api/v1/predict?model_version=made-up-{number}", image, b"x")
            wire.ask(f"MADEUP{number}", "/health")


def test_made_up_names_add_no_series(fresh):
    ask_made_up(fresh, range(1))
    fresh.metrics()
    before = set(fresh.metrics())
    ask_made_up(fresh, range(1, 50))
    after = set(fresh.metrics())
    assert after == before
    assert "made" not in " ".join(after).lower()


def test_in_progress_is_back_after_aborted_clients(fresh):
    halves = [b"GET /health HT", request("POST", "/api/v1/predict", [("Content-Type", "image/png")], b"x" * 99)[:-50],
              request("GET", "/health"), request("POST", "/api/v1/predict", [("Content-Type", "image/png")],
                                                 pictures.SEVEN)]
    for number in range(1500):
        with fresh.wire() as wire:
            wire.send(halves[number % len(halves)])
    wait_until(lambda: fresh.metrics()["http_requests_inprogress"] == 1)  # the scrape itself
    wait_until(lambda: fresh.metrics()['serval_connections{state="idle"}'] == 0)
    assert fresh.metrics()['serval_connections{state="active"}'] == 1
