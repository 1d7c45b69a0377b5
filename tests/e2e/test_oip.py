"""The Open Inference Protocol below /v2: with the client that people use (tritonclient), and byte by byte."""
import asyncio
import gzip
import json
import shutil
import struct
import threading
import zlib

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

from served import ROOT, SHARED, serving, wait_until

SYNTHETIC = SHARED / "models" / "synthetic"


def expected_cases():
    """What other programs got from the synthetic models: (model, version, case)."""
    path = SYNTHETIC / "EXPECTED.json"
    models = json.loads(path.read_text(encoding="utf-8"))["models"] if path.is_file() else {}
    for name, model in models.items():
        for number, case in enumerate(model.get("cases", [])):
            is_whole = case["inputs"] and all("data" in one for one in case["inputs"] + case.get("outputs", []))
            if is_whole and name not in ("burn_cpu", "huge_output"):
                yield pytest.param(name, str(case.get("version", 1)), case, id=f"{name}-{number}")


@pytest.fixture(scope="module")
def synthetic():
    """All synthetic models but those that no engine loads."""
    if not SYNTHETIC.is_dir():
        pytest.skip(f"no {SYNTHETIC} beside this clone")
    folders = sorted(path for path in SYNTHETIC.iterdir() if (path / "1").is_dir())
    with serving("serval", "serve", *folders) as server:
        yield server


@pytest.fixture(scope="module")
def client(digits):
    with triton.InferenceServerClient(f"127.0.0.1:{digits.port}") as made:
        yield made


@pytest.fixture(scope="module")
def zoo(synthetic):
    with triton.InferenceServerClient(f"127.0.0.1:{synthetic.port}", concurrency=4) as made:
        yield made


def array_of(tensor) -> np.ndarray:
    """The array of a tensor in JSON."""
    kind, data = tensor["datatype"], tensor["data"]
    if kind == "BYTES":
        values = np.array([str(text).encode() for text in data], dtype=object)
    else:
        values = np.array([float(x) if isinstance(x, str) else x for x in data], dtype=triton_to_np_dtype(kind))
    return values.reshape(tensor["shape"])


def as_input(tensor, binary=True) -> triton.InferInput:
    made = triton.InferInput(tensor["name"], tensor["shape"], tensor["datatype"])
    made.set_data_from_numpy(array_of(tensor), binary_data=binary)
    return made


