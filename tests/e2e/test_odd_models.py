"""Models as no exporter makes them, or as a disk leaves them: each is loaded or refused with a reason that helps, and
the server lives. The files are made here (onnx_writer.py)."""
import json

import numpy
import pytest

import onnx_writer as onnx
from served import serving, wait_until
from shared_models import DTYPES, ask_json, infer, outputs_of

KINDS = {*DTYPES, "BF16", "BYTES"}

ROWS = numpy.array([[1, 2], [3, 4]], "f4")
SCALE = numpy.arange(64, dtype="f4")
MANY = [f"X{i}" for i in range(256)]
ODD_NAMES = [("a name", "its output"), ("gr\u00fc\u00dfe \u4e16\u754c", "\U0001f600"), ("two\nlines", "tab\there"),
             ("\"quoted\"", "back\\slash"), ("../../etc/passwd", "%2e%00"), ("x" * 5000, "y" * 5000)]


def scaled(outside=None):
    """64 numbers that are multiplied by 0, 1, 2 and so on, which stand in the file or beside it."""
    return onnx.model([onnx.node("Mul", ["X", "scale"], ["Y"])], [onnx.value("X", "FP32", ["batch", 64])],
                      [onnx.value("Y", "FP32", ["batch", 64])], [onnx.constant("scale", SCALE, outside)])


def of_texts(*nodes):
    """Rows of two numbers -> "no" or "yes", and scores as the nodes make them."""
    linear = onnx.node("LinearClassifier", ["X"], ["label", "scores"], onnx.DOMAIN_ML,
                       coefficients=[-1.0, 0.0, 1.0, 0.0], intercepts=[0.0, 0.0], classlabels_strings=["no", "yes"],
                       post_transform="SOFTMAX", multi_class=0)
    scores = onnx.value("scores", "FP32", ["batch", 2])
    if nodes:
        scores = onnx.value_of("maps", onnx.sequence_of(onnx.map_of("BYTES", onnx.tensor_type("FP32", []))))
    return onnx.model([linear, *nodes], [onnx.value("X", "FP32", ["batch", 2])],
                      [onnx.value("label", "BYTES", ["batch"]), scores])


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz",
         *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]


def of_tokens(*nodes, output=("batch", "length", 8)):
    """Vectors of tokens (E) -> vectors of tokens or texts (Y), as the nodes make them."""
    table = numpy.random.default_rng(11).normal(0, 1, (len(WORDS), 8)).astype("f4")
    table[::7] *= 9  # some words are louder than others
    weights = numpy.random.default_rng(12).integers(-100, 100, (8, 8)).astype("i1")
    constants = [onnx.constant("table", table), onnx.constant("weights", weights),
                 onnx.constant("step", numpy.float32(0.01))]
    sides = [onnx.value(name, "INT64", ["batch", "length"]) for name in ("input_ids", "attention_mask")]
    used = onnx.node("Identity", ["attention_mask"], ["mask"])  # an input that nothing reads would be no input
    return onnx.model([onnx.node("Gather", ["table", "input_ids"], ["E"]), used, *nodes], sides,
                      [onnx.value("Y", "FP32", list(output)), onnx.value("mask", "INT64", ["batch", "length"])],
                      constants)


# Scaled by the largest and smallest number of all texts of a run, so that a text changes its neighbours' vectors.
QUANTISED = of_tokens(onnx.node("DynamicQuantizeLinear", ["E"], ["q", "scale", "zero"]),
                      onnx.node("MatMulInteger", ["q", "weights", "zero"], ["sums"]),
                      onnx.node("Cast", ["sums"], ["floats"], to=1), onnx.node("Mul", ["scale", "step"], ["unit"]),
                      onnx.node("Mul", ["floats", "unit"], ["Y"]))
CLASSES = of_tokens(onnx.node("ReduceMean", ["E"], ["M"], axes=[1], keepdims=0),
                    onnx.node("DynamicQuantizeLinear", ["M"], ["q", "scale", "zero"]),
                    onnx.node("DequantizeLinear", ["q", "scale", "zero"], ["Y"]), output=("batch", 8))
PLAIN = of_tokens(onnx.node("Tanh", ["E"], ["Y"]))
TEXT_MODELS = {"quantised": QUANTISED, "plain": PLAIN}

