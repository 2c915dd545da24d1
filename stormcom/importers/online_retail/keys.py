"""Row ids made from what the file says, so the same row gets the same id in every run and from every copy."""

from hashlib import sha1
from uuid import UUID, uuid5

import polars as pl

SOURCE = "online_retail"
_VARIANT_DIGIT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


class Keys:
    """Version-5 UUIDs in the namespace of one store and this source, as 32 hexadecimal digits."""

    def __init__(self, store_id: UUID) -> None:
        self._namespace = uuid5(store_id, SOURCE)

    def column(self, kind: str, names: pl.Series) -> pl.Series:
        """The id of each name. Equal to `one`, digit by digit, but without an object per row:

        there are a million.
        """
        start = sha1(self._namespace.bytes + f"{kind}:".encode(), usedforsecurity=False)
        return pl.Series([_version_5(start, name) for name in names.to_list()], dtype=pl.String)

    def one(self, kind: str, name: str) -> UUID:
        """The id of one name."""
        return uuid5(self._namespace, f"{kind}:{name}")


def _version_5(start: "sha1", name: str) -> str:  # type: ignore[valid-type]
    digest = start.copy()  # type: ignore[attr-defined]
    digest.update(name.encode())
    digits = digest.hexdigest()
    return f"{digits[:12]}5{digits[13:16]}{_VARIANT_DIGIT[digits[16]]}{digits[17:32]}"
