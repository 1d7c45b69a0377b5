#!/usr/bin/env python3
"""Makes the models of this folder: small graphs, each for one thing an engine must do or refuse.

Needs the Python package onnx (1.23.2 was used), of no use elsewhere in the project:
    python3 -m venv VENV && VENV/bin/pip install onnx==1.23.2 && VENV/bin/python tests/data/engine/make.py
The bytes do not depend on the machine or the day.
"""

import pathlib
import struct

from onnx import TensorProto, checker, helper

HERE = pathlib.Path(__file__).parent
FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING
value = helper.make_tensor_value_info
node = helper.make_node

TYPES = {
    "BOOL": TensorProto.BOOL, "UINT8": TensorProto.UINT8, "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32, "UINT64": TensorProto.UINT64, "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16, "INT32": TensorProto.INT32, "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16, "FP32": TensorProto.FLOAT, "FP64": TensorProto.DOUBLE,
    "BF16": TensorProto.BFLOAT16, "BYTES": TensorProto.STRING,
}


def constant(name, dtype, dims, values):
    return helper.make_tensor(name, dtype, dims, values)


def model(name, nodes, inputs, outputs, initializers=(), metadata=None, check=True):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                             producer_name="serval")
    for key, text in (metadata or {}).items():
        entry = made.metadata_props.add()
        entry.key, entry.value = key, text
    if check:
        checker.check_model(made)
    data = made.SerializeToString(deterministic=True)
    (HERE / f"{name}.onnx").write_bytes(data)
    return data


def add():
    """Two inputs, a free first axis with a name, metadata."""
    shape = ["batch", 3]
    return model("add", [node("Add", ["a", "b"], ["sum"]), node("Sub", ["a", "b"], ["difference"])],
                 [value("a", FLOAT, shape), value("b", FLOAT, shape)],
                 [value("sum", FLOAT, shape), value("difference", FLOAT, shape)],
                 metadata={"author": "the tests", "empty": ""})


def types():
    """Every datatype, as it came."""
    model("types", [node("Identity", [f"in_{t}"], [f"out_{t}"]) for t in TYPES],
          [value(f"in_{t}", e, ["n"]) for t, e in TYPES.items()],
          [value(f"out_{t}", e, ["n"]) for t, e in TYPES.items()])


def scalar():
    model("scalar", [node("Neg", ["x"], ["y"])], [value("x", FLOAT, [])], [value("y", FLOAT, [])])


def pick():
    """Fails while it runs when an index is out of range."""
    model("pick", [node("Gather", ["table", "index"], ["y"], axis=0)],
          [value("index", INT64, ["n"])], [value("y", FLOAT, ["n"])],
          [constant("table", FLOAT, [4], [1, 2, 3, 4])])


def grow():
    """An output as large as the input says."""
    model("grow", [node("ConstantOfShape", ["shape"], ["y"])],
          [value("shape", INT64, [2])], [value("y", FLOAT, ["rows", "columns"])])


def burn():
    """Multiplies two matrices of 64 x 64 as many times as the input says."""
    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("MatMul", ["m", "m"], ["next"])], "body",
        [value("i", INT64, []), value("go", TensorProto.BOOL, []), value("m", FLOAT, [64, 64])],
        [value("go_on", TensorProto.BOOL, []), value("next", FLOAT, [64, 64])])
    model("burn",
          [node("ConstantOfShape", ["size"], ["zeros"]),
           node("Loop", ["n", "yes", "zeros"], ["last"], body=body),
           node("ReduceSum", ["last"], ["y"], keepdims=0)],
          [value("n", INT64, [])], [value("y", FLOAT, [])],
          [constant("size", INT64, [2], [64, 64]), constant("yes", TensorProto.BOOL, [], [True])])


def outside():
    """Weights in a file of their own."""
    (HERE / "outside.onnx.data").write_bytes(struct.pack("<3f", 100, 200, 300))
    weights = TensorProto(name="w", data_type=FLOAT, dims=[3],
                          data_location=TensorProto.EXTERNAL)
    for key, text in (("location", "outside.onnx.data"), ("offset", "0"), ("length", "12")):
        entry = weights.external_data.add()
        entry.key, entry.value = key, text
    model("outside", [node("Add", ["x", "w"], ["y"])], [value("x", FLOAT, ["n", 3])],
          [value("y", FLOAT, ["n", 3])], [weights], check=False)


def sequence():
    """One output that is a sequence, one that is a tensor."""
    model("sequence", [node("SequenceConstruct", ["x"], ["list"]), node("Neg", ["x"], ["y"])],
          [value("x", FLOAT, ["n"])],
          [helper.make_tensor_sequence_value_info("list", FLOAT, ["n"]), value("y", FLOAT, ["n"])])


def table():
    """A matrix of three columns; the largest is the label, all are scores."""
    model("table", [node("Identity", ["x"], ["scores"]),
                    node("ArgMax", ["x"], ["label"], axis=1, keepdims=0)],
          [value("x", FLOAT, ["n", 3])], [value("label", INT64, ["n"]), value("scores", FLOAT, ["n", 3])])


def columns():
    """Two columns, each an input of its own; the label is the text of one of them."""
    model("columns", [node("Reshape", ["kind", "flat"], ["label"]), node("Neg", ["size"], ["other"]),
                      node("Concat", ["size", "other"], ["scores"], axis=1)],
          [value("size", FLOAT, ["n", 1]), value("kind", STRING, ["n", 1])],
          [value("label", STRING, ["n"]), value("scores", FLOAT, ["n", 2])],
          [constant("flat", INT64, [1], [-1])])


def deep():
    """More dimensions than are served."""
    shape = [f"d{i}" for i in range(9)]
    model("deep", [node("Neg", ["x"], ["y"])], [value("x", FLOAT, shape)],
          [value("y", FLOAT, shape)])


def handed_on():
    """One output that is an input, one that is made of it."""
    model("handed_on", [node("Neg", ["x"], ["y"])], [value("x", FLOAT, ["n"])],
          [value("x", FLOAT, ["n"]), value("y", FLOAT, ["n"])])


def unknown_operator():
    model("unknown_operator", [node("Frobnicate", ["x"], ["y"])], [value("x", FLOAT, ["n"])],
          [value("y", FLOAT, ["n"])], check=False)


def main():
    whole = add()
    (HERE / "truncated.onnx").write_bytes(whole[:len(whole) // 2])
    (HERE / "empty.onnx").write_bytes(b"")
    (HERE / "garbage.onnx").write_bytes(bytes(i * 7919 % 251 for i in range(512)))
    for make in (types, scalar, pick, grow, burn, outside, sequence, table, columns, deep, handed_on,
                 unknown_operator):
        make()


if __name__ == "__main__":
    main()