GOOD = {
    "no_inputs": onnx.model([onnx.node("Constant", [], ["Y"], value=onnx.constant("", ROWS))], [],
                            [onnx.value("Y", "FP32", [2, 2])]),
    "scalar": onnx.identity(shape=[]),
    "any_rank": onnx.identity(shape=None),
    "fixed": onnx.identity(shape=[2, 2]),
    "many_inputs": onnx.model([onnx.node("Sum", MANY, ["Y"])], [onnx.value(one, "FP32", ["n"]) for one in MANY],
                              [onnx.value("Y", "FP32", ["n"])]),
    "many_outputs": onnx.model([onnx.node("Identity", ["X"], [f"Y{i}"]) for i in range(256)],
                               [onnx.value("X", "FP32", ["n"])],
                               [onnx.value(f"Y{i}", "FP32", ["n"]) for i in range(256)]),
    "has_default": onnx.model([onnx.node("Add", ["X", "BIAS"], ["Y"])],
                              [onnx.value("X", "FP32", ["n", 2]), onnx.value("BIAS", "FP32", [2])],
                              [onnx.value("Y", "FP32", ["n", 2])], [onnx.constant("BIAS", numpy.float32([10, 20]))]),
    "unread": onnx.model([onnx.node("Identity", ["X"], ["Y"])],
                         [onnx.value("X", "FP32", ["n"]), onnx.value("Z", "FP32", ["n"])],
                         [onnx.value("Y", "FP32", ["n"])]),
    "handed_on": onnx.model([onnx.node("Neg", ["X"], ["Y"])], [onnx.value("X", "FP32", ["n", 2])],
                            [onnx.value("X", "FP32", ["n", 2]), onnx.value("Y", "FP32", ["n", 2])]),
    "bfloat": onnx.identity("BF16"), "half": onnx.identity("FP16"),
    "wants_company": onnx.identity(shape=[2], source="a" + "\u00e9" * 400),
    "empty": onnx.identity(shape=[0, 2]), "rank_9": onnx.identity(shape=["n"] + [1] * 8),
    "sequence": onnx.model([onnx.node("SequenceLength", ["X"], ["Y"])],
                           [onnx.value_of("X", onnx.sequence_of(onnx.tensor_type("FP32", ["n"])))],
                           [onnx.value("Y", "INT64", [])]),
    "optional": onnx.model([onnx.node("OptionalHasElement", ["X"], ["Y"])],
                           [onnx.value_of("X", onnx.optional(onnx.tensor_type("FP32", ["n"])))],
                           [onnx.value("Y", "BOOL", [])], opset=18),
    "eight_bits": onnx.model([onnx.node("Cast", ["X"], ["Y"], to=17)], [onnx.value("X", "FP32", ["n"])],
                             [onnx.value("Y", "FP8", ["n"])], opset=19, ir=9),
    "four_bits": onnx.model([onnx.node("Cast", ["X"], ["Y"], to=22)], [onnx.value("X", "FP32", ["n"])],
                            [onnx.value("Y", "INT4", ["n"])], opset=21, ir=10),
    "old": onnx.identity(opset=7, ir=3),
    "outside": scaled("model.onnx.data"),
    **TEXT_MODELS, "quantised_classes": CLASSES,
    "text_classes": of_texts(), "named_classes": of_texts(),
    "text_maps": of_texts(onnx.node("ZipMap", ["scores"], ["maps"], onnx.DOMAIN_ML, classlabels_strings=["no", "yes"])),
    **{f"odd_name_{i}": onnx.identity(source=source, target=target) for i, (source, target) in enumerate(ODD_NAMES)},
}
WHOLE = scaled()
CUTS = sorted({int(at) for at in numpy.random.default_rng(7).integers(1, len(WHOLE), 20)})
# Name -> (file, a word of the reason).
BAD = {
    "newer_opset": (onnx.identity(opset=999), "opset 999"),
    "newer_format": (onnx.identity(ir=999), "IR version: 999"),
    "nothing_there": (scaled("missing.data"), "missing.data"),
    "outside_the_folder": (scaled("../../secret.data"), "secret.data"),
    "absolute": (scaled("/etc/passwd"), "Absolute path not allowed"),
    "unknown_input": (onnx.model([onnx.node("Identity", ["Z"], ["Y"])], [onnx.value("X", "FP32", [1])],
                                 [onnx.value("Y", "FP32", [1])]), "Z"),
    "not_utf8": (onnx.identity(source=b"X\xff"), "not UTF-8: 'X?'"),
    "unknown_bytes": (onnx.model([onnx.node("Identity", [b"Z\xff"], ["Y"])], [onnx.value("X", "FP32", [1])],
                                 [onnx.value("Y", "FP32", [1])]), "'Z?' is not a graph input"),
    "wrong_type": (onnx.model([onnx.node("Identity", ["X"], ["Y"])], [onnx.value("X", "FP32", [1])],
                              [onnx.value("Y", "INT64", [1])]), "Type"),
    "two_of_a_name": (onnx.model([onnx.node("Identity", ["X"], ["Y"])] * 2, [onnx.value("X", "FP32", [1])],
                                 [onnx.value("Y", "FP32", [1])]), "Y"),
    **{f"cut_at_{at}": (WHOLE[:at], "") for at in CUTS},
}


