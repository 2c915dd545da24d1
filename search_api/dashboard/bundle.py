"""The browser's chart library, taken from the wheel that ships it: no CDN, no copied script."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from threading import Lock

import altair
import vl_convert

_lock = Lock()


@dataclass(frozen=True)
class Bundle:
    """The script, plain and gzipped, and a tag that changes with its content."""

    plain: bytes
    gzipped: bytes
    tag: str


def vega_version() -> str:
    """Return the Vega-Lite version that charts are written in, e.g. 6.4; the bundle must speak the same."""
    return ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def bundle_path() -> str:
    """Return the script's address. It names the versions, so that browsers may keep the answer for ever."""
    return f"/dashboard/static/vega-{vega_version()}-{version('vl-convert-python')}.js"


def get_bundle() -> Bundle:
    """Return the bundle; the first call makes it (seconds), however many ask at once."""
    with _lock:
        return _make()


@cache
def _make() -> Bundle:
    plain = vl_convert.javascript_bundle(vl_version=vega_version()).encode()  # type: ignore[call-arg]
    return Bundle(plain, gzip.compress(plain, 6, mtime=0), hashlib.sha256(plain).hexdigest()[:16])
