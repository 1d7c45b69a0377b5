"""Writes a trained digit network as ONNX, with the normalisation of pictures.py in front.

So a picture may be white on black or black on white and of any contrast: the graph stretches it
to 0..1, takes the two pixels around as the ground and turns it over when that is bright.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import convnet
import pictures


class Graph:
    """Nodes and constants in the making; `last` is the name of the newest value."""

    def __init__(self, first: str):
        self.nodes, self.constants, self.last = [], [], first

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, op: str, name: str, *inputs: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        self.last = name
        return name


def normalisation(g: Graph) -> None:
    picture, axes = g.last, [1, 2, 3]
    low = g.add("ReduceMin", "low", picture, axes=axes)
    high = g.add("ReduceMax", "high", picture, axes=axes)
    spread = g.add("Max", "spread", g.add("Sub", "range", high, low),
                   g.constant("least_range", np.float32(1e-3)))
    x = g.add("Div", "stretched", g.add("Sub", "above_low", picture, low), spread)
    border = pictures.BORDER.astype(np.float32)[None, None]
    weights = g.constant("border_weights", border / border.sum())
    ground = g.add("ReduceSum", "ground", g.add("Mul", "border", x, weights),
                   g.constant("axes", np.array(axes, np.int64)))
    bright = g.add("Greater", "bright", ground, g.constant("half", np.float32(0.5)))
    g.add("Where", "ink", bright, g.add("Sub", "inverted", g.constant("one", np.float32(1)), x), x)


def layer(g: Graph, n: int, kind: convnet.Layer, shape: tuple) -> tuple:
    """Adds one layer; `shape` is (height, width, channels) of its input, returned is its output's."""
    match kind:
        case convnet.Conv():
            h, w, c = shape
            weight = kind.params[0].reshape(kind.side, kind.side, c, -1).transpose(3, 2, 0, 1)
            g.add("Conv", f"conv{n}", g.last, g.constant(f"conv{n}.weight", weight),
                  g.constant(f"conv{n}.bias", kind.params[1]),
                  kernel_shape=[kind.side] * 2, pads=[kind.side // 2] * 4)
            return h, w, weight.shape[0]
        case convnet.MaxPool():
            g.add("MaxPool", f"pool{n}", g.last, kernel_shape=[2, 2], strides=[2, 2])
            return shape[0] // 2, shape[1] // 2, shape[2]
        case convnet.Flatten():
            g.add("Flatten", f"flat{n}", g.last, axis=1)
            return shape
        case convnet.Dense():
            weight = kind.params[0]
            if len(shape) == 3:  # rows are (height, width, channel) here, (channel, height, width) there
                weight = weight.reshape(*shape, -1).transpose(2, 0, 1, 3).reshape(weight.shape)
            g.add("Gemm", f"dense{n}", g.last, g.constant(f"dense{n}.weight", weight),
                  g.constant(f"dense{n}.bias", kind.params[1]))
            return (weight.shape[1],)
        case convnet.Relu():
            g.add("Relu", f"relu{n}", g.last)
            return shape
        case convnet.Dropout():  # only for training
            return shape
    raise TypeError(kind)


def write(network: convnet.Network, name: str, path: Path) -> None:
    g = Graph("image")
    normalisation(g)
    shape = (pictures.SIDE, pictures.SIDE, 1)
    for n, kind in enumerate(network.layers):
        shape = layer(g, n, kind, shape)
    g.nodes[-1].output[0] = "logits"
    model = helper.make_model(
        helper.make_graph(
            g.nodes, name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])], g.constants),
        opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="serval training")
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
