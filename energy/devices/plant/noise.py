"""Noise that depends on a key and a time alone, so that it does not matter who asks when."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray

UInt64Array = NDArray[np.uint64]
HASH_RANGE = 2.0**64
_WORD = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""Finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014,
doi:10.1145/2660193.2660195)."""


def key_of(seed: int, name: str) -> int:
    """Give the key of a named source of noise."""
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def uniforms(counters: UInt64Array) -> FloatArray:
    """Hash counters to numbers in [-1, 1)."""
    mixed = counters * np.uint64(_STEP)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_MIX[0])
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_MIX[1])
    mixed ^= mixed >> np.uint64(31)
    return mixed.astype(np.float64) / (HASH_RANGE / 2.0) - 1.0


def uniform(counter: int) -> float:
    """Hash one counter to a number in [-1, 1); the same as ``uniforms``, quicker for a single one."""
    mixed = counter * _STEP & _WORD
    mixed = (mixed ^ (mixed >> 30)) * _MIX[0] & _WORD
    mixed = (mixed ^ (mixed >> 27)) * _MIX[1] & _WORD
    mixed ^= mixed >> 31
    return mixed / (HASH_RANGE / 2.0) - 1.0
