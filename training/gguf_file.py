"""Writes a GGUF file, version 3: what llama.cpp reads. Only what chat.py needs of it.

The file is a header, the metadata (key, type, value), a row per tensor, and the tensors' numbers, each
starting at a multiple of ALIGNMENT. Two-dimensional tensors are stored as float16, others as float32.
"""

import struct
from pathlib import Path

import numpy as np

MAGIC, VERSION, ALIGNMENT = b"GGUF", 3, 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9  # types of metadata
STORED = {np.dtype(np.float32): 0, np.dtype(np.float16): 1}  # types of tensors


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(x) -> tuple[int, bytes]:
    """(type, bytes); an int is unsigned, a list has elements of one type."""
    match x:
        case bool():
            return BOOL, struct.pack("<?", x)
        case int():
            return UINT32, struct.pack("<I", x)
        case float():
            return FLOAT32, struct.pack("<f", x)
        case str():
            return STRING, string(x)
        case np.ndarray():
            return ARRAY, struct.pack("<IQ", INT32, len(x)) + x.astype("<i4").tobytes()
        case list():
            kind = value(x[0])[0]
            return ARRAY, struct.pack("<IQ", kind, len(x)) + b"".join(value(item)[1] for item in x)
    raise TypeError(f"no GGUF type for {type(x)}")


def padding(size: int) -> bytes:
    return b"\0" * (-size % ALIGNMENT)


def write(path: Path, metadata: dict, tensors: dict[str, np.ndarray]) -> None:
    """A tensor's shape is numpy's, so a weight is [outputs, inputs]; the file tells it backwards."""
    stored = {name: np.ascontiguousarray(x, np.float16 if x.ndim == 2 else np.float32)
              for name, x in tensors.items()}
    head = [MAGIC, struct.pack("<IQQ", VERSION, len(stored), len(metadata))]
    for key, x in metadata.items():
        kind, data = value(x)
        head += [string(key), struct.pack("<I", kind), data]
    at = 0
    for name, x in stored.items():
        head += [string(name), struct.pack(f"<I{x.ndim}Q", x.ndim, *reversed(x.shape)),
                 struct.pack("<IQ", STORED[x.dtype], at)]
        at += x.nbytes + len(padding(x.nbytes))
    data = b"".join(head)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data + padding(len(data)) +
                     b"".join(x.tobytes() + padding(x.nbytes) for x in stored.values()))
