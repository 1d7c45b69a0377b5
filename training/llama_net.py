"""A small network of llama.cpp's architecture `llama`, in JAX: its answer to tokens, and one step of training.

RMS norm, rotary positions on neighbouring pairs (llama.cpp's order, so nothing is permuted on the way
out), grouped keys and values, SwiGLU, the embedding used again for the output. Names are those of GGUF.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Shape(NamedTuple):
    tokens: int
    width: int = 128
    blocks: int = 3
    heads: int = 4
    kv_heads: int = 2
    inner: int = 256
    context: int = 512
    epsilon: float = 1e-5
    base: float = 10000.0


def start(rng: np.random.Generator, s: Shape) -> dict[str, np.ndarray]:
    def matrix(outputs: int, inputs: int, scale: float = 1.0) -> np.ndarray:
        return rng.normal(0, scale / np.sqrt(inputs), (outputs, inputs)).astype(np.float32)

    kv, last = s.width * s.kv_heads // s.heads, 1 / np.sqrt(2 * s.blocks)
    params = {"token_embd": rng.normal(0, 0.05, (s.tokens, s.width)).astype(np.float32),
              "output_norm": np.ones(s.width, np.float32)}
    for i in range(s.blocks):
        block = {"attn_norm": np.ones(s.width, np.float32), "ffn_norm": np.ones(s.width, np.float32),
                 "attn_q": matrix(s.width, s.width), "attn_k": matrix(kv, s.width), "attn_v": matrix(kv, s.width),
                 "attn_output": matrix(s.width, s.width, last), "ffn_gate": matrix(s.inner, s.width),
                 "ffn_up": matrix(s.inner, s.width), "ffn_down": matrix(s.width, s.inner, last)}
        params |= {f"blk.{i}.{name}": x for name, x in block.items()}
    return params


def normal(x, weight, s: Shape):
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + s.epsilon) * weight


def rotate(x, s: Shape):
    """x: [rows, positions, heads, size]."""
    size = x.shape[-1]
    angles = np.arange(x.shape[1])[:, None] * s.base ** (-np.arange(0, size, 2) / size)
    cos, sin = (jnp.asarray(f(angles), jnp.float32)[:, None, :] for f in (np.cos, np.sin))
    a, b = x[..., 0::2], x[..., 1::2]
    return jnp.stack([a * cos - b * sin, a * sin + b * cos], -1).reshape(x.shape)


def attend(x, p, seen, s: Shape):
    rows, length, _ = x.shape
    q, k, v = (x @ p[name].T for name in ("attn_q", "attn_k", "attn_v"))
    size, group = s.width // s.heads, s.heads // s.kv_heads
    q = rotate(q.reshape(rows, length, s.heads, size), s).reshape(rows, length, s.kv_heads, group, size)
    k = rotate(k.reshape(rows, length, s.kv_heads, size), s)
    v = v.reshape(rows, length, s.kv_heads, size)
    scores = jnp.einsum("rqkgd,rtkd->rkgqt", q, k) / np.float32(np.sqrt(size))
    shares = jax.nn.softmax(jnp.where(seen[:, None, None], scores, -1e9), -1)
    return jnp.einsum("rkgqt,rtkd->rqkgd", shares, v).reshape(rows, length, s.width) @ p["attn_output"].T


def logits(params, tokens, texts, s: Shape):
    """texts: which of the texts packed into a row a token belongs to; they do not see each other."""
    seen = (texts[:, :, None] == texts[:, None, :]) & np.tri(tokens.shape[1], dtype=bool)
    x = params["token_embd"][tokens]
    for i in range(s.blocks):
        p = {name.split(".")[2]: value for name, value in params.items() if name.startswith(f"blk.{i}.")}
        x = x + attend(normal(x, p["attn_norm"], s), p, seen, s)
        y = normal(x, p["ffn_norm"], s)
        x = x + (jax.nn.silu(y @ p["ffn_gate"].T) * (y @ p["ffn_up"].T)) @ p["ffn_down"].T
    return normal(x, params["output_norm"], s) @ params["token_embd"].T


def loss(params, batch, s: Shape):
    """batch: tokens, texts, and how much the token at each place counts."""
    tokens, texts, weights = batch
    scores = jax.nn.log_softmax(logits(params, tokens[:, :-1], texts[:, :-1], s))
    found = jnp.take_along_axis(scores, tokens[:, 1:, None], -1)[..., 0]
    return -(found * weights[:, 1:]).sum() / weights[:, 1:].sum()


@partial(jax.jit, static_argnames="s", donate_argnums=(0, 1, 2))
def step(params, mean, square, batch, number, rate, s: Shape):
    """One step of AdamW."""
    error, slopes = jax.value_and_grad(loss)(params, batch, s)
    length = jnp.sqrt(sum((g * g).sum() for g in slopes.values()))
    slopes = jax.tree.map(lambda g: g / jnp.maximum(length, 1.0), slopes)
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, slopes)
    square = jax.tree.map(lambda v, g: 0.98 * v + 0.02 * g * g, square, slopes)
    one, two = 1 - 0.9 ** number, 1 - 0.98 ** number
    params = jax.tree.map(
        lambda p, m, v: p - rate * (m / one / (jnp.sqrt(v / two) + 1e-8) + 0.05 * p * (p.ndim == 2)),
        params, mean, square)
    return params, mean, square, error
