"""Small ONNX files, written as the bytes they are (protocol buffers), for models that no exporter would make."""
import struct

import numpy

DOMAIN_ML = "ai.onnx.ml"
KINDS = {"FP32": 1, "UINT8": 2, "INT8": 3, "INT32": 6, "INT64": 7, "BYTES": 8, "BOOL": 9, "FP16": 10, "BF16": 16,
         "FP8": 17, "INT4": 22}
KINDS_OF_ARRAYS = {"f4": 1, "u1": 2, "i1": 3, "i4": 6, "i8": 7}


def varint(value) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytearray([value]))


def field(number, value) -> bytes:
    """One field; a list repeats it, None leaves it out."""
    if value is None:
        return b""
    if isinstance(value, (list, tuple)):
        return b"".join(field(number, one) for one in value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(**fields) -> bytes:
    """f1=…, f2=…: fields by number."""
    return b"".join(field(int(name[1:]), value) for name, value in fields.items())


def tensor_type(kind, shape) -> bytes:
    """Lengths are numbers, or names where any will do; shape None: any."""
    dims = [message(f2=one) if isinstance(one, str) else message(f1=one) for one in shape or ()]
    shape = None if shape is None else field(1, dims)
    return message(f1=message(f1=KINDS[kind], f2=shape))


def sequence_of(of) -> bytes:
    return message(f4=message(f1=of))


def map_of(key_kind, of) -> bytes:
    return message(f5=message(f1=KINDS[key_kind], f2=of))


def optional(of) -> bytes:
    return message(f9=message(f1=of))


def value(name, kind, shape) -> bytes:
    """An input or output that is a tensor."""
    return value_of(name, tensor_type(kind, shape))


def value_of(name, type_) -> bytes:
    return message(f1=name, f2=type_)


def constant(name, array, outside=None) -> bytes:
    """A tensor of the model's own; `outside`: in that file beside it."""
    array = numpy.asarray(array)
    fields = {"f1": [int(n) for n in array.shape], "f2": KINDS_OF_ARRAYS[array.dtype.str[1:]], "f8": name}
    if outside:
        return message(**fields, f13=message(f1="location", f2=outside), f14=1)
    return message(**fields, f9=array.tobytes())


def attribute(name, given) -> bytes:
    """Numbers, texts, a tensor as bytes, and lists of numbers or texts."""
    first = given[0] if isinstance(given, list) else given
    at, type_ = {float: (2, 1), int: (3, 2), str: (4, 3), bytes: (5, 4)}[type(first)]
    if isinstance(given, list):
        at, type_ = at + 5, type_ + 5
    return message(f1=name, **{f"f{at}": given}, f20=type_)


def node(kind, inputs, outputs, domain=None, **attributes) -> bytes:
    made = [attribute(*one) for one in attributes.items()]
    return message(f1=inputs, f2=outputs, f4=kind, f5=made, f7=domain)


def model(nodes, inputs, outputs, constants=(), opset=17, ir=8) -> bytes:
    graph = message(f1=list(nodes), f2="made", f5=list(constants), f11=list(inputs), f12=list(outputs))
    opsets = [message(f1="", f2=opset), message(f1=DOMAIN_ML, f2=3)]
    return message(f1=ir, f2="tests", f7=graph, f8=opsets)


def identity(kind="FP32", shape=("batch", 2), source="X", target="Y", **more) -> bytes:
    return model([node("Identity", [source], [target])], [value(source, kind, shape)], [value(target, kind, shape)],
                 **more)
