"""Pictures that are broken, huge or made to hurt: 400 with the reason, in time, and the next one is served."""
import io
import json
import struct
import time
import zlib

import pytest
from PIL import Image

import pictures
from served import SHARED

PREDICT = "/api/v1/predict"


def ask(served, data):
    """A prediction for the bytes: (status, body)."""
    answer = served.ask("POST", PREDICT, [("Content-Type", "application/octet-stream")], data)
    return answer.status, json.loads(answer.body)


def assert_refused(served, data, within=1.0):
    start = time.monotonic()
    status, body = ask(served, data)
    assert (status, body["error"]) == (400, "INVALID_INPUT"), body
    assert body["message"] and body["detail"] == body["message"]
    assert time.monotonic() - start < within
    assert ask(served, pictures.SEVEN)[0] == 200


def encoded(kind, size=(64, 48), mode="RGB", **options):
    """A picture with something on it."""
    picture = Image.radial_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, colour, *chunks):
    """A PNG of these chunks behind its header."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def jpeg_of(width, height):
    """A good JPEG whose header claims another size."""
    data = encoded("JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4:]


@pytest.mark.parametrize("kind, mode, options", [
    ("PNG", "L", {}), ("PNG", "LA", {}), ("PNG", "RGB", {}), ("PNG", "RGBA", {}), ("PNG", "P", {}), ("PNG", "1", {}),
    ("PNG", "I;16", {}), ("JPEG", "L", {}), ("JPEG", "RGB", {}), ("JPEG", "CMYK", {}),
    ("JPEG", "RGB", {"progressive": True}), ("JPEG", "RGB", {"subsampling": 0})])
def test_every_kind_of_picture(digits, kind, mode, options):
    status, body = ask(digits, encoded(kind, mode=mode, **options))
    assert status == 200, body
    assert sum(prediction["confidence"] for prediction in body["predictions"]) <= 1.001


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (28, 28), (4000, 3000)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_every_size_of_picture(digits, kind, size):
    assert ask(digits, encoded(kind, size))[0] == 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_cut_at_every_length(digits, kind):
    """A picture that ends early is an answer or a refusal, never a fault."""
    data = encoded(kind, (40, 30))
    with digits.wire() as wire:
        for length in range(0, len(data), 7):
            answer = wire.ask("POST", PREDICT, [("Content-Type", "image/png")], data[:length])
            assert answer.status in (200, 400), length
            assert length > len(data) // 2 or answer.status == 400, length


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_flipped_bytes(digits, kind):
    data = encoded(kind, (40, 30))
    with digits.wire() as wire:
        for at in range(0, len(data), 5):
            broken = data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1:]
            assert wire.ask("POST", PREDICT, [("Content-Type", "image/png")], broken).status in (200, 400), at
            assert wire.ask("POST", PREDICT, [("Content-Type", "image/png")], data).status == 200, at


ZEROS = zlib.compress(bytes(1 << 20), 9)

HOSTILE = {
    "30000 x 30000 of one bit": png(30000, 30000, 1, 0, chunk(b"IDAT", zlib.compress(bytes(30000 * 3751), 9))),
    "2^31 wide": png(2**31 - 1, 2**31 - 1, 8, 2, chunk(b"IDAT", ZEROS)),
    "beyond 2^31": png(2**31, 2**32 - 1, 8, 2, chunk(b"IDAT", ZEROS)),
    "no width": png(0, 10, 8, 2, chunk(b"IDAT", ZEROS)),
    "one row, 2^31 long": png(2**31 - 1, 1, 1, 0, chunk(b"IDAT", ZEROS)),
    "65535 x 65535 JPEG": jpeg_of(65535, 65535),
    "JPEG without height": jpeg_of(64, 0),
    "JPEG without width": jpeg_of(0, 64),
    "no IDAT": png(10, 10, 8, 2),
    "depth 3": png(10, 10, 3, 0, chunk(b"IDAT", zlib.compress(bytes(100)))),
    "colour type 5": png(10, 10, 8, 5, chunk(b"IDAT", zlib.compress(bytes(400)))),
    "too little data": png(10, 10, 8, 2, chunk(b"IDAT", zlib.compress(b"x"))),
    "data that is no zlib": png(10, 10, 8, 2, chunk(b"IDAT", b"nonsense" * 9)),
    "palette colour without palette": png(10, 10, 8, 3, chunk(b"IDAT", zlib.compress(bytes(110)))),
    "chunk longer than the file": pictures.SEVEN[:33] + b"\x7f\xff\xff\xffIDAT" + b"x" * 50,
    "gif": b"GIF89a" + bytes(30), "bmp": b"BM" + bytes(60), "html": b"<html>", "svg": b"<svg/>",
    "webp head": b"RIFF\xff\xff\xff\xffWEBPVP8 ", "zip": b"PK\x03\x04" + bytes(40), "nul bytes": bytes(1000),
    "only a JPEG marker": b"\xff\xd8\xff", "JPEG of nothing": b"\xff\xd8\xff\xd9", "only a PNG signature": b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures(digits, name):
    assert_refused(digits, HOSTILE[name])


BOMBS = {"text": chunk(b"zTXt", b"a\0\0" + ZEROS), "profile": chunk(b"iCCP", b"a\0\0" + ZEROS),
         "international text": chunk(b"iTXt", b"a\0\1\0\0\0" + ZEROS)}


@pytest.mark.parametrize("name", BOMBS)
def test_zlib_bombs_beside_the_pixels(digits, name):
    """A megabyte of zeros in a few bytes, again and again: memory stays where it was."""
    data = png(10, 10, 8, 0, BOMBS[name] * 200, chunk(b"IDAT", zlib.compress(bytes(110))))
    before = digits.metrics()["process_resident_memory_bytes"]
    start = time.monotonic()
    assert ask(digits, data)[0] in (200, 400)
    assert time.monotonic() - start < 1
    assert digits.metrics()["process_resident_memory_bytes"] - before < 64 << 20


def test_huge_pictures_take_no_memory(digits):
    before = digits.metrics()["process_resident_memory_bytes"]
    for name in ("30000 x 30000 of one bit", "65535 x 65535 JPEG", "one row, 2^31 long"):
        assert ask(digits, HOSTILE[name])[0] == 400
    assert digits.metrics()["process_resident_memory_bytes"] - before < 64 << 20


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not there")
def test_edge_pictures(digits):
    folder = SHARED / "images" / "edge"
    good = {name for name, facts in json.loads((folder / "EDGE.json").read_text())["files"].items()
            if facts.get("full_decode") == "ok"}
    for path in sorted(folder.glob("*.[jp]*g")):
        status, body = ask(digits, path.read_bytes())
        assert status == 200 if path.name in good else status in (200, 400), (path.name, body)
