"""Ids: UUIDv7, time-ordered and so index-friendly; and UUIDv5 where the same input must give the same key."""

import os
import time
from uuid import UUID, uuid5


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return UUID(int=value)


def derived_id(namespace: UUID, *parts: object) -> UUID:
    """Make the key that the same parts always give within a namespace; parts can't run into each other."""
    return uuid5(namespace, "\x1f".join(str(part) for part in parts))
