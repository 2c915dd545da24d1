"""Row ids made from what the file says, so the same row gets the same id in every run and from every copy."""

from hashlib import sha1
from uuid import UUID, uuid5

import polars as pl

SOURCE = "online_retail"
_VARIANT_DIGIT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


class Keys:
    """UUIDs in the namespace of one store and this source, as 32 hexadecimal digits.

    Made of text, not of UUID objects: an import needs more than half a million.
    """

    def __init__(self, store_id: UUID) -> None:
        self._namespace = uuid5(store_id, SOURCE).bytes

    def column(self, kind: str, names: pl.Series) -> pl.Series:
        """Version 5, for what has no moment of its own: equal to uuid5(uuid5(store, source), "kind:name")."""
        return pl.Series([_versioned(digest, "5") for digest in self._digests(kind, names)], dtype=pl.String)

    def dated_column(self, kind: str, names: pl.Series, instants: pl.Series) -> pl.Series:
        """Version 8: 48 bits of Unix milliseconds as in version 7, then the hash of the name.

        In the order of time like all ids of the shop: random ones would make every index of half a million
        lines grow in all its pages at once.
        """
        moments = instants.dt.epoch("ms").clip(0).to_list()
        digests = self._digests(kind, names)
        ids = [f"{at:012x}{_versioned(digest, '8')[12:]}" for at, digest in zip(moments, digests, strict=True)]
        return pl.Series(ids, dtype=pl.String)

    def _digests(self, kind: str, names: pl.Series) -> list[str]:
        start = sha1(self._namespace + f"{kind}:".encode(), usedforsecurity=False)
        digests = []
        for name in names.to_list():
            digest = start.copy()
            digest.update(name.encode())
            digests.append(digest.hexdigest())
        return digests


def _versioned(digest: str, version: str) -> str:
    """The first 128 bits of a digest with a UUID's version and variant (RFC 9562) in their places."""
    return f"{digest[:12]}{version}{digest[13:16]}{_VARIANT_DIGIT[digest[16]]}{digest[17:32]}"
