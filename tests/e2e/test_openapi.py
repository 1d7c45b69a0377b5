"""The OpenAPI document of tests/diff/twin/ is the one that FastAPI writes of tests/diff/twin.py.

What may differ is DIFFERENCES, nothing else; each is a row of docs/fastapi-differences.md.
"""
import importlib.util
import json
import subprocess
import sys

import pytest

from served import ROOT, serving

TWIN = ROOT / "tests" / "diff" / "twin.py"


def operations(document):
    """Every operation with its place."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def drop_errors(serval, fastapi):
    """FastAPI tells of no error but 422. Ours that its own document has stay."""
    theirs = dict(operations(fastapi))
    for place, operation in operations(serval):
        responses = operation["responses"]
        for status in [s for s in responses if s >= "400" and s not in theirs[place]["responses"]]:
            schema = responses.pop(status)["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorResponse"}, (place, status)
    del serval["components"]["schemas"]["ErrorResponse"]


def drop_assumptions(serval, _):
    """What a document without them means."""
    assert serval.pop("servers") == [{"url": "/"}] and serval.pop("security") == []


def name_event_streams(_, fastapi):
    """OpenAPI 3.1 has no `itemSchema`; an array of the items means the same."""
    for _, operation in operations(fastapi):
        for response in operation["responses"].values():
            for media in response.get("content", {}).values():
                if "itemSchema" in media:
                    media["schema"] = {"type": "array", "items": media.pop("itemSchema")}


def join_inputs_and_outputs(_, fastapi):
    """X-Input and X-Output become X, in places where they are the same."""
    schemas = fastapi["components"]["schemas"]
    for name in [name.removesuffix("-Input") for name in schemas if name.endswith("-Input")]:
        schemas[name] = schemas.pop(f"{name}-Input")
        del schemas[f"{name}-Output"]
    text = json.dumps(fastapi).replace('-Input"', '"').replace('-Output"', '"')
    fastapi.clear()
    fastapi.update(json.loads(text))


# The first column of the row in docs/fastapi-differences.md -> what makes the documents alike.
DIFFERENCES = {
    "OpenAPI tells of no error but 422": drop_errors,
    "OpenAPI without `servers`, and without `security` of the whole": drop_assumptions,
    "OpenAPI describes events by `itemSchema`, a keyword of OpenAPI 3.2": name_event_streams,
    "recursive models become `X-Input` and `X-Output`": join_inputs_and_outputs,
}


def differences(ours, theirs, at=""):
    """Where two documents differ; the order of members does not count, that of lists does."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            if key not in ours:
                yield f"{at}/{key}: missing: {json.dumps(theirs[key])}"
            elif key not in theirs:
                yield f"{at}/{key}: too much: {json.dumps(ours[key])}"
            else:
                yield from differences(ours[key], theirs[key], f"{at}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, pair in enumerate(zip(ours, theirs)):
            yield from differences(*pair, f"{at}/{i}")
    elif isinstance(ours, bool) is not isinstance(theirs, bool) or ours != theirs:
        yield f"{at}: {json.dumps(ours)} instead of {json.dumps(theirs)}"


@pytest.fixture(scope="module")
def serval():
    with serving("tests/twin", "--log-level", "off") as served:
        return json.loads(served.ask("GET", "/openapi.json").body)


@pytest.fixture(scope="module")
def fastapi():
    if not importlib.util.find_spec("fastapi"):
        pytest.skip("FastAPI is missing: tools/deps --test installs it")
    program = "import json, twin; print(json.dumps(twin.app.openapi()))"
    out = subprocess.run([sys.executable, "-c", program], cwd=TWIN.parent, capture_output=True, text=True, check=True,
                         env={"PYTHONDONTWRITEBYTECODE": "1"})
    return json.loads(out.stdout)


def test_the_same_document(serval, fastapi):
    for make_alike in DIFFERENCES.values():
        make_alike(serval, fastapi)
    found = list(differences(serval, fastapi))
    assert not found, "\n".join(found)


def test_order_of_paths_and_components(serval, fastapi):
    assert list(serval["paths"]) == list(fastapi["paths"])
    names = list(serval["components"]["schemas"])
    assert names == sorted(names)


@pytest.mark.parametrize("what", DIFFERENCES)
def test_differences_are_documented(what):
    assert f"| {what} |" in (ROOT / "docs" / "fastapi-differences.md").read_text()
