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

#(datatype, how elements are written, how many, times the body)
CASES = [
    ("FP32", eight_digits, 1000000, 4),
    ("FP32", all_digits, 500000, 4),
    ("FP64", eight_digits, 1000000, 4),
    ("FP64", all_digits, 500000, 4),
    ("UINT8", one_digit, 4000000, 4),
    ("INT64", three_digits, 2000000, 5),
#Two bytes of text are eight of a tensor, and there are two tensors while an identity runs.
    ("INT64", one_digit, 4000000, 9),
]
NAMES = {"FP32": "float32", "FP64": "float64"}


class Infer:
    """/v2: the datatype is written, the shape too."""
    PATH = "/v2/models/{}/infer"

    @staticmethod
    def body(dtype, numbers):
        tensor = f'{{"name":"INPUT0","datatype":"{dtype}","shape":[{len(numbers)}],"data":[{",".join(numbers)}]}}'
        return f'{{"inputs":[{tensor}]}}'.encode()

    @staticmethod
    def numbers(answer):
        return answer["outputs"][0]["data"]


class Predict:
    """Nested lists."""
    PATH = "/api/v1/models/{}/predict"

    @staticmethod
    def body(_, numbers):
        return f'{{"inputs":{{"INPUT0":[{",".join(numbers)}]}}}}'.encode()

    @staticmethod
    def numbers(answer):
        return answer["outputs"]["OUTPUT0"]


@pytest.mark.skipif(not SYNTHETIC.is_dir(), reason="no synthetic models in ../shared")
@pytest.mark.parametrize("protocol", [Infer, Predict])
@pytest.mark.parametrize("dtype, write, count, times", CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_peak_of_an_inference(dtype, write, count, times, protocol):
    """Body in, the same numbers out, in a fresh process."""
    random.seed(count)
    name = f"onnx_nobatch_zero_1_{NAMES.get(dtype, dtype.lower())}"
    numbers = write(count)
    body = protocol.body(dtype, numbers)
    with serving("serval", "serve", SYNTHETIC / name, "--log-level", "off",
                 "--max-body-size", "64MiB") as served, served.client() as client:
        path = protocol.PATH.format(name)
        assert client.post(path, json=json.loads(protocol.body(dtype, numbers[:1]))).status_code == 200
        before = memory(served, "VmRSS")
        answer = client.post(path, content=body, headers={"Content-Type": "application/json"}, timeout=60)
        peak = memory(served, "VmHWM") - before
        assert answer.status_code == 200, answer.text[:300]
        print(f"{peak / len(body):.2f} times the body of {len(body)} bytes")
        assert peak <= times * len(body) + SLACK, f"{peak / len(body):.2f} times the body of {len(body)} bytes"
        wanted = [float(number) for number in numbers[:1000]]
        got = protocol.numbers(answer.json())
        assert len(got) == count and all(abs(a - b) < 1e-6 for a, b in zip(got, wanted))
