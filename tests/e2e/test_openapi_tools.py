"""What the world's tools say of our OpenAPI documents: validators, linters, a generated client that compiles.

The tools from npm are those of tests/npm; without them (tools/deps --test installs them) their tests skip.
"""
import json
import os
import shutil
import subprocess

import openapi_spec_validator
import pytest

from served import BIN, ROOT, serving

NPM = ROOT / ".deps" / "npm"
RULES = ROOT / "tests" / "npm"
DOCUMENTS = ["twin", "models", "ml_api"]
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
SWAGGER_PARSER = """
import parser from "@apidevtools/swagger-parser";
for (const file of process.argv.slice(1)) await parser.validate(file);
"""


def write_document(name) -> bytes:
    """The document of an application; b"" when it is not built."""
    if name == "models":
        return subprocess.run([BIN / "serval", "openapi", ROOT / "models"], capture_output=True, check=True).stdout
    program = {"twin": "tests/twin", "ml_api": "examples/ml_api"}[name]
    if not (BIN / program).exists():
        return b""
    with serving(program, "--log-level", "off") as served:
        return served.ask("GET", "/openapi.json").body


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Files, by name."""
    folder = tmp_path_factory.mktemp("openapi")
    files = {}
    for name in DOCUMENTS:
        if text := write_document(name):
            files[name] = folder / f"{name}.json"
            files[name].write_bytes(text)
    return files


@pytest.fixture(scope="module")
def run():
    """Runs a program of npm's; it must succeed."""
    if not shutil.which("node"):
        pytest.skip("node is missing: tools/deps --test installs npm, which needs it")
    if not (NPM / "node_modules").is_dir():
        pytest.skip("the packages of tests/npm are missing: tools/deps --test installs them")

    def run(program, *args):
        path = NPM / "node_modules" / ".bin" / program
        command = [path if path.exists() else program, *map(str, args)]
        out = subprocess.run(command, cwd=NPM, env={**os.environ, **QUIET}, capture_output=True, text=True)
        assert out.returncode == 0, out.stdout + out.stderr
        return out.stdout
    return run


@pytest.mark.parametrize("name", DOCUMENTS)
def test_openapi_spec_validator(documents, name):
    if name not in documents:
        pytest.skip(f"{name} is not built")
    openapi_spec_validator.validate(json.loads(documents[name].read_bytes()))


def test_redocly(documents, run):
    run("redocly", "lint", "--config", RULES / "redocly.yaml", "--max-problems", "1000", *documents.values())


def test_spectral(documents, run):
    run("spectral", "lint", "--ruleset", RULES / "spectral.yaml", "--fail-severity", "hint", *documents.values())


def test_swagger_parser(documents, run):
    run("node", "--input-type=module", "-e", SWAGGER_PARSER, *documents.values())


def test_generated_client_compiles(documents, run, tmp_path):
    """Strictly, and with use of it: tests/npm/client.ts. A document that types nothing would fail there."""
    (tmp_path / "node_modules").symlink_to(NPM / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name, file in documents.items():
        run("openapi-typescript", file, "-o", tmp_path / f"{name}.ts")
    shutil.copy(RULES / "client.ts", tmp_path)
    run("tsc", "--noEmit", "--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--target", "es2022",
        "--module", "nodenext", "--skipLibCheck", *sorted(tmp_path.glob("*.ts")))
