#!/usr/bin/env python3
"""Trains the bundled text embedder: what a text is about, and how it is spelled, as 64 numbers.

Usage: training/embedder.py            trains it, writes models/embedder
       training/embedder.py --check    only measures the committed file again

A text becomes counts of its words' pieces, hashed into BUCKETS places; the model is one matrix
that turns the counts into 64 numbers of length 1. It learns from texts that this script makes up
(topics.py): two texts of one topic, or one text and the same with slips of the keyboard, belong
closer together than any others. Every random number comes from SEED.
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # see digits.py

import numpy as np
import onnx
from onnx import TensorProto, helper

import convnet
import graph
import topics

SEED = 64
BUCKETS, DIMENSIONS = 2048, 64
STEPS, BATCH, RATE, HEAT, DECAY = 3000, 96, 3e-3, 0.1, 2e-3
MODEL = Path(__file__).resolve().parent.parent / "models" / "embedder"
WORD = re.compile(rb"[a-z0-9\x80-\xff]+")
SAMPLES = ["a cat", "The dog sleeps in its kennel.", "restart the server", "restrat teh servr",
           "Schöne Grüße", "日本語", "!?", "bread and cheese " * 40]


def pieces(text: str) -> list[bytes]:
    """All that the model knows of a text; examples/ml_api/services/ngrams.c does the same."""
    found = [b"<>"]
    for word in WORD.findall(text.encode().lower()):
        word = b"<" + word + b">"
        found += [word[i:i + n] for n in (3, 4, 5) for i in range(len(word) - n + 1)]
        if len(word) > 5:
            found.append(word)
    return found


def bucket(piece: bytes) -> int:
    """FNV-1a, 32 bits."""
    value = 2166136261
    for byte in piece:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value % BUCKETS


def counts(texts: list[str]) -> np.ndarray:
    found = np.zeros((len(texts), BUCKETS), np.float32)
    for row, text in zip(found, texts):
        for piece in pieces(text):
            row[bucket(piece)] += 1
    return found


def unit(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of length 1, and what they were divided by."""
    length = np.sqrt((x * x).sum(1, keepdims=True)) + np.float32(1e-6)
    return x / length, length


def learn(network: convnet.Network, pairs: list[topics.Pair]) -> float:
    """One batch: the second text of each pair is to be found among those of all pairs."""
    layer, n = network.layers[0], len(pairs)
    x = counts([p.first for p in pairs] + [p.second for p in pairs])
    both, lengths = unit(layer.forward(x, True))
    first, second = both[:n], both[n:]
    scores = first @ second.T / np.float32(HEAT)
    subjects = np.array([p.topic for p in pairs])
    same = (subjects[:, None] == subjects) & ~np.eye(n, dtype=bool)
    scores[same] = -1e9  # neither right nor wrong
    p = convnet.softmax(scores)
    loss = -np.log(np.diag(p) + 1e-9).mean()
    p[np.arange(n), np.arange(n)] -= 1
    p /= np.float32(n * HEAT)
    slope = np.concatenate([p @ second, p.T @ first])
    layer.backward((slope - both * (slope * both).sum(1, keepdims=True)) / lengths)
    return float(loss)


def train() -> np.ndarray:
    rng = np.random.default_rng(SEED)
    network = convnet.Network([convnet.Dense(rng, BUCKETS, DIMENSIONS)])
    network.layers[0].params[1].fill(0)
    adam = convnet.Adam(network, DECAY, mean_over=300)
    losses = []
    for step in range(STEPS):
        losses.append(learn(network, topics.pairs(rng, BATCH)))
        network.layers[0].grads[1].fill(0)  # no bias: the piece "<>" stands for it
        adam.step(RATE * (1 + np.cos(np.pi * step / STEPS)) / 2)
        if (step + 1) % 300 == 0:
            print(f"step {step + 1} of {STEPS}: loss {np.mean(losses[-300:]):.4f}", flush=True)
    adam.finish()
    return network.layers[0].params[0]


def write(weight: np.ndarray, path: Path) -> None:
    g = graph.Graph("counts")
    g.add("MatMul", "sum", "counts", g.constant("pieces", weight))
    g.add("ReduceL2", "length", "sum", axes=[1])
    g.add("Add", "divisor", "length", g.constant("least", np.float32(1e-6)))
    g.add("Div", "embedding", "sum", "divisor")
    model = helper.make_model(
        helper.make_graph(
            g.nodes, "embedder",
            [helper.make_tensor_value_info("counts", TensorProto.FLOAT, ["batch", BUCKETS])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", DIMENSIONS])],
            g.constants),
        opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="serval training")
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def measure() -> dict:
    """The figures of the model file, run by ONNX Runtime; what models/embedder/EXPECTED.json holds."""
    import onnxruntime
    path = MODEL / "1" / "model.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def embed(texts: list[str]) -> np.ndarray:
        return session.run(["embedding"], {"counts": counts(texts)})[0]

    rng = np.random.default_rng([SEED, 99])
    misspelled = topics.misspelled(rng, 500)
    found = embed([a for a, _ in misspelled]) @ embed([b for _, b in misspelled]).T
    about = topics.texts(rng, 600)
    near = embed([t.text for t in about])
    near = near @ near.T
    subjects = np.array([t.topic for t in about])
    same = subjects[:, None] == subjects
    rows = embed(SAMPLES)
    return {
        "made_by": "training/embedder.py; the model run by ONNX Runtime",
        "file": {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        "figures": {
            "made-up words found among 500 by their misspelling":
                round(float(np.mean(found.argmax(1) == np.arange(500))), 4),
            "mean cosine of texts of one topic": round(float(near[same & ~np.eye(600, dtype=bool)].mean()), 4),
            "mean cosine of texts of two topics": round(float(near[~same].mean()), 4)},
        "embeddings": [{"text": text, "embedding": [round(float(x), 7) for x in row]}
                       for text, row in zip(SAMPLES, rows)]}


def is_same(a, b) -> bool:
    """Equal, but for what another processor's rounding may change in a figure."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(is_same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 0.002
    return a == b


def main() -> None:
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    if not sys.argv[1:]:
        write(train(), MODEL / "1" / "model.onnx")
    found, expected = measure(), MODEL / "EXPECTED.json"
    print(json.dumps(found["figures"], indent=2))
    if not sys.argv[1:]:
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    elif not is_same(found, json.loads(expected.read_text())):
        sys.exit(f"error: that, or an embedding or the file, differs from {expected}")


if __name__ == "__main__":
    main()
