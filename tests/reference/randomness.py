"""
What is random inside the model while it trains: pcg4d (Jarzynski and Olano 2020, "Hash Functions for GPU Rendering"),
whose bits depend on the counters (seed, stream, step, index) alone, and the two things that are drawn from it.
"""
import numpy as np
import torch

DROPOUT_STREAM, JITTER_STREAM = 9, 10
BITS = 24


def pcg4d(x, y, z, w):
    """Four words each (arrays of equal shape) -> the first of the four words that come out."""
    word = np.uint64(0xFFFFFFFF)
    x, y, z, w = ((np.asarray(v, np.uint64) * np.uint64(1664525) + np.uint64(1013904223)) & word for v in (x, y, z, w))
    for round_ in range(2):
        x = (x + y * w) & word
        y = (y + z * x) & word
        z = (z + x * y) & word
        w = (w + y * z) & word
        if round_ == 0:
            x, y, z, w = (v ^ (v >> np.uint64(16)) for v in (x, y, z, w))
    return x


def bits(draw, stream, first, shape):
    """draw (seed, step) -> 24 random bits for each element of `shape`, whose first has the index `first`."""
    seed, step = draw
    index = first + np.arange(int(np.prod(shape)))
    words = pcg4d(np.full_like(index, seed), np.full_like(index, stream), np.full_like(index, step), index)
    return torch.from_numpy((words >> np.uint64(32 - BITS)).astype(np.int64)).reshape(shape)


def dropped(x, rate, draw, place):
    """Inverted dropout: each element of x is kept with probability 1 - rate, and then divided by it."""
    if draw is None or rate == 0:
        return x
    is_kept = bits(draw, DROPOUT_STREAM + 256 * place, 0, x.shape) >= round(rate * 2**BITS)
    return torch.where(is_kept, x / (1 - rate), torch.zeros_like(x))


def jittered(x, eps, draw, place):
    """Every element of x times a factor of its own, uniform between 1 - eps and 1 + eps."""
    if draw is None or eps == 0:
        return x
    u = bits(draw, JITTER_STREAM, place * x.numel(), x.shape).to(x.dtype) / 2**BITS
    return x * (1 + eps * (2 * u - 1))
