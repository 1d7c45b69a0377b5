"""Writes a model of ResNet-50's shape with random weights (100 MB): what a heavy picture classifier weighs and costs.

resnet50.py FILE. Needs onnx and numpy; deterministic.
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # width, blocks, stride of the first


class Graph:
    """Nodes and weights in the order they are asked for; every method returns the name of its output."""

    def __init__(self):
        self.random, self.nodes, self.weights = np.random.default_rng(50), [], []

    def weight(self, array) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(array, np.float32), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def node(self, kind: str, *inputs: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [f"t{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def conv(self, x: str, n_in: int, n_out: int, side: int, stride: int = 1) -> str:
        scale = np.sqrt(2 / (n_in * side * side))
        weight = self.weight(self.random.standard_normal((n_out, n_in, side, side), np.float32) * scale)
        return self.node("Conv", x, weight, self.weight(np.zeros(n_out)), kernel_shape=[side] * 2,
                         strides=[stride] * 2, pads=[side // 2] * 4)

    def block(self, x: str, n_in: int, width: int, stride: int) -> str:
        y = self.node("Relu", self.conv(x, n_in, width, 1))
        y = self.node("Relu", self.conv(y, width, width, 3, stride))
        y = self.conv(y, width, width * 4, 1)
        same = x if n_in == width * 4 else self.conv(x, n_in, width * 4, 1, stride)
        return self.node("Relu", self.node("Add", self.node("Mul", y, self.weight(0.5)), same))


def build() -> onnx.ModelProto:
    graph = Graph()
    x = graph.node("Relu", graph.conv("input", 3, 64, 7, 2))
    x, n_in = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), 64
    for width, blocks, stride in STAGES:
        for number in range(blocks):
            x, n_in = graph.block(x, n_in, width, stride if number == 0 else 1), width * 4
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x))
    last = graph.weight(graph.random.standard_normal((n_in, 1000), np.float32) * 0.01)
    graph.nodes.append(helper.make_node("Gemm", [x, last, graph.weight(np.zeros(1000))], ["output"]))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
            for name, shape in (("input", [3, 224, 224]), ("output", [1000]))]
    whole = helper.make_graph(graph.nodes, "resnet50", ends[:1], ends[1:], graph.weights)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(build(), path)
