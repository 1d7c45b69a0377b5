"""The same work as bench_media.c by Pillow and NumPy, as users of torchvision get it. Usage: media_pillow.py PICTURE [SECONDS]

Prints the least of many rounds, in milliseconds of CPU."""
import io
import sys
import time

import numpy as np
from PIL import Image, __version__, features

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
ROUND = 10


def decode(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def resize(image, side=256):
    width, height = image.size
    size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
    return image.resize(size, Image.BILINEAR)


def crop(image, side=224):
    left, top = (round((length - side) / 2.0) for length in image.size)
    return image.crop((left, top, left + side, top + side))


def normalise(image):
    pixels = np.asarray(image, np.float32) / 255
    return np.ascontiguousarray(((pixels - MEAN) / STD).transpose(2, 0, 1))


def measure(work, seconds):
    least, end = 1e9, time.process_time() + seconds
    while (start := time.process_time()) < end:
        for _ in range(ROUND):
            work()
        least = min(least, (time.process_time() - start) / ROUND)
    return least * 1e3


def main():
    data = open(sys.argv[1], "rb").read()
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    image = decode(data)
    print(f"Pillow {__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}, NumPy {np.__version__}")
    stages = {
        "decode": lambda: decode(data),
        "resize": lambda: resize(image),
        "crop + normalise": lambda: normalise(crop(resized)),
        "decode + resize + normalise": lambda: normalise(crop(resize(decode(data)))),
    }
    resized = resize(image)
    for name, work in stages.items():
        print(f"{name:28} {measure(work, seconds):7.3f} ms")


main()
