"""Places: where in a request an input stands, e.g. body.items.0.quantity. Rules don't know how an input came in."""

import json
from collections.abc import Container, Iterator
from uuid import UUID

from fastapi import Request

from oltp.kit.errors import Refusal

_WAYS = frozenset({"path", "query", "header", "body"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def places_of(request: Request, refusal: Refusal) -> list[tuple[str, str]]:
    """Return (place, sentence) of each input that was refused.

    A rule that names no field is placed by what it speaks of: by its name in the path, and by its id elsewhere.
    """
    if refusal.parts:
        inputs = refusal.has_inputs
        return [(_placed(request, field) if inputs else field, message) for field, message in refusal.parts]
    wanted = {str(value) for value in refusal.facts.values() if isinstance(value, UUID)}
    wanted |= {text for _, text in _texts(refusal.facts.get("variants"))}
    in_path = [f"path.{name}" for name, value in request.path_params.items()
               if name in refusal.facts and str(refusal.facts[name]) == str(value)]
    return [(place, str(refusal)) for place in in_path or _found(request, wanted)]


def _placed(request: Request, field: str) -> str:
    first = field.partition(".")[0]
    if first in _WAYS:
        return field
    if first in request.path_params:
        return f"path.{field}"
    return f"{'body' if request.method in _WITH_BODY and first not in request.query_params else 'query'}.{field}"


def _found(request: Request, wanted: Container[str]) -> Iterator[str]:
    for name, value in request.query_params.items():
        if value in wanted:
            yield f"query.{name}"
    if wanted:
        yield from (f"body{place}" for place, text in _texts(_body(request)) if text.lower() in wanted)


def _body(request: Request) -> object:
    # What was read of it: an endpoint without a body reads none, one that takes a stream keeps none.
    try:
        return json.loads(getattr(request, "_body", b""))
    except (ValueError, RecursionError):
        return None


def _texts(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(part, f"{place}.{key}")