def assert_same(result, wanted):
    for tensor in wanted:
        got, array = result.as_numpy(tensor["name"]), array_of(tensor)
        assert result.get_output(tensor["name"])["datatype"] == tensor["datatype"]
        assert got.shape == array.shape
        if tensor["datatype"] == "BYTES":
            assert [x if isinstance(x, bytes) else x.encode() for x in got.ravel()] == list(array.ravel())
        elif array.dtype.kind == "f":
            np.testing.assert_allclose(got, array, rtol=1e-3 if array.dtype.itemsize == 2 else 1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(got, array)


# The client.

def test_health_and_metadata(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("digits") and client.is_model_ready("digits", "1")
    assert not client.is_model_ready("nobody")
    server = client.get_server_metadata()
    assert server["name"] == "serval" and "binary_tensor_data" in server["extensions"]
    model = client.get_model_metadata("digits")
    assert list(model) == ["name", "versions", "platform", "inputs", "outputs"]
    assert model["versions"] == ["1", "2"] and model["platform"] == "onnxruntime_onnx"
    assert model["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, 1, 28, 28]}]
    assert client.get_model_metadata("digits", "2")["versions"] == ["2"]
    config = client.get_model_config("digits")
    assert config["input"] == [{"name": "image", "data_type": "TYPE_FP32", "dims": [-1, 1, 28, 28]}]


def test_repository(client):
    index = client.get_model_repository_index()
    assert {"name": "digits", "version": "1", "state": "READY"} in index
    client.load_model("digits")
    for name in ("nobody", "..", "%2e%2e"):
        with pytest.raises(InferenceServerException):
            client.load_model(name)
        with pytest.raises(InferenceServerException):
            client.unload_model(name)
    with pytest.raises(InferenceServerException, match="not supported"):
        client.load_model("digits", config="{}", files={"file:1/model.onnx": b"x"})


def a_picture(module):
    image = module.InferInput("image", [1, 1, 28, 28], "FP32")
    image.set_data_from_numpy(np.zeros((1, 1, 28, 28), np.float32))
    return image


def states_of(index):
    return [(one["version"], one.get("state"), one.get("reason")) for one in index if one["name"] == "digits"]


def test_load_and_unload(tmp_path):
    """Done when it is answered."""
    shutil.copytree(ROOT / "models" / "digits", tmp_path / "digits")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with serving("serval", "serve", tmp_path / "digits", tmp_path / "bad.onnx") as server, \
            triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        for _ in range(3):
            client.unload_model("digits", unload_dependents=True)
            assert not client.is_model_ready("digits") and not client.is_server_ready()
            assert states_of(client.get_model_repository_index()) == [
                ("1", "UNAVAILABLE", "unloaded"), ("2", "UNAVAILABLE", "unloaded")]
            with pytest.raises(InferenceServerException, match="is not at ready state"):
                client.infer("digits", [a_picture(triton)])
            client.load_model("digits")
            assert client.is_model_ready("digits") and client.is_model_ready("digits", "1")
            assert states_of(client.get_model_repository_index()) == [("1", "READY", None), ("2", "READY", None)]
            assert client.infer("digits", [a_picture(triton)]).as_numpy("logits").shape == (1, 10)
        with pytest.raises(InferenceServerException, match="failed to load 'bad', no version is available: "):
            client.load_model("bad")
        bad = next(one for one in client.get_model_repository_index() if one["name"] == "bad")
        assert bad["state"] == "UNAVAILABLE" and bad["reason"]
        assert not any(one["name"] == "bad" for one in json.loads(
            server.ask("POST", "/v2/repository/index", (), b'{"ready":true}').body))


def test_asyncio_load_and_unload(tmp_path):
    """Requests that come while it is unloaded are refused, all others answered."""
    shutil.copytree(ROOT / "models" / "digits", tmp_path / "digits")

    async def ask(client):
        try:
            return (await client.infer("digits", [a_picture(triton_aio)])).as_numpy("logits").shape
        except InferenceServerException as error:
            return str(error)

    async def run(port):
        async with triton_aio.InferenceServerClient(f"127.0.0.1:{port}") as client:
            await client.unload_model("digits")
            loading = asyncio.ensure_future(client.load_model("digits"))
            answers = await asyncio.gather(*(ask(client) for _ in range(20)))
            await loading
            return answers, await client.is_model_ready("digits"), await ask(client)

    with serving("serval", "serve", tmp_path / "digits") as server:
        answers, is_ready, last = asyncio.run(run(server.port))
        assert is_ready and last == (1, 10)
        assert all(one == (1, 10) or "is not at ready state" in one for one in answers), answers


def test_a_lazy_model(tmp_path):
    """Whoever asks for it first loads it, also for what it says of itself."""
    for name in ("one", "two"):
        shutil.copytree(ROOT / "models" / "digits", tmp_path / name)
        (tmp_path / name / "model.yaml").write_text("load: lazy\n")
    with serving("serval", "serve", tmp_path) as server, \
            triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        assert {"name": "one"} in client.get_model_repository_index()
        assert client.is_server_ready() and client.is_model_ready("one")
        assert client.infer("one", [a_picture(triton)]).as_numpy("logits").shape == (1, 10)
        assert client.get_model_metadata("two")["inputs"][0]["name"] == "image"
        assert client.get_model_config("two")["max_batch_size"] == 0


def test_priority(client):
    for priority in range(5):
        assert client.infer("digits", [a_picture(triton)], priority=priority, timeout=10**7)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("name, version, case", list(expected_cases()))
def test_models_of_every_datatype(zoo, name, version, case, binary):
    inputs, outputs = case["inputs"], case.get("outputs", [])
    if not binary and any(one["datatype"] in ("FP16", "BF16") for one in inputs):
        # numpy's halves cannot be made JSON by the client
        pytest.skip("FP16 goes as binary only")
    asked = [triton.InferRequestedOutput(one["name"], binary_data=binary) for one in outputs]
    special = any(isinstance(x, str) for one in outputs if one["datatype"] != "BYTES" for x in one["data"])

    def infer():
        return zoo.infer(name, [as_input(one, binary) for one in inputs], model_version=version,
                         outputs=asked or None)
    if case.get("fails"):
        with pytest.raises(InferenceServerException):
            infer()
    elif special and not binary:
        with pytest.raises(InferenceServerException, match="JSON cannot carry"):
            infer()
    else:
        assert_same(infer(), outputs)


@pytest.mark.parametrize("answer", [None, "gzip", "deflate"])
@pytest.mark.parametrize("asking", [None, "gzip", "deflate"])
def test_compression(client, asking, answer):
    image = triton.InferInput("image", [2, 1, 28, 28], "FP32")
    image.set_data_from_numpy(np.zeros((2, 1, 28, 28), np.float32))
    plain = client.infer("digits", [image])
    result = client.infer("digits", [image], request_compression_algorithm=asking,
                          response_compression_algorithm=answer)
    np.testing.assert_array_equal(result.as_numpy("logits"), plain.as_numpy("logits"))


def test_asynchronous_and_ids(zoo):
    one = {"name": "INPUT0", "datatype": "FP32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, 6]}
    waiting = [zoo.async_infer("onnx_zero_1_float32", [as_input(one)], request_id=f"é{i}") for i in range(8)]
    for i, request in enumerate(waiting):
        result = request.get_result()
        assert result.get_response()["id"] == f"é{i}"
        np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), array_of(one))


def test_asyncio(digits):
    async def ask():
        async with triton_aio.InferenceServerClient(f"127.0.0.1:{digits.port}") as client:
            image = triton_aio.InferInput("image", [1, 1, 28, 28], "FP32")
            image.set_data_from_numpy(np.zeros((1, 1, 28, 28), np.float32), binary_data=False)
            result = await client.infer("digits", [image], request_compression_algorithm="gzip")
            return await client.is_server_ready(), result.as_numpy("logits").shape
    assert asyncio.run(ask()) == (True, (1, 10))


def test_classification(client):
    image = triton.InferInput("image", [2, 1, 28, 28], "FP32")
    image.set_data_from_numpy(np.random.default_rng(1).random((2, 1, 28, 28), np.float32))
    logits = client.infer("digits", [image]).as_numpy("logits")
    for binary in (True, False):
        asked = [triton.InferRequestedOutput("logits", binary_data=binary, class_count=3)]
        classes = client.infer("digits", [image], outputs=asked).as_numpy("logits")
        assert classes.shape == (2, 3)
        for row, texts in zip(logits, classes):
            best = np.argsort(-row, kind="stable")[:3]
            got = [text.decode() if isinstance(text, bytes) else text for text in texts]
            assert [text.split(":")[1] for text in got] == [str(i) for i in best]
            assert got[0].split(":")[0] == f"{row[best[0]]:.6f}"


def test_statistics(synthetic, zoo):
    def read():
        return zoo.get_inference_statistics("onnx_zero_1_float32", "1")["model_stats"][0]
    before = read()
    one = {"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}
    zoo.infer("onnx_zero_1_float32", [as_input(one)])
    after = read()
    assert after["inference_count"] == before["inference_count"] + 1
    assert after["inference_stats"]["success"]["count"] == before["inference_stats"]["success"]["count"] + 1
    assert after["inference_stats"]["success"]["ns"] > before["inference_stats"]["success"]["ns"]
    assert after["last_inference"] >= before["last_inference"] > -1
    assert len(zoo.get_inference_statistics()["model_stats"]) > 40


def test_outputs_that_no_tensor_carries(zoo):
    model = zoo.get_model_metadata("sequence_output")
    shape = [abs(length) for length in model["inputs"][0]["shape"]]
    one = {"name": model["inputs"][0]["name"], "datatype": "FP32", "shape": shape, "data": [0] * int(np.prod(shape))}
    with pytest.raises(InferenceServerException, match="cannot be sent"):
        zoo.infer("sequence_output", [as_input(one)])


# The bytes.

def post(server, path, body=b"", *fields):
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    return server.ask("POST", path, fields, body)


def infer(server, model, body, *fields):
    return post(server, f"/v2/models/{model}/infer", body, *fields)


def one_input(**changes):
    members = {"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2], **changes}
    return {"inputs": [{name: value for name, value in members.items() if value is not ...}]}


def assert_error(reply, status, text=""):
    assert reply.status == status, reply.body
    assert reply["content-type"] == "application/json"
    error = json.loads(reply.body)
    assert list(error) == ["error"] and isinstance(error["error"], str) and error["error"]
    assert text in error["error"]


MISTAKES = [
    ({}, "Unable to parse 'inputs'"),
    (b"[]", "failed to parse the request JSON buffer"),
    (b"{", "failed to parse the request JSON buffer"),
    (b'{"inputs":[{"name":"INPUT0","shape":[1,2],"datatype":"FP32","data":[1,}]}', "failed to parse"),
    (b'{"inputs":' + b"[" * 100 + b"]" * 100 + b"}", "JSON nesting depth exceeds"),
    ({"inputs": []}, "expected 1 inputs but got 0 inputs for model 'onnx_zero_1_float32'"),
    ({"id": 5, **one_input()}, "Unable to parse 'id'"),
    ({"parameters": [], **one_input()}, "Unable to parse 'parameters'"),
    ({"parameters": {"k": {}}, **one_input()}, "parameter 'k' has invalid type"),
    ({"outputs": [{"name": "q"}], **one_input()}, "unexpected inference output 'q' for model 'onnx_zero_1_float32'"),
    ({"outputs": [{"name": "OUTPUT0"}] * 2, **one_input()}, "OUTPUT0"),
    ({"inputs": one_input()["inputs"] * 2}, "input 'INPUT0' already exists in request"),
    (one_input(name="q"), "unexpected inference input 'q' for model 'onnx_zero_1_float32'"),
    (one_input(name=...), "Unable to parse 'name'"),
    (one_input(datatype=...), "Unable to parse 'datatype'"),
    (one_input(shape=...), "Unable to parse 'shape'"),
    (one_input(data=...), "Input must set only one of the following fields"),
    (one_input(parameters={"binary_data_size": 8}), "Input must set only one of the following fields"),
    (one_input(data=..., parameters={"shared_memory_region": "r"}), "shared memory"),
    (one_input(datatype="float32"), "invalid datatype for input INPUT0"),
    (one_input(datatype="INT32"), "inference input 'INPUT0' data-type is 'INT32', but model 'onnx_zero_1_float32' expects"),
    (one_input(shape=[2]), "unexpected shape for input 'INPUT0' for model 'onnx_zero_1_float32'"),
    (one_input(shape=[1, -2]), "Unable to parse 'shape'"),
    (one_input(shape=[1, 2.5]), "Unable to parse 'shape'"),
    (one_input(shape=[16, 2**60 + 2]), "shape"),
    (one_input(shape=[1, 2**64]), "Unable to parse 'shape'"),
    (one_input(data=5), "Unable to parse 'data'"),
    (one_input(data=[1]), "Failed to parse 'data' field: shape does not match true shape"),
    (one_input(data=[1, 2, 3]), "Shape does not match true shape of 'data' field"),
    (one_input(data=[1, True]), "Unable to parse 'data'"),
    (one_input(data=[1, None]), "Unable to parse 'data'"),
    (one_input(data=[1, "2"]), "Unable to parse 'data'"),
    (b'{"inputs":[{"name":"INPUT0","shape":[1,2],"datatype":"FP32","data":[1,NaN]}]}', "Unable to parse 'data'"),
]


@pytest.mark.parametrize("body, text", MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes_in_requests(synthetic, body, text):
    assert_error(infer(synthetic, "onnx_zero_1_float32", body), 400, text)


def raw_input(dtype, shape, data):
    """As bytes: what json.dumps would not write."""
    return b'{"inputs":[{"name":"INPUT0","shape":%s,"datatype":"%s","data":%s}]}' % (shape, dtype, data)


@pytest.mark.parametrize("dtype, data", [
    (b"FP32", b"[1e39]"), (b"FP64", b"[1e999]"), (b"UINT8", b"[256]"), (b"UINT8", b"[-1]"), (b"INT8", b"[-129]"),
    (b"INT64", b"[9223372036854775808]"), (b"UINT64", b"[18446744073709551616]"), (b"INT32", b"[1.0]"),
    (b"BOOL", b"[1]"), (b"BYTES", b"[5]"), (b"BYTES", b'["\xff"]'), (b"BYTES", b'["\xed\xa0\x80"]'),
    (b"BYTES", b'["\\ud800"]'), (b"BYTES", b'["\\x"]'), (b"FP16", b"[1]"),
], ids=repr)
def test_elements_that_are_none(synthetic, dtype, data):
    names = {b"FP32": "float32", b"FP64": "float64", b"FP16": "float16", b"BYTES": "object"}
    model = "onnx_nobatch_zero_1_" + names.get(dtype, dtype.decode().lower())
    assert_error(infer(synthetic, model, raw_input(dtype, b"[1]", data)), 400)


@pytest.mark.parametrize("shape", [b"[0,4]", b"[0,0]", b"[4,0]"])
def test_empty_batches(synthetic, shape):
    """Nothing in, nothing out: the data of a tensor without elements is not read."""
    reply = infer(synthetic, "onnx_zero_1_float32", raw_input(b"FP32", shape, b"[]"))
    assert reply.status == 200, reply.body
    output = json.loads(reply.body)["outputs"][0]
    assert output["shape"] == json.loads(shape) and output["data"] == []


@pytest.mark.parametrize("method, path, status, text", [
    ("GET", "/v2/nowhere", 404, "Not Found"),
    ("GET", "/v2/models/nobody", 404, "Request for unknown model: 'nobody' is not found"),
    ("GET", "/v2/models/simple/versions/9", 404, "Request for unknown model: 'simple' version 9 is not found"),
    ("POST", "/v2/models/nobody/infer", 404, "Request for unknown model: 'nobody' is not found"),
    ("GET", "/v2/models/nobody/ready", 404, ""),
    ("POST", "/v2/repository/models/nobody/load", 404, "failed to load 'nobody'"),
    ("POST", "/v2/repository/r/index", 501, "'repository_name' specification is not supported"),
    ("POST", "/v2/models/simple/ready/", 404, "Not Found"),
    ("POST", "/v2", 405, "Method Not Allowed"),
    ("GET", "/v2/models/simple/infer", 405, "Method Not Allowed"),
    ("DELETE", "/v2/repository/index", 405, "Method Not Allowed"),
])
def test_refusals(synthetic, method, path, status, text):
    reply = synthetic.ask(method, path)
    assert_error(reply, status, text)
    assert (reply.get("allow") is not None) == (status == 405)


def test_paths(synthetic):
    for path in ("/v2", "/v2/", "/v2?x=1", "/v2/models/stats", "/v2/models/simple/versions/2/ready"):
        assert synthetic.ask("GET", path).status == 200
    assert synthetic.ask("HEAD", "/v2/health/live").status == 200


def test_json_response(synthetic):
    body = {"id": "r1", "model_name": "stray", **one_input(data=[[1], [2.5]], shape=[1, 2])}
    reply = infer(synthetic, "onnx_zero_1_float32", body, ("Content-Type", "text/plain"))
    assert reply["content-type"] == "application/json" and reply.get("inference-header-content-length") is None
    assert json.loads(reply.body) == {
        "id": "r1", "model_name": "onnx_zero_1_float32", "model_version": "1",
        "outputs": [{"name": "OUTPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.5]}]}
    assert "id" not in json.loads(infer(synthetic, "onnx_zero_1_float32", {**body, "id": ""}).body)


def test_binary_response(synthetic):
    text = json.dumps(one_input(data=..., parameters={"binary_data_size": 8}) |
                      {"parameters": {"binary_data_output": True}}).encode()
    blob = struct.pack("<2f", 1.5, -2)
    reply = infer(synthetic, "onnx_zero_1_float32", text + blob, ("inference-HEADER-content-length", str(len(text))))
    assert reply["content-type"] == "application/octet-stream"
    cut = int(reply["inference-header-content-length"])
    assert json.loads(reply.body[:cut])["outputs"][0]["parameters"] == {"binary_data_size": 8}
    assert reply.body[cut:] == blob
    for more, error in ((blob[:4], "expecting 4 additional bytes"), (blob + b"x", "unexpected additional input data")):
        assert_error(infer(synthetic, "onnx_zero_1_float32", text + more,
                           ("Inference-Header-Content-Length", str(len(text)))), 400, error)


@pytest.mark.parametrize("value", ["-1", "12abc", "+5", "0x10", "1,1", "99999999999", "twice"])
def test_header_lengths(synthetic, value):
    body = json.dumps(one_input()).encode()
    fields = [("Inference-Header-Content-Length", value)] if value != "twice" else \
        [("Inference-Header-Content-Length", str(len(body)))] * 2
    assert_error(infer(synthetic, "onnx_zero_1_float32", body, *fields), 400)


def test_header_length_of_everything(synthetic):
    body = json.dumps(one_input()).encode()
    assert infer(synthetic, "onnx_zero_1_float32", body, ("Inference-Header-Content-Length", str(len(body)))).status == 200


def test_raw_binary_request(digits, synthetic):
    blob = bytes(4 * 28 * 28 * 3)
    reply = infer(digits, "digits", blob, ("Inference-Header-Content-Length", "0"))
    cut = int(reply["inference-header-content-length"])
    assert json.loads(reply.body[:cut])["outputs"][0]["shape"] == [3, 10]
    assert len(reply.body) - cut == 3 * 10 * 4
    assert_error(infer(digits, "digits", blob[1:], ("Inference-Header-Content-Length", "0")), 400)
    assert_error(infer(synthetic, "simple", blob, ("Inference-Header-Content-Length", "0")), 400, "1 input")


def test_broken_bytes(synthetic):
    text = json.dumps({"inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "BYTES",
                                   "parameters": {"binary_data_size": 6}}]}).encode()
    fields = [("Inference-Header-Content-Length", str(len(text)))]
    good = infer(synthetic, "identity_bytes", text + b"\2\0\0\0\xff\xfe", *fields)
    assert_error(good, 400, "UTF-8")  # asked for as JSON
    for blob in (b"\3\0\0\0hi", b"\1\0\0\0hi", b"\xff\xff\xff\xffhi"):
        assert_error(infer(synthetic, "identity_bytes", text + blob, *fields), 400)


def test_content_codings(synthetic):
    body = json.dumps(one_input()).encode()
    raw = zlib.compressobj(wbits=-15)
    broken = [("gzip", gzip.compress(body)[:-4]), ("gzip", zlib.compress(body)), ("deflate", b"x" + zlib.compress(body)),
              ("deflate", raw.compress(body) + raw.flush()), ("gzip", b"")]
    for coding, sent in broken:
        assert_error(infer(synthetic, "onnx_zero_1_float32", sent, ("Content-Encoding", coding)), 400)
    reply = infer(synthetic, "onnx_zero_1_float32", body, ("Content-Encoding", "br"))
    assert_error(reply, 415, "Unsupported compression type")
    assert reply["accept-encoding"] == "gzip, deflate"
    reply = infer(synthetic, "onnx_zero_1_float32", gzip.compress(body), ("Content-Encoding", "gzip"),
                  ("Accept-Encoding", "gzip;q=0.5, deflate;q=0.9, br"))
    assert reply["content-encoding"] == "deflate" and json.loads(zlib.decompress(reply.body))["outputs"]
    reply = infer(synthetic, "onnx_zero_1_float32", b"{}", ("Accept-Encoding", "gzip"))
    assert_error(reply, 400)  # errors are never compressed
    bomb = gzip.compress(bytes(300 << 20), 1)
    assert_error(infer(synthetic, "onnx_zero_1_float32", bomb, ("Content-Encoding", "gzip")), 413)


def test_too_large(synthetic):
    with synthetic.wire() as wire:
        wire.send(b"POST /v2/models/onnx_zero_1_float32/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 67108865\r\n\r\n")
        assert_error(wire.answer(), 413)


def test_chunked_body(synthetic):
    body = json.dumps(one_input()).encode()
    head = b"POST /v2/models/onnx_zero_1_float32/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    with synthetic.wire() as wire:
        wire.send(head + chunks + b"0\r\n\r\n")
        assert wire.answer().status == 200


@pytest.mark.parametrize("body, status, text", [
    (b"", 200, ""), (b"{}", 200, ""), (b'{"ready":true}', 200, ""), (b'{"ready":false}', 200, ""),
    (b'{"ready":1}', 400, "Invalid value for 'ready': expected a boolean"), (b"[]", 400, ""), (b"{", 400, ""),
    (b'{"x":' + b"[" * 100 + b"]" * 100 + b"}", 400, "JSON nesting depth exceeds"),
])
def test_index(synthetic, body, status, text):
    reply = post(synthetic, "/v2/repository/index", body)
    if status != 200:
        assert_error(reply, status, text)
    else:
        entries = [one for one in json.loads(reply.body) if one["name"] == "simple"]
        assert entries == [{"name": "simple", "version": version, "state": "READY"} for version in "12"]


def test_timeout_in_line(shared):
    """It counts while a request waits for its turn, and never ends what has begun."""
    def burn(server, iterations, **parameters):
        return infer(server, "burn_cpu", {"parameters": parameters, **one_input(
            name="ITERATIONS", shape=[1, 1], datatype="INT64", data=[iterations])})
    with serving("serval", "serve", shared / "models/synthetic/burn_cpu", "--workers", "1") as server:
        assert burn(server, 1000, timeout=1000).status == 200  # nothing is before it
        long = threading.Thread(target=burn, args=(server, 200_000))
        long.start()
        reply = wait_until(lambda: (late := burn(server, 1, timeout=1000)).status != 200 and late)
        assert_error(reply, 503, "Request timeout expired")
        assert burn(server, 1, timeout=60_000_000).status == 200
        long.join()
