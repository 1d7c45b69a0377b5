"""Pictures of digits: the normalised form the models see, random variations, drawings by script.

What a user sends is seldom as neat as the data set: black on white or white on black, off
centre, thin or thick, on paper with shadows. `normalise` is what the models' own graphs begin
with; `vary` makes the rest of it part of training; `draw` makes pictures of another origin.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 28
BORDER = np.ones((SIDE, SIDE), bool)
BORDER[2:-2, 2:-2] = False  # two pixels around: nearly always background


def normalise(x: np.ndarray) -> np.ndarray:
    """[n, 28, 28] of any contrast and polarity -> ink 1, ground 0. The graphs do the same."""
    low, high = x.min((1, 2), keepdims=True), x.max((1, 2), keepdims=True)
    x = (x - low) / np.maximum(high - low, np.float32(1e-3))
    bright = x[:, BORDER].mean(1)[:, None, None] > 0.5
    return np.where(bright, 1 - x, x).astype(np.float32)


def warp(x: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Bilinear. Output pixel at p (from the centre) comes from matrix @ p + shift; outside is 0."""
    n = len(x)
    centre = (SIDE - 1) / 2
    ys, xs = np.mgrid[:SIDE, :SIDE].reshape(2, -1).astype(np.float32) - np.float32(centre)
    source = matrix.astype(np.float32) @ np.stack([xs, ys]) + shift[:, :, None].astype(np.float32)
    source = np.clip(source + np.float32(centre), -1, SIDE) + 1  # in the padded picture
    corner = source.astype(np.int32)
    fx, fy = (source - corner).transpose(1, 0, 2)
    wide = SIDE + 3
    flat = np.pad(x, ((0, 0), (1, 2), (1, 2))).reshape(-1)
    at = corner[:, 1] * wide + corner[:, 0] + (np.arange(n) * wide * wide)[:, None]
    upper = flat[at] * (1 - fx) + flat[at + 1] * fx
    lower = flat[at + wide] * (1 - fx) + flat[at + wide + 1] * fx
    return (upper * (1 - fy) + lower * fy).reshape(n, SIDE, SIDE)


