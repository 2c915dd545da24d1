"""Deterministic UUIDs: the shape of a version 7, with the random part drawn from the seed."""

import uuid

import numpy as np
import polars as pl

from stormcom.demo.chance import Ints

NAMESPACE = uuid.UUID("5f0c1c52-9d0e-5c3b-8a53-0d6d0c0de001")
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DASHES = (8, 13, 18, 23)
_DIGITS = np.array([position for position in range(36) if position not in _DASHES])


def named_key(*words: object) -> str:
    """A version 5 key for the few rows that exist once: organization, user, store."""
    return str(uuid.uuid5(NAMESPACE, ":".join(str(word) for word in words)))


def time_keys(rng: np.random.Generator, instants: Ints) -> pl.Series:
    """One version 7 key as text per instant (milliseconds since 1970); time-ordered, so index pages fill in order."""
    count = len(instants)
    octets = rng.integers(0, 256, size=(count, 16), dtype=np.uint8)
    for place in range(6):
        octets[:, place] = (instants >> (8 * (5 - place))) & 0xFF
    octets[:, 6] = (octets[:, 6] & 0x0F) | 0x70
    octets[:, 8] = (octets[:, 8] & 0x3F) | 0x80
    return _as_text(octets)


def _as_text(octets: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> pl.Series:
    digits = np.empty((len(octets), 32), dtype=np.uint8)
    digits[:, 0::2] = _HEX[octets >> 4]
    digits[:, 1::2] = _HEX[octets & 0x0F]
    text = np.full((len(octets), 36), ord("-"), dtype=np.uint8)
    text[:, _DIGITS] = digits
    return pl.Series(text.view("S36").ravel().astype("U36"), dtype=pl.String)