def plant(tree):
    for name, data in [*GOOD.items(), *((name, data) for name, (data, _) in BAD.items())]:
        folder = tree / name / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(data)
    (tree / "outside" / "1" / "model.onnx.data").write_bytes(SCALE.tobytes())
    (tree / "quantised_classes" / "model.yaml").write_text("task: text-classification\npostprocess: {top_k: 8}\n")
    (tree / "named_classes" / "labels.txt").write_text("no\nyes\n")
    (tree / "wants_company" / "model.yaml").write_text("batching: {max_size: 8}\n")
    for name in (*TEXT_MODELS, "quantised_classes"):
        (tree / name / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    (tree / "secret.data").write_bytes(SCALE.tobytes())


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """A client, and the first version of every model."""
    tree = tmp_path_factory.mktemp("odd")
    plant(tree)
    folders = [path for path in sorted(tree.iterdir()) if path.is_dir()]
    with serving("serval", "serve", *folders, "--log-level", "off") as served, served.client() as client:
        def find():
            models = client.get("/api/v1/models").json()["models"]
            found = {model["name"]: model["versions"][0] for model in models}
            return found if {one["state"] for one in found.values()} <= {"ready", "failed"} else None

        yield client, wait_until(find, 60)


@pytest.fixture
def client(states):
    return states[0]


@pytest.mark.parametrize("name", GOOD)
def test_is_loaded(states, name):
    client, found = states
    assert found[name]["state"] == "ready", found[name]
    told = client.get(f"/v2/models/{name}").json()
    assert told["name"] == name and all(one["datatype"] in KINDS for one in told["inputs"] + told["outputs"])


@pytest.mark.parametrize("name", BAD)
def test_is_refused(states, name):
    client, found = states
    assert found[name]["state"] == "failed" and BAD[name][1].lower() in found[name]["reason"].lower(), found[name]
    assert len(found[name]["reason"]) > 20 and "onnxruntime_src" not in found[name]["reason"]
    answer = client.post(f"/v2/models/{name}/infer", json={"inputs": []})
    assert answer.status_code == 503 and answer.json()["error"], answer.text
    assert client.get("/health").status_code == 200


def test_answers_without_inputs(client):
    answer = ask_json(client, "no_inputs", [])
    assert answer.status_code == 200, answer.text
    assert (outputs_of(answer)["Y"] == ROWS).all()
    answer = client.post("/api/v1/models/no_inputs/predict", json={"inputs": {}})
    assert answer.status_code == 200 and answer.json()["outputs"]["Y"] == ROWS.tolist()


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1,) * 8])
def test_any_rank(client, shape):
    given = numpy.arange(numpy.prod(shape, dtype=int), dtype="f4").reshape(shape)
    made = infer(client, "any_rank", {"X": given})["Y"]
    assert made.shape == shape and (made == given).all()


def test_no_rows_of_any_rank(client):
    """What would come out cannot be told without the engine, and it is not asked: it may end the process."""
    answer = ask_json(client, "any_rank", [{"name": "X", "datatype": "FP32", "shape": [0], "data": []}])
    assert answer.status_code == 400 and "is empty" in answer.text


def test_ranks_and_lengths_that_do_not_fit(client):
    """Of a scalar the engine does not tell that it is one."""
    for name, shape, status in (("scalar", (), 200), ("scalar", (1,), 200), ("fixed", (2, 2), 200),
                                ("fixed", (3, 2), 400), ("fixed", (2,), 400), ("fixed", (), 400)):
        tensor = {"name": "X", "datatype": "FP32", "shape": list(shape), "data": [1.0] * int(numpy.prod(shape))}
        assert ask_json(client, name, [tensor]).status_code == status, (name, shape)


def test_many_inputs_and_outputs(client):
    given = {one: numpy.array([i, 1], "f4") for i, one in enumerate(MANY)}
    assert infer(client, "many_inputs", given)["Y"].tolist() == [255 * 128, 256]
    given.pop("X77")
    assert ask_json(client, "many_inputs", [tensor_of(*one) for one in given.items()]).status_code == 400
    made = infer(client, "many_outputs", {"X": ROWS[0]})
    assert len(made) == 256 and all((one == ROWS[0]).all() for one in made.values())


