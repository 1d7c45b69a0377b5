"""model.yaml: what `serval models` prints, written beside the model, gives the same answers, for every task; `serval
check` finds what `serve` would refuse; every mistake has its file and line."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

import pictures
from served import BIN, ROOT, environment, serving

BGE = "embed/bge-m2v-64"


def run(*args, cwd=None):
    return subprocess.run([BIN / "serval", *map(str, args)], cwd=cwd, env=environment(), capture_output=True, text=True,
                          timeout=120)


def link(source: pathlib.Path, target: pathlib.Path, manifest=None):
    """The model without its manifest, or with this one."""
    for path in source.rglob("*"):
        if path.is_file() and path.name != "model.yaml":
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path)
    if manifest is not None:
        (target / "model.yaml").write_text(manifest)
    return target


def told(*args) -> dict:
    """The only model of `serval models --json`."""
    done = run("models", *args, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (model,) = json.loads(done.stdout)["models"]
    return model


def strip(answer: dict) -> dict:
    return {key: value for key, value in answer.items() if key != "inference_time_ms"}


def answer(model: pathlib.Path, ask) -> dict:
    with serving("serval", "serve", model, "--log-level", "off") as served, served.client() as client:
        reply = ask(client, model.name)
    assert reply.status_code == 200, reply.text
    return strip(reply.json())


def ask_picture(client, name):
    return client.post(f"/api/v1/models/{name}/predict", content=pictures.SEVEN, headers={"Content-Type": "image/png"})


def ask_vectors(client, _):
    return client.post("/embed", json={"text": ["a cat", "the dog"]})


def ask_classes(client, name):
    return client.post(f"/api/v1/models/{name}/predict", json={"text": ["a cat", "the dog"]})


def ask_rows(client, name):
    return client.post(f"/api/v1/models/{name}/predict", json={"rows": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]})


def ask_tensors(client, name):
    rows = [[float(i * k) for i in range(16)] for k in range(2)]
    return client.post(f"/api/v1/models/{name}/predict", json={"inputs": {"INPUT0": rows}})


CASES = {
    "image-classification": (ROOT / "models" / "digits", None, ask_picture),
    "text-embedding": (ROOT / "models" / "embedder", "preprocess: {tokenizer: hashed-ngrams}\ntask: text-embedding\n",
                       ask_vectors),
    "tokens": (BGE, None, ask_vectors),
    "text-classification": (BGE, "task: text-classification\npostprocess: {top_k: 2}\n", ask_classes),
    "tabular": ("tabular/iris", "preprocess: {columns: [sl, sw, pl, pw]}\n", ask_rows),
    "tensor": ("synthetic/identity_fp32", "task: tensor\n", ask_tensors),
}


@pytest.mark.parametrize("case", CASES)
def test_the_printed_manifest_changes_nothing(case, shared, tmp_path):
    source, given, ask = CASES[case]
    source = source if isinstance(source, pathlib.Path) else shared / "models" / source
    if not source.is_dir():
        pytest.skip(f"no {source.name} in ../shared")
    model = link(source, tmp_path / "m" / source.name, given)
    if case == "text-classification":  # by its scores, which version 1 has not
        shutil.rmtree(model / "1")
    before, first = answer(model, ask), told(model)
    assert yaml.safe_load(first["manifest"])["task"] == (case if case != "tokens" else "text-embedding")
    (model / "model.yaml").write_text(first["manifest"])
    assert told(model)["manifest"] == first["manifest"]
    assert answer(model, ask) == before
    assert run("check", model).returncode == 0


def test_json_tells_all(tmp_path):
    model = told(ROOT / "models" / "digits")
    assert model["name"] == "digits" and model["default_version"] == "2"
    assert [version["version"] for version in model["versions"]] == ["1", "2"]
    for version in model["versions"]:
        assert version["state"] == "ready" and version["task"] == "image-classification"
        assert version["engine"] == "onnxruntime" and version["memory_bytes"] > 0 and version["load_ms"] >= 0
        assert version["reasons"] and os.path.samefile(version["labels"], ROOT / "models" / "digits" / "labels.txt")
        assert version["tokenizer"] is None and version["file"].endswith("model.onnx")
        assert version["inputs"][0]["datatype"] == "FP32" and version["inputs"][0]["shape"] == [-1, 1, 28, 28]
        assert version["outputs"][0]["shape"] == [-1, 10]


MISTAKES = """\
task: dance
versions:
  defualt: 2
  serve: some
  sticky: X-User