def vary(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Normalised digits turned, scaled, slanted, moved, thickened or thinned, some on bad paper."""
    n = len(x)

    def between(low, high):
        return rng.uniform(low, high, n)

    strength = rng.random(n)
    angle = strength * between(-0.3, 0.3)
    size = np.exp(strength * between(-0.45, 0.25))
    aspect = np.exp(strength * between(-0.2, 0.2))
    slant = strength * between(-0.3, 0.3)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1)
    form = np.stack([np.stack([aspect, slant], 1), np.stack([0 * slant, 1 / aspect], 1)], 1)
    matrix = turn @ form / size[:, None, None]
    room = strength * (2.5 + 8 * np.maximum(1 - size, 0))  # the smaller, the further it may move
    shift = np.stack([room * between(-1, 1), room * between(-1, 1)], 1)
    x = warp(x, matrix, shift / size[:, None])

    right, down = np.pad(x, ((0, 0), (0, 0), (1, 0)))[:, :, :-1], np.pad(x, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    thick, thin = np.maximum(np.maximum(x, right), down), np.minimum(np.minimum(x, right), down)
    pen = (strength * between(-0.6, 1))[:, None, None]
    x = np.where(pen > 0, x + pen * (thick - x), x + pen * (x - thin))
    x = np.minimum(x * np.exp(strength * between(0, 0.8))[:, None, None], 1)

    some = np.flatnonzero(rng.random(n) < 0.3)
    slope = rng.uniform(-0.2, 0.2, (2, len(some), 1, 1))
    line = np.linspace(-1, 1, SIDE)
    ground = slope[0] * line + slope[1] * line[:, None]
    noise = rng.normal(0, 1, (len(some), SIDE, SIDE)) * rng.uniform(0, 0.08, (len(some), 1, 1))
    x[some] = x[some] + (ground + noise) * (1 - x[some])
    return normalise(x)


# Strokes of each digit: points in a unit square, y down; a curve is laid through them.
STROKES = [
    [[(.5, .02), (.2, .2), (.12, .5), (.2, .82), (.5, .98), (.8, .82), (.88, .5), (.8, .2), (.5, .02)]],
    [[(.3, .25), (.55, .02)], [(.55, .02), (.53, .5), (.52, .98)]],
    [[(.15, .25), (.3, .05), (.6, .02), (.82, .2), (.75, .45), (.45, .72), (.15, .95)],
     [(.15, .95), (.5, .93), (.88, .96)]],
    [[(.18, .1), (.5, .02), (.78, .18), (.68, .4), (.42, .48)],
     [(.42, .48), (.75, .56), (.85, .78), (.6, .97), (.3, .96), (.12, .85)]],
    [[(.3, .04), (.22, .3), (.14, .58)], [(.14, .58), (.5, .59), (.9, .56)],
     [(.7, .1), (.67, .5), (.66, .98)]],
    [[(.25, .04), (.22, .25), (.18, .45)],
     [(.18, .45), (.45, .36), (.75, .45), (.84, .7), (.62, .94), (.35, .97), (.12, .86)],
     [(.25, .04), (.55, .05), (.82, .03)]],
    [[(.7, .03), (.4, .2), (.2, .5), (.17, .78), (.4, .98), (.7, .92), (.8, .7), (.62, .53),
      (.35, .58), (.19, .75)]],
    [[(.12, .06), (.5, .05), (.86, .05)], [(.86, .05), (.65, .4), (.5, .7), (.42, .98)]],
    [[(.72, .12), (.48, .02), (.24, .14), (.3, .35), (.55, .48), (.8, .68), (.75, .9), (.48, .98),
      (.22, .88), (.22, .68), (.5, .48), (.72, .3), (.72, .12)]],
    [[(.8, .2), (.55, .03), (.25, .12), (.2, .36), (.45, .5), (.7, .4), (.8, .2)],
     [(.8, .2), (.76, .55), (.68, .98)]],
]


def curve(points: np.ndarray) -> np.ndarray:
    """Points along a Catmull-Rom spline through the given ones."""
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, 24)[:, None]
    return np.concatenate([
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2 + (3 * b - a - 3 * c + d) * t ** 3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:])])


def draw(digit: int, rng: np.random.Generator, side: int = 280) -> Image.Image:
    """Black on white, as if drawn with a round brush on a square canvas; each time a bit different."""
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    height = rng.uniform(0.5, 0.8)
    width = height * rng.uniform(0.55, 0.8)
    corner = np.array([(1 - width) / 2, (1 - height) / 2]) + rng.uniform(-0.08, 0.08, 2)
    slant, radius = rng.uniform(-0.25, 0.1), side * rng.uniform(0.022, 0.045)
    for stroke in STROKES[digit]:
        points = np.array(stroke)
        points[1:-1] += rng.normal(0, 0.02, points[1:-1].shape)
        points = curve(points)
        points[:, 0] -= slant * (points[:, 1] - 0.5)
        for x, y in (points * [width, height] + corner) * side:
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return image


def paper(digit: int, rng: np.random.Generator, side: int = 640) -> Image.Image:
    """A drawing that looks like a photo of paper: grey, unevenly lit, grainy, a little out of focus."""
    ink = np.asarray(draw(digit, rng, side).filter(ImageFilter.GaussianBlur(2)), np.float32) / 255
    line = np.linspace(-1, 1, side)
    light = 205 + 22 * line - 16 * line[:, None] - 10 * (line ** 2 + line[:, None] ** 2)
    page = (0.22 + 0.78 * ink) * light + rng.normal(0, 3, (side, side))
    tint = np.array([1.0, 0.985, 0.95])
    return Image.fromarray(np.clip(page[:, :, None] * tint, 0, 255).astype(np.uint8))
