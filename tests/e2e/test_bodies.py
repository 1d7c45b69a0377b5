"""JSON bodies and queries that are wrong, deep, huge or no text: the documented 4xx, in time, as strict JSON."""
import json
import time

import pytest

import pictures
from wire import Wire

PREDICT = "/api/v1/predict"
JSON = [("Content-Type", "application/json")]
URI = pictures.data_uri(pictures.SEVEN)


def refuse_constant(name):
    raise AssertionError(f"{name} in an answer")


def ask(served, body, target=PREDICT, fields=JSON):
    """(status, body, seconds)"""
    start = time.monotonic()
    answer = served.ask("POST", target, fields, body)
    return answer.status, json.loads(answer.body, parse_constant=refuse_constant), time.monotonic() - start


WRONG = {
    "no body": (b"", 422, "missing"),
    "no JSON": (b"{", 422, "json_invalid"),
    "trailing comma": (b'{"image_url": "x",}', 422, "json_invalid"),
    "trailing garbage": (b'{"image_url": "x"} x', 422, "json_invalid"),
    "single quotes": (b"{'image_url': 'x'}", 422, "json_invalid"),
    "NaN": (b'{"image_url": NaN}', 422, "json_invalid"),
    "Infinity": (b'{"image_url": -Infinity}', 422, "json_invalid"),
    "no field": (b"{}", 422, "missing"),
    "null": (b'{"image_url": null}', 422, "string_type"),
    "number": (b'{"image_url": 1e999}', 422, None),
    "list": (b"[]", 422, None),
    "text": (b'"x"', 422, None),
    "empty": (b'{"image_url": ""}', 422, "string_too_short"),
    "not UTF-8": (b'{"image_url": "\xff"}', 400, None),
    "overlong": (b'{"image_url": "\xc0\xaf"}', 400, None),
    "surrogate bytes": (b'{"image_url": "\xed\xa0\x80"}', 400, None),
    "lone surrogate": (b'{"image_url": "\\ud800"}', 400, None),
    "UTF-16": ('{"image_url": "x"}'.encode("utf-16"), 400, None),
    "UTF-32": ('{"image_url": "x"}'.encode("utf-32"), 400, None),
    "1001 levels": (b'{"image_url": ' + b"[" * 1001 + b"]" * 1001 + b"}", 400, None),
    "250000 levels": (b"[" * 250_000, 400, None),
    "250000 objects": (b'{"a":' * 250_000, 400, None),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_bodies(digits, name):
    body, status, kind = WRONG[name]
    got, answer, seconds = ask(digits, body)
    assert got == status, answer
    assert answer["error"] == ("INVALID_JSON" if status == 400 else "VALIDATION_ERROR")
    if status == 400:
        assert answer["detail"] == "There was an error parsing the body"
    if kind:
        assert answer["detail"][0]["type"] == kind
    assert seconds < 1
    assert set(answer) >= {"error", "message", "path", "request_id", "detail"} and answer["path"] == PREDICT


@pytest.mark.parametrize("body", [
    b'\xef\xbb\xbf{"image_url": "%s"}' % URI.encode(), b' \n\t{"image_url": "%s"}\r\n ' % URI.encode(),
    b'{"more": [1, {}, null], "image_url": "%s"}' % URI.encode(),
    b'{"image_url": "x", "image_url": "%s"}' % URI.encode(),
    b'{"\\u0069mage_url": "%s"}' % URI.replace("/", "\\/").encode()],
    ids=["BOM", "blanks", "more fields", "twice", "escapes"])
def test_good_bodies(digits, body):
    status, answer, _ = ask(digits, body)
    assert status == 200, answer


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON",
                                  "application/vnd.api+json"])
def test_types_of_json(digits, kind):
    status, answer, _ = ask(digits, json.dumps({"image_url": URI}).encode(), fields=[("Content-Type", kind)])
    assert status == 200, answer


def test_many_errors_are_cut(digits):
    """A client cannot make the answer much larger than its request."""
    _, answer, _ = ask(digits, b'{"image_url": [' + b"1," * 100_000 + b"1]}")
    assert len(json.dumps(answer)) < 10_000
    assert answer["detail"][0]["input"].endswith("…")


@pytest.mark.parametrize("query", ["&".join(f"a{number}={number}" for number in range(500)), "&" * 5000,
                                   "model_version=" + "x" * 5000, "top_k=" + "9" * 5000, "%" * 3000, "top_k=%00", "top_k=%ff",
                                   "=" * 5000, "top_k=1&top_k=2"],
                         ids=["500 parameters", "ampersands", "long version", "long number", "percent", "NUL", "no UTF-8",
                              "equals", "twice"])
def test_odd_queries(digits, query):
    status, answer, seconds = ask(digits, pictures.SEVEN, f"{PREDICT}?{query}", [("Content-Type", "image/png")])
    assert status in (200, 404, 422), answer
    assert seconds < 0.5


def test_10000_parameters(digits):
    query = "&".join(f"a{number}={number}" for number in range(10_000))
    with Wire(("127.0.0.1", digits.port)) as wire:
        wire.send_what_is_taken(f"POST {PREDICT}?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer, = wire.until_closed()
        assert answer.status == 414 and json.loads(answer.body)["error"] == "URI_TOO_LONG"


def test_the_largest_address(digits):
    """10 MiB is the limit of the body and of the field: the body's comes first."""
    answer = digits.ask("POST", PREDICT, JSON, b'{"image_url": "' + b"x" * (10 << 20) + b'"}')
    assert answer.status == 413
    status, answer, seconds = ask(digits, b'{"image_url": "data:image/png;base64,' + b"A" * (9 << 20) + b'"}')
    assert status == 400 and seconds < 2, answer
