"""Makes the pictures of this folder, and what Pillow makes of them. Usage: make.py (needs Pillow 13, NumPy)

png/ jpeg/ webp/   pictures, drawn here
expected/          raw pixels, row by row: NAME.rgb (3 bytes a pixel) for each picture, resize.bin, preprocess/CASE.rgb
"""
import io
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
FILTERS = {0: Image.BILINEAR, 1: Image.BICUBIC, 2: Image.NEAREST}  # numbers of sv_interpolation


def write(path, data):
    path = os.path.join(HERE, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def pattern(width, height, channels):
    """Pixels that any language computes alike: tests in C draw the same."""
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return ((x * x * 7 + y * y * 13 + x * y * 5 + c * 71 + (x ^ y) * 3) & 255).astype(np.uint8)


def drawing(width, height):
    """Something like a photograph: smooth shades, round and straight edges, a little grain."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    x, y = x / width, y / height
    red = 90 + 120 * x + 30 * np.sin(9 * y)
    green = 60 + 150 * y * (1 - x)
    blue = 200 - 140 * np.hypot(x - 0.3, y - 0.6)
    disc = np.hypot((x - 0.65) * width / height, y - 0.4) < 0.22
    stripe = ((x * 31 + y * 17) % 5 < 1) & (y > 0.7)
    image = np.stack([red, green, blue], -1)
    image[disc] = image[disc] * 0.3 + np.array([170, 120, 20])
    image[stripe] = 235
    grain = pattern(width, height, 3).astype(np.float64) / 255 - 0.5
    return Image.fromarray(np.clip(image + grain * 9, 0, 255).astype(np.uint8))


# PNG, written by ourselves: Pillow writes neither interlaced nor most of the rarer types.

PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pack_rows(samples, depth):
    """samples [height, width, channels] -> filtered (type 0) rows of big-endian bits."""
    rows = b""
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            packed = flat.astype(">u2").tobytes()
        elif depth == 8:
            packed = flat.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(value), f"0{depth}b") for value in flat)
            bits += "0" * (-len(bits) % 8)
            packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
        rows += b"\0" + packed
    return rows


def png(samples, depth, colour_type, interlaced, extra=b""):
    height, width = samples.shape[:2]
    if interlaced:
        parts = [samples[y0::dy, x0::dx] for x0, y0, dx, dy in PASSES]
        data = b"".join(pack_rows(part, depth) for part in parts if part.size)
    else:
        data = pack_rows(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data, 9))
            + chunk(b"IEND", b""))


def palette(entries):
    return chunk(b"PLTE", bytes((i * 37 + c * 90) & 255 for i in range(entries) for c in range(3)))


def make_pngs():
    width, height = 13, 11
    kinds = []  # name, colour type, channels, depth, chunks before the data
    for depth in (1, 2, 4, 8, 16):
        kinds.append((f"grey{depth}", 0, 1, depth, b""))
    for depth in (1, 2, 4, 8):
        kinds.append((f"palette{depth}", 3, 1, depth, palette(1 << depth)))
    for depth in (8, 16):
        kinds.append((f"rgb{depth}", 2, 3, depth, b""))
        kinds.append((f"grey_alpha{depth}", 4, 2, depth, b""))
        kinds.append((f"rgba{depth}", 6, 4, depth, b""))
    kinds.append(("grey8_transparent", 0, 1, 8, chunk(b"tRNS", b"\0\x07")))
    kinds.append(("rgb8_transparent", 2, 3, 8, chunk(b"tRNS", b"\0\x07\0\x4e\0\x95")))
    kinds.append(("palette8_transparent", 3, 1, 8, palette(256) + chunk(b"tRNS", bytes(range(200)))))
    for name, colour_type, channels, depth, extra in kinds:
        samples = pattern(width, height, channels).astype(np.uint32) * 257
        samples = (samples + (0x55 if depth == 16 else 0)) & 0xFFFF
        samples = samples >> (16 - depth)
        for interlaced in (False, True):
            data = png(samples, depth, colour_type, interlaced, extra)
            write(f"png/{name}{'_interlaced' if interlaced else ''}.png", data)
        if name == "grey16":  # Pillow clips 16-bit grey to 255; we keep the upper byte, as it does for colour
            expected = np.repeat((samples >> 8).astype(np.uint8), 3, -1)
        else:
            expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        write(f"expected/{name}.rgb", expected.tobytes())
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    data = png(pattern(width, height, 3), 8, 2, False, chunk(b"eXIf", exif))
    write("png/orientation_6.png", data)
    write("expected/png_orientation_6.rgb", np.rot90(pattern(width, height, 3), -1).tobytes())


def upright(data):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


def save(image, path, expected, **options):
    data = io.BytesIO()
    image.save(data, **options)
    write(path, data.getvalue())
    write(f"expected/{expected}.rgb", upright(data.getvalue()).tobytes())


def make_jpegs():
    image = drawing(45, 35)
    save(image.convert("L"), "jpeg/grey.jpg", "grey", format="JPEG", quality=85)
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        save(image, f"jpeg/{name}.jpg", name, format="JPEG", quality=85, subsampling=subsampling)
    save(image, "jpeg/progressive.jpg", "progressive", format="JPEG", quality=85, progressive=True)
    save(image, "jpeg/restart.jpg", "restart", format="JPEG", quality=85, restart_marker_blocks=2)
    save(image.convert("CMYK"), "jpeg/cmyk.jpg", "cmyk", format="JPEG", quality=95)
    small = drawing(24, 16)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        name = f"orientation_{orientation}"
        save(small, f"jpeg/{name}.jpg", name, format="JPEG", quality=85, subsampling=0, exif=exif)


def make_webps():
    image = drawing(45, 35)
    save(image, "webp/lossy.webp", "webp_lossy", format="WEBP", quality=80)
    save(image, "webp/lossless.webp", "webp_lossless", format="WEBP", lossless=True)
    clear = image.copy()
    clear.putalpha(Image.fromarray(pattern(45, 35, 1)[..., 0]))
    save(clear, "webp/alpha.webp", "webp_alpha", format="WEBP", lossless=True, exact=True)
    exif = Image.Exif()
    exif[0x0112] = 8
    save(drawing(24, 16), "webp/orientation_8.webp", "webp_orientation_8", format="WEBP", lossless=True, exif=exif)
    frames = io.BytesIO()
    image.save(frames, format="WEBP", save_all=True, append_images=[image.rotate(180)])
    write("webp/animated.webp", frames.getvalue())


def make_resizes():
    """resize.bin: records of six little-endian u16 (channels, filter, width, height, new width, new height) and the pixels."""
    sizes = [((37, 29), (16, 16)), ((37, 29), (48, 40)), ((37, 29), (37, 10)), ((37, 29), (5, 29)), ((37, 29), (1, 1)),
             ((60, 45), (24, 18)), ((12, 90), (11, 20)), ((90, 12), (20, 11)), ((3, 2), (20, 20)), ((1, 1), (4, 3)),
             ((200, 13), (50, 3)), ((31, 31), (30, 32)), ((144, 9), (18, 18))]
    out = b""
    for channels in (1, 3):
        for number, method in FILTERS.items():
            for (width, height), new in sizes:
                pixels = pattern(width, height, channels)
                image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels).resize(new, method)
                out += struct.pack("<6H", channels, number, width, height, *new) + image.tobytes()
    write("expected/resize.bin", out)


def crop(image, width, height):
    left, top = int(round((image.width - width) / 2.0)), int(round((image.height - height) / 2.0))
    return image.crop((left, top, left + width, top + height))


def shorter_to(image, side, method):
    width, height = image.size
    size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
    return image.resize(size, method)


def centre_square(image, fraction):
    width, height = image.size
    side = int(fraction * min(width, height))
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    return image.crop((left, top, left + side, top + side))


def make_preprocessed():
    small, large = io.BytesIO(), io.BytesIO()
    drawing(120, 83).save(small, format="JPEG", quality=85)
    exif = Image.Exif()
    exif[0x0112] = 6
    drawing(803, 602).save(large, format="JPEG", quality=60, exif=exif)
    write("jpeg/small.jpg", small.getvalue())
    write("jpeg/large.jpg", large.getvalue())
    for name, data in (("small", small.getvalue()), ("large", large.getvalue())):
        image = upright(data)
        ways = {
            "crop": crop(shorter_to(image, 40, Image.BILINEAR), 32, 32),
            "crop_odd": crop(shorter_to(image, 41, Image.BICUBIC), 30, 22),
            "nearest": crop(shorter_to(image, 40, Image.NEAREST), 32, 32),
            "squash": image.resize((20, 30), Image.BILINEAR),
            "fraction": centre_square(image, 0.875).resize((32, 32), Image.BICUBIC),
            "grey": crop(shorter_to(image.convert("L"), 40, Image.BILINEAR), 32, 32),
        }
        for way, result in ways.items():
            write(f"expected/preprocess/{name}_{way}.rgb", result.tobytes())


make_pngs()
make_jpegs()
make_webps()
make_resizes()
make_preprocessed()
