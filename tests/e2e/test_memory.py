"""Memory of one large inference in JSON, seen from outside: the server's peak before and after."""
import json
import pathlib
import random

import pytest

from served import SHARED, serving

SYNTHETIC = SHARED / "models" / "synthetic"
SLACK = 4 << 20  # of allocators and of the engine's own arena


def memory(served, name):
    lines = pathlib.Path(f"/proc/{served.process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name + ":"))


def eight_digits(count):
    return [f"{random.random():.8f}" for _ in range(count)]


def all_digits(count):
    return [repr(random.random()) for _ in range(count)]


def one_digit(count):
    return [str(random.randrange(10)) for _ in range(count)]


def three_digits(count):
    return [str(random.randrange(100, 1000)) for _ in range(count)]


# (datatype, how elements are written, how many, times the body)
CASES = [
    ("FP32", eight_digits, 1000000, 4),
    ("FP32", all_digits, 500000, 4),
    ("FP64", eight_digits, 1000000, 4),
    ("FP64", all_digits, 500000, 4),
    ("UINT8", one_digit, 4000000, 4),
    ("INT64", three_digits, 2000000, 5),
    # Two bytes of text are eight of a tensor, and there are two tensors while an identity runs.
    ("INT64", one_digit, 4000000, 9),
]
NAMES = {"FP32": "float32", "FP64": "float64"}


@pytest.mark.skipif(not SYNTHETIC.is_dir(), reason="no synthetic models in ../shared")
@pytest.mark.parametrize("dtype, write, count, times", CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_peak_of_an_inference(dtype, write, count, times):
    """Body in, the same numbers out, in a fresh process."""
    random.seed(count)
    name = f"onnx_nobatch_zero_1_{NAMES.get(dtype, dtype.lower())}"
    head = f'{{"inputs":[{{"name":"INPUT0","datatype":"{dtype}","shape":[%d],"data":['
    body = f"{head % count}{','.join(write(count))}]}}]}}".encode()
    with serving("serval", "serve", SYNTHETIC / name, "--log-level", "off") as served, served.client() as client:
        path = f"/v2/models/{name}/infer"
        assert client.post(path, content=f"{head % 1}1]}}]}}".encode()).status_code == 200
        before = memory(served, "VmRSS")
        answer = client.post(path, content=body, timeout=60)
        peak = memory(served, "VmHWM") - before
        assert answer.status_code == 200, answer.text[:300]
        assert peak <= times * len(body) + SLACK, f"{peak / len(body):.2f} times the body of {len(body)} bytes"
        wanted = json.loads(body)["inputs"][0]["data"]
        got = answer.json()["outputs"][0]["data"]
        assert len(got) == count and all(abs(a - b) < 1e-6 for a, b in zip(got[:1000], wanted[:1000]))