def tensor_of(name, array):
    return {"name": name, "datatype": "FP32", "shape": list(array.shape), "data": array.ravel().tolist()}


@pytest.mark.parametrize("number", range(len(ODD_NAMES)))
def test_odd_names(client, number):
    source, target = ODD_NAMES[number]
    name = f"odd_name_{number}"
    told = client.get(f"/v2/models/{name}").json()
    assert (told["inputs"][0]["name"], told["outputs"][0]["name"]) == (source, target)
    assert (infer(client, name, {source: ROWS})[target] == ROWS).all()
    assert (outputs_of(ask_json(client, name, [tensor_of(source, ROWS)]))[target] == ROWS).all()
    answer = client.post(f"/api/v1/models/{name}/predict", json={"inputs": {source: ROWS.tolist()}})
    assert answer.status_code == 200 and answer.json()["outputs"][target] == ROWS.tolist(), answer.text
    refused = ask_json(client, name, [tensor_of(source + "?", ROWS)])
    assert refused.status_code == 400 and refused.json()["error"]


def test_an_input_with_a_default(client):
    """The model has a value of its own for it; it is no input that has to be sent."""
    assert [one["name"] for one in client.get("/v2/models/has_default").json()["inputs"]] == ["X"]
    assert infer(client, "has_default", {"X": ROWS})["Y"].tolist() == [[11, 22], [13, 24]]


def test_an_input_that_is_an_output(client):
    """The engine hands it on as the memory of the request, which ends before the answer is written."""
    for _ in range(20):
        made = infer(client, "handed_on", {"X": ROWS})
        assert (made["X"] == ROWS).all() and (made["Y"] == -ROWS).all()
    made = outputs_of(ask_json(client, "handed_on", [tensor_of("X", ROWS)]))
    assert (made["X"] == ROWS).all()
    answer = client.post("/api/v1/models/handed_on/predict", json={"inputs": {"X": ROWS.tolist()}})
    assert answer.json()["outputs"]["X"] == ROWS.tolist()


def test_an_input_that_nothing_reads_is_wanted(client):
    assert infer(client, "unread", {"X": ROWS[0], "Z": ROWS[1]})["Y"].tolist() == [1, 2]
    assert ask_json(client, "unread", [tensor_of("X", ROWS[0])]).status_code == 400


def test_halves(client):
    halves = numpy.float16([[1.5, -65504], [6e-8, 0]])
    assert (infer(client, "half", {"X": halves})["Y"] == halves).all()
    bits = numpy.uint16([[0x3fc0, 0xff7f], [0x0001, 0x8000]])  # numpy has no such type: the bytes are what counts
    head = json.dumps({"inputs": [{"name": "X", "datatype": "BF16", "shape": [2, 2],
                                   "parameters": {"binary_data_size": 8}}],
                       "parameters": {"binary_data_output": True}}).encode()
    answer = client.post("/v2/models/bfloat/infer", content=head + bits.tobytes(),
                         headers={"Inference-Header-Content-Length": str(len(head))})
    assert answer.status_code == 200 and answer.content[-8:] == bits.tobytes()
    assert b'"datatype":"BF16"' in answer.content
    given = {"name": "X", "datatype": "BF16", "shape": [1, 2], "data": [1, 2]}
    assert ask_json(client, "bfloat", [given]).status_code == 400
    answer = client.post("/api/v1/models/bfloat/predict", json={"inputs": {"X": [[1.5, -2]]}})
    assert answer.status_code == 200 and answer.json()["outputs"]["Y"] == [[1.5, -2]]


def test_a_tensor_of_nothing_only(client):
    assert infer(client, "empty", {"X": numpy.zeros((0, 2), "f4")})["Y"].shape == (0, 2)
    assert ask_json(client, "empty", [tensor_of("X", ROWS)]).status_code == 400


@pytest.mark.parametrize("name, why", [
    ("sequence", "'X' is a sequence, which cannot be sent"),
    ("optional", "'X' is a value that may be absent, which cannot be sent"),
    ("rank_9", "'X' is a tensor of more than 8 dimensions, which cannot be sent"),
    ("eight_bits", "'Y' is a tensor of another datatype, which cannot be sent"),
    ("four_bits", "'Y' is a tensor of another datatype, which cannot be sent")])
