"""Every small example does what its first comment shows."""
import re
import shlex
import subprocess

import pytest

import console
from served import BIN, ROOT, environment, serving

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/main.c")
                  if "\n *   $ build/examples/" in path.read_text())
STRICT = ["-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-missing-field-initializers"]


def session_of(name: str) -> list:
    """The commands of the first comment."""
    comment = re.match(r"/\*(.*?)\*/", (ROOT / "examples" / name / "main.c").read_text(), re.S)[1]
    lines = [line.removeprefix(" *").removeprefix("   ") for line in comment.splitlines()]
    return console.commands_of("\n".join(lines[next(i for i, line in enumerate(lines) if line[:2] == "$ "):]))


def test_there_are_examples():
    assert {"hello", "parameters", "nested", "forms_and_files", "streaming", "background", "dependencies",
            "testing"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_comment_is_true(name):
    program = f"build/examples/{name}"
    asked = 0
    with serving(f"examples/{name}", "--log-level", "off") as served:
        for command, wanted in session_of(name):
            if command == program:
                continue
            if command.startswith(program):
                run = subprocess.run([BIN / "examples" / name, *shlex.split(command)[1:]], capture_output=True,
                                     text=True, env=environment(), timeout=60, check=True)
                assert console.says(run.stdout, wanted)
            else:
                console.check(command, wanted, served.url, ROOT)
            asked += 1
    assert asked


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_code_is_small_and_without_warnings(name):
    path = ROOT / "examples" / name / "main.c"
    assert len(path.read_text().splitlines()) <= 80
    assert set(re.findall(r"#include <(serval/.*)>", path.read_text())) == {"serval/serval.h"}
    out = subprocess.run(["cc", *STRICT, "-I", ROOT / "include", "-fsyntax-only", path], capture_output=True,
                         text=True, check=False)
    assert not out.returncode and not out.stderr, out.stderr
