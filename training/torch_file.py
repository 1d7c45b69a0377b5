"""Reads the tensors of a torch.save file of the older, not zipped, form without torch.

Such a file is five pickles (magic, version, sizes, the tensors' descriptions, the storages'
keys) and then each storage: its length and its numbers. A pickle can name any function to call,
so the reader here knows the few harmless names and refuses every other: no code of the file runs.
"""

import io
import pickle
from typing import NamedTuple

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class Storage(NamedTuple):
    key: str
    dtype: np.dtype


class Tensor(NamedTuple):
    storage: Storage
    offset: int
    shape: tuple
    strides: tuple


class Names(dict):
    """A dict that also takes the attributes torch hangs on its own."""


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return Names
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: Tensor(storage, offset, shape, strides)
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a file of weights")

    def persistent_load(self, reference):
        _kind, dtype, key, *_ = reference
        return Storage(key, dtype)


def read(data: bytes) -> dict[str, np.ndarray]:
    """Name -> array, copied out of the file."""
    file = io.BytesIO(data)
    if Reader(file).load() != MAGIC:
        raise ValueError("not a torch.save file of the older form")
    Reader(file).load(), Reader(file).load()  # protocol version, sizes of C types
    tensors = Reader(file).load()
    dtypes = {t.storage.key: t.storage.dtype for t in tensors.values()}
    storages = {}
    for key in Reader(file).load():
        count = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    arrays = {}
    for name, t in tensors.items():
        strides = [s * t.storage.dtype.itemsize for s in t.strides]
        flat = storages[t.storage.key][t.offset:]
        needed = 1 + sum((n - 1) * s for n, s in zip(t.shape, t.strides))
        if needed > len(flat):
            raise ValueError(f"{name} reaches beyond its storage")
        arrays[name] = np.lib.stride_tricks.as_strided(flat, t.shape, strides).copy()
    return arrays