def test_what_no_client_can_send_or_take(client, name, why):
    """Such models load, for the engine runs them; who asks is told."""
    answer = client.post(f"/api/v1/models/{name}/predict", json={"inputs": {"X": [1, 2]}})
    assert answer.status_code == 400 and why in answer.json()["message"], answer.text
    answer = ask_json(client, name, [tensor_of("X", ROWS[0])])
    assert answer.status_code == 400 and answer.json()["error"]


def test_weights_beside_the_model(client):
    rows = numpy.ones((3, 64), "f4")
    assert (infer(client, "outside", {"X": rows})["Y"] == SCALE).all()


@pytest.mark.parametrize("name", ["text_classes", "named_classes", "text_maps"])
def test_classes_that_are_texts(client, name):
    """As a tensor of scores, or as maps from a class to its score: a table tells both alike, once a file names them."""
    rows = [[-2, 0], [2, 0], [0.25, 0]]
    answer = client.post(f"/api/v1/models/{name}/predict", json={"rows": rows})
    assert answer.status_code == 200, answer.text
    found = answer.json()["predictions"]
    assert [one["label"] for one in found] == ["no", "yes", "yes"]
    for (x, _), one in zip(rows, found):
        yes = 1 / (1 + numpy.exp(-2 * x))
        names = ["0", "1"] if name == "text_classes" else ["no", "yes"]
        assert list(one["probabilities"]) == names
        assert numpy.allclose(list(one["probabilities"].values()), [1 - yes, yes], atol=1e-5)
        assert abs(one["confidence"] - max(yes, 1 - yes)) < 1e-5


def test_maps_are_no_tensors(client):
    """They have no datatype of the protocol, so metadata leaves them out; who asks for all is told why not."""
    told = client.get("/v2/models/text_maps").json()["outputs"]
    assert told == [{"name": "label", "datatype": "BYTES", "shape": [-1]}]
    told = client.get("/v2/models/text_maps/config").json()["output"]
    assert [(one["name"], one["data_type"]) for one in told] == [("label", "TYPE_STRING")]
    inputs = [tensor_of("X", ROWS)]
    answer = client.post("/v2/models/text_maps/infer", json={"inputs": inputs})
    assert answer.status_code == 400 and "sequence of maps" in answer.json()["error"]
    answer = client.post("/v2/models/text_maps/infer", json={"inputs": inputs, "outputs": [{"name": "label"}]})
    assert answer.status_code == 200 and answer.json()["outputs"][0]["data"] == ["yes", "yes"]


TEXTS = ["a", "gg", "the quick brown fox jumps over the lazy dog", "a", "ab c", "zzz zzz zzz", "o", "never mind",
         "h", "hello"] * 4


def embed(client, model, text):
    answer = client.post("/embed", json={"text": text, "model": model})
    assert answer.status_code == 200, answer.text
    return numpy.array(answer.json()["embeddings" if isinstance(text, list) else "embedding"])


@pytest.mark.parametrize("model", TEXT_MODELS)
def test_a_list_of_texts_equals_each_alone(client, model):
    """Also where texts that share a run would change each other: those are found out at loading, and do not share."""
    alone = numpy.array([embed(client, model, text) for text in TEXTS])
    assert numpy.abs(embed(client, model, TEXTS) - alone).max() < 1e-5
    assert numpy.abs(embed(client, model, TEXTS[::-1]) - alone[::-1]).max() < 1e-5


def test_a_list_of_texts_has_the_classes_of_each_alone(client):
    def classify(text):
        answer = client.post("/api/v1/models/quantised_classes/predict", json={"text": text})
        assert answer.status_code == 200, answer.text
        return [one["probabilities"] for one in answer.json()["predictions"]]

    for text, together in zip(TEXTS, classify(TEXTS)):
        (alone,) = classify(text)
        assert alone.keys() == together.keys()
        assert all(abs(alone[key] - together[key]) < 2e-6 for key in alone), text


@pytest.mark.parametrize("model", ["quantised", "quantised_classes"])
def test_rows_that_change_each_other(client, model):
    """The models are such: a row of a tensor is not as it is alone."""
    one, two = (numpy.array([[2, 5 + at, 3]], "i8") for at in (2, 20))
    both = numpy.concatenate([one, two])
    alone = infer(client, model, {"input_ids": two, "attention_mask": numpy.ones_like(two)})["Y"][0]
    together = infer(client, model, {"input_ids": both, "attention_mask": numpy.ones_like(both)})["Y"][1]
    assert numpy.abs(alone - together).max() > 1e-3
