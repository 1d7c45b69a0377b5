"""Every ONNX model of ../shared as one repository, what each was found to answer, and a client that carries numpy
arrays to /v2 as bytes."""
import concurrent.futures
import json
import struct

import httpx
import numpy

from served import SHARED

MODELS = SHARED / "models"
SYNTHETIC = MODELS / "synthetic"

PHOTOS = "task: image-classification\npostprocess: {labels: labels.txt}\npreprocess: {orientation: ignore, %s}\n"
TORCHVISION = PHOTOS % "mode: crop, resize: 256, crop: 224, interpolation: bilinear"
# Folder -> what a guess cannot know; "" where the guess is enough.
OTHERS = {
    "imagenet/mobilenet_v2": TORCHVISION,
    "imagenet/mobilenet_v2_int8": TORCHVISION,
    "imagenet/efficientnet_lite0": PHOTOS % ("crop_fraction: 0.875, resize: 224, crop: 224, interpolation: bicubic, "
                                             "scale: 1, mean: [127], std: [128]"),
    "embed/bge-m2v-64": "",
    "embed/all-minilm-l6-v2": "preprocess: {max_length: 256}\n",
    "tabular/iris": "",
    "tabular/iris_zipmap": "",
    "digits/mnist": "task: image-classification\npreprocess: {mode: squash, scale: 1, mean: [0], std: [1]}\n",
    "others/silero_vad": "",
    "others/magika": "",
}
DTYPES = {"BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
          "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}


def plant(tree) -> set:
    """The repository, of links; returns the names of the models that must be refused."""
    for folder in SYNTHETIC.iterdir():
        if (folder / "1").is_dir():
            (tree / folder.name).symlink_to(folder)
    for path, manifest in OTHERS.items():
        folder = tree / path.rpartition("/")[2]
        folder.mkdir()
        for item in (MODELS / path).iterdir():
            (folder / item.name).symlink_to(item)
        if path.startswith("imagenet"):
            (folder / "labels.txt").symlink_to(MODELS / "imagenet" / "labels.txt")
        if manifest:
            (folder / "model.yaml").write_text(manifest)
    broken = sorted(SYNTHETIC.glob("broken/*.onnx"))
    for file in broken:
        folder = tree / f"broken_{file.stem}" / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").symlink_to(file)
    return {f"broken_{file.stem}" for file in broken}


def read(path):
    """What was found out about the models of a folder."""
    return json.loads((SHARED / path / "EXPECTED.json").read_text(encoding="utf-8"))


def at_once(check, items, n_threads=4):
    """Calls `check` for all items, a few at a time; the first that fails is raised."""
    with concurrent.futures.ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(check, items))


def array_of(tensor) -> numpy.ndarray:
    """The array of a tensor in JSON; texts are bytes."""
    kind, data = tensor["datatype"], tensor["data"]
    if kind == "BYTES":
        values = numpy.array([text.encode() for text in data], dtype=object)
    else:
        values = numpy.array([float(x) if isinstance(x, str) else x for x in data], dtype=DTYPES[kind])
    return values.reshape(tensor["shape"])


def to_bytes(array) -> bytes:
    if array.dtype == object:
        return b"".join(struct.pack("<I", len(text)) + text for text in array.ravel())
    return array.tobytes()


def from_bytes(data, kind, shape) -> numpy.ndarray:
    if kind != "BYTES":
        return numpy.frombuffer(data, DTYPES[kind]).reshape(shape)
    texts = []
    while data:
        (size,) = struct.unpack_from("<I", data)
        texts.append(data[4:4 + size])
        data = data[4 + size:]
    return numpy.array(texts, dtype=object).reshape(shape)


def kind_of(array) -> str:
    if array.dtype == object:
        return "BYTES"
    return next(kind for kind, code in DTYPES.items() if numpy.dtype(code) == array.dtype)


def path_of(model, version) -> str:
    return f"/v2/models/{model}/versions/{version}/infer"


def ask_bytes(client, model, arrays, version="1") -> httpx.Response:
    """An inference, all tensors as bytes."""
    blobs = [to_bytes(array) for array in arrays.values()]
    inputs = [{"name": name, "datatype": kind_of(array), "shape": list(array.shape),
               "parameters": {"binary_data_size": len(blob)}} for (name, array), blob in zip(arrays.items(), blobs)]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    return client.post(path_of(model, version), content=b"".join([head, *blobs]), timeout=60,
                       headers={"Inference-Header-Content-Length": str(len(head)),
                                "Content-Type": "application/octet-stream"})


def ask_json(client, model, tensors, version="1") -> httpx.Response:
    return client.post(path_of(model, version), json={"inputs": tensors}, timeout=60)


def outputs_of(answer) -> dict:
    """Name -> array, of an answer of either form."""
    assert answer.status_code == 200, answer.text[:300]
    at = int(answer.headers.get("inference-header-content-length", len(answer.content)))
    told, found = json.loads(answer.content[:at])["outputs"], {}
    for one in told:
        n_bytes = one.get("parameters", {}).get("binary_data_size")
        if n_bytes is None:
            found[one["name"]] = array_of(one)
        else:
            found[one["name"]] = from_bytes(answer.content[at:at + n_bytes], one["datatype"], one["shape"])
            at += n_bytes
    assert at == len(answer.content)
    return found


def infer(client, model, arrays, version="1") -> dict:
    return outputs_of(ask_bytes(client, model, arrays, version))


def assert_same(got, wanted, where=""):
    """The arrays, names and all; floats as another machine may have rounded them."""
    assert set(got) == {one["name"] for one in wanted}, where
    for one in wanted:
        array, expected = got[one["name"]], array_of(one)
        assert (kind_of(array), array.shape) == (one["datatype"], expected.shape), where
        if array.dtype.kind == "f":
            near = 1e-3 if array.dtype.itemsize == 2 else 1e-5
            numpy.testing.assert_allclose(array, expected, rtol=near, atol=1e-6, err_msg=where)
        else:
            assert (array == expected).all(), where
