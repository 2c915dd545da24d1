"""Trace: the request id and the correlation id that follow one piece of work through every table and log."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from oltp.kit.ids import new_id

_ALLOWED = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True)
class Trace:
    """One request (its id is free text from the caller, or made) within one correlation (always a UUID)."""

    request_id: str
    correlation_id: UUID


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def new_trace(request_id: str | None = None, correlation_id: str | None = None) -> Trace:
    """Make a trace from what a caller sent; whatever is missing or malformed is made afresh."""
    known = request_id if request_id and _ALLOWED.fullmatch(request_id) else str(new_id())
    try:
        correlation = UUID(correlation_id) if correlation_id else new_id()
    except ValueError:
        correlation = new_id()
    return Trace(known, correlation)


def current_trace() -> Trace | None:
    """Return the trace bound to this context, if any."""
    return _current.get()


@contextmanager
def bind_trace(trace: Trace) -> Iterator[Trace]:
    """Bind `trace` for the duration of the block."""
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)
