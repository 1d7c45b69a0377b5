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
EXAMPLES = sorted(main.parent.name for main in (ROOT / "examples").glob("*/main.c")
                  if "no_pages" not in main.read_text())
DOCUMENTS = ["twin", "models", *EXAMPLES]
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
SWAGGER_PARSER = """
import parser from "@apidevtools/swagger-parser";
for (const file of process.argv.slice(1)) await parser.validate(file);
"""
# As its program does, but of all documents at once: each file gets a `.ts` beside it.
OPENAPI_TYPESCRIPT = """
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import generate, { astToString } from "openapi-typescript";
for (const file of process.argv.slice(1))
  await writeFile(file.replace(/json$/, "ts"), astToString(await generate(pathToFileURL(file))));
"""


def write_document(name) -> bytes:
    """The document of an application."""
    if name == "models":
        return subprocess.run([BIN / "serval", "openapi", ROOT / "models"], capture_output=True, check=True).stdout
    with serving("tests/twin" if name == "twin" else f"examples/{name}", "--log-level", "off") as served:
        return served.ask("GET", "/openapi.json").body


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Files, by name."""
    folder = tmp_path_factory.mktemp("openapi")
    files = {name: folder / f"{name}.json" for name in DOCUMENTS}
    for name, file in files.items():
        file.write_bytes(write_document(name))
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
    openapi_spec_validator.validate(json.loads(documents[name].read_bytes()))


def test_redocly(documents, run):
    run("redocly", "lint", "--config", RULES / "redocly.yaml", "--max-problems", "1000", *documents.values())


def test_spectral(documents, run):
    run("spectral", "lint", "--ruleset", RULES / "spectral.yaml", "--fail-severity", "hint", *documents.values())


def test_swagger_parser(documents, run):
    run("node", "--input-type=module", "-e", SWAGGER_PARSER, *documents.values())


def test_generated_client_compiles(documents, run):
    """Strictly, and with use of it: tests/npm/client.ts. A document that types nothing would fail there."""
    folder = documents["twin"].parent
    (folder / "node_modules").symlink_to(NPM / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    run("node", "--input-type=module", "-e", OPENAPI_TYPESCRIPT, *documents.values())
    shutil.copy(RULES / "client.ts", folder)
    run("tsc", "--noEmit", "--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--target", "es2022",
        "--module", "nodenext", "--skipLibCheck", *sorted(folder.glob("*.ts")))
