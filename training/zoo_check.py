"""Checks zoo/efficientnet_lite0 against photos whose class is known.

Usage: training/zoo_check.py EXPECTED.json [ZOO]

EXPECTED.json lies beside the photos: {"photos": {file: {"acceptable_classes": [...]}}}. The
photos are preprocessed by Pillow as the model.yaml says; needs training/requirements.txt.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

import convnet


def preprocess(image: Image.Image) -> np.ndarray:
    width, height = image.size
    side = int(0.875 * min(width, height))
    left, top = (width - side + 1) // 2, (height - side + 1) // 2
    small = image.convert("RGB").crop((left, top, left + side, top + side))
    small = small.resize((224, 224), Image.Resampling.BICUBIC)
    return ((np.asarray(small, np.float32) - 127) / 128).transpose(2, 0, 1)[None]


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    expected = Path(sys.argv[1])
    model = Path(sys.argv[2] if len(sys.argv) == 3 else "zoo") / "efficientnet_lite0"
    labels = (model / "labels.txt").read_text().splitlines()
    session = onnxruntime.InferenceSession(str(model / "1" / "model.onnx"),
                                           providers=["CPUExecutionProvider"])
    wrong = 0
    for name, photo in json.loads(expected.read_text())["photos"].items():
        batch = preprocess(Image.open(expected.parent / name))
        p = convnet.softmax(session.run(["output"], {"input": batch})[0][0])
        best, wanted = int(p.argmax()), photo["acceptable_classes"]
        verdict = "no class" if not wanted else "right" if best in wanted else "WRONG"
        wrong += verdict == "WRONG"
        print(f"{name:24} {labels[best]:20} {p[best]:.3f} {verdict}")
    sys.exit(f"error: {wrong} photos wrong" if wrong else 0)


if __name__ == "__main__":
    main()