preprocess:
  mean: [1, 2, 3, 4]
batching:
  max_delay: 2s
engine: {threads: many}
warm_up: {budget: soon}
laod: lazy
"""


@pytest.mark.parametrize("command", ["check", "models", "serve"])
def test_every_mistake_has_its_line(command, tmp_path):
    link(ROOT / "models" / "digits", tmp_path / "digits", MISTAKES)
    done = run(command, "digits", "--set", "digits.load=later", *(("--port", "0") if command == "serve" else ()),
               cwd=tmp_path)
    assert done.returncode == 1
    for line in ("digits/model.yaml:1: task: Input should be ", "digits/model.yaml:3: versions.defualt: ",
                 "did you mean 'default'?", "digits/model.yaml:4: versions.serve: ",
                 "digits/model.yaml:5: versions.sticky: ", "digits/model.yaml:7: preprocess.mean: ",
                 "digits/model.yaml:9: batching.max_delay: ", "digits/model.yaml:10: engine.threads: ",
                 "digits/model.yaml:11: warm_up.budget: ", "digits/model.yaml:12: laod: ", "did you mean 'load'?",
                 "--set: load: "):
        assert line in done.stderr, done.stderr


@pytest.mark.parametrize("manifest, args, words", [
    ("provider: openai\nbase_url: https://example.com\n", (), "model.yaml:1: provider: a relay has no model file"),
    ("versions:\n  default: 7\n", (), "versions.default: there is no version '7'"),
    ("a: [\n", (), "model.yaml:2: "),
    ("load: lazy\nload: eager\n", (), "model.yaml:2: load is given twice, first on line 1"),
    ("", ("--set", "digit.load=lazy"), "there is no model 'digit'; did you mean 'digits'?"),
    ("", ("--set", "digits.load"), "--set digits.load: expected MODEL.KEY=VALUE"),
])
def test_what_check_finds(manifest, args, words, tmp_path):
    link(ROOT / "models" / "digits", tmp_path / "digits", manifest)
    done = run("check", "digits", *args, cwd=tmp_path)
    assert done.returncode == 1 and words in done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("manifest, words", [
    ("provider: openai\nbase_url: https://example.com/v1\n", None),
    ("load: lazy\n", "model.yaml: there is no model file here; a relay, which needs none, says provider: openai"),
    ("provider: openai\n", "model.yaml:1: provider: a relay needs base_url"),
    ("provider: openai\nbase_url: ftp://example.com\n", "model.yaml:2: base_url: "),
    ("provider: openai\nbase_url: https://example.com\napi_key: env:NO_SUCH_KEY\n",
     "model.yaml:3: api_key: the environment variable NO_SUCH_KEY is not set"),
])
def test_a_relay_has_no_model_file(manifest, words, tmp_path):
    (tmp_path / "models" / "chat").mkdir(parents=True)
    (tmp_path / "models" / "chat" / "model.yaml").write_text(manifest)
    done = run("check", "models", cwd=tmp_path)
    assert done.returncode == (1 if words else 0) and (words or "") in done.stderr, done.stdout + done.stderr


def test_check_lists_every_version(tmp_path):
    link(ROOT / "models" / "digits", tmp_path / "digits", "")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    done = run("check", "digits", "bad.onnx", cwd=tmp_path)
    assert done.returncode == 1
    assert "FAILED bad version 1: " in done.stdout
    assert "ok     digits version 1\n" in done.stdout and "ok     digits version 2\n" in done.stdout
