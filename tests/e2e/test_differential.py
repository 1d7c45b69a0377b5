"""Thousands of generated requests, answered alike by Serval and by a real FastAPI (tests/diff/).

A fresh seed each run, which a failure prints: SV_SEED repeats it. SV_DIFF_REQUESTS asks for more than 5,000.
"""

import collections
import os
import random
import sys
import warnings

import pytest

from served import ROOT, serving

sys.path.insert(0, str(ROOT / "tests" / "diff"))
warnings.filterwarnings("ignore", message=".*starlette.testclient.*")
N_REQUESTS = int(os.environ.get("SV_DIFF_REQUESTS") or 5000)
SEED = int(os.environ.get("SV_SEED") or random.randrange(10**9))
SHARES = {"echoes": 0.9, "twin": 0.1}  # of the requests, by application
MANY = 5  # differences that are printed


def describe(request, ours, theirs, what):
    fields = "\n".join(f"  {name}: {value!r}" for name, value in request.fields)
    return (
        f"{what}\n{request.method} {request.target!r}\n{fields}\n  {request.body!r}\n"
        f"Serval  {ours.status} {ours.body!r}\nFastAPI {theirs.status} {theirs.body!r}"
    )


@pytest.mark.timeout(30 + N_REQUESTS // 50)
@pytest.mark.parametrize("name", SHARES)
def test_the_same_answers(name):
    for module in ("fastapi", "multipart", "email_validator"):
        pytest.importorskip(module, reason=f"{module} is missing: tools/deps --test installs it")
    import compare
    import generate
    import rules

    app = __import__(name).app
    generator, model = generate.Generator(app.openapi(), SEED), compare.Model(app)
    n_requests = int(N_REQUESTS * SHARES[name])
    found, explained, routes = [], collections.Counter(), collections.Counter()
    with serving(f"tests/{name}", "--log-level", "off") as served:
        subject = compare.Subject(served.wire)
        for _ in range(n_requests):
            request = generator.request()
            ours, theirs = subject.ask(request), model.ask(request)
            routes[request.route, theirs.status] += 1
            what = compare.differ(ours, theirs)
            if what == compare.ANOTHER_VALUE and "text" in ours.value:
                continue  # which handlers of the twin write in their own ways
            row = what and rules.row_of(request, ours, theirs)
            if row:
                explained[row] += 1
            elif what:
                found.append(describe(request, ours, theirs, what))
    print(f"seed {SEED}: {n_requests} requests to {name}, {sum(explained.values())} answered otherwise as documented")
    assert not found, f"SV_SEED={SEED}: {len(found)} of {n_requests} differ\n\n" + "\n\n".join(found[:MANY])
    assert len({route for route, _ in routes}) == len({operation[:2] for operation in generator.operations})
    assert sum(n for (_, status), n in routes.items() if status == 200) > n_requests / 5, "too few were right"


def test_differences_are_documented():
    import rules

    rows = (ROOT / "docs" / "fastapi-differences.md").read_text()
    assert [row for row in rules.RULES if f"| {row} |" not in rows] == []
