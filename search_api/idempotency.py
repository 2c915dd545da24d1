"""Idempotency-Key: a POST that is sent twice is done once, and answered twice.

A route of this class reads the key; the request's transaction (search_api/dependencies.py) keeps the record, so that
the work and the answer are committed together.
"""

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Scope

from oltp.idempotency import actions as idempotency
from oltp.kit.errors import Malformed

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEPT_HEADERS = ("etag", "location", "content-type")
_SCOPE = "stormcom.keyed"


class InvalidIdempotencyKey(Malformed):
    """An Idempotency-Key is 1 to 255 visible ASCII characters."""


class Replay(Exception):
    """The request was answered before. Raised before any work is done."""

    def __init__(self, answer: idempotency.Answer) -> None:
        super().__init__("replay")
        self.answer = answer


@dataclass
class KeyedRequest:
    """A request with a key, and its answer as soon as there is one."""

    request: idempotency.Request
    response: Response | None = None

    def answer(self) -> idempotency.Answer:
        """Return what is answered, in the form in which it is kept."""
        assert self.response is not None
        headers = {name: value for name in _KEPT_HEADERS if (value := self.response.headers.get(name))}
        return idempotency.Answer(self.response.status_code, bytes(self.response.body).decode(), headers)


def keyed_of(scope: Scope) -> KeyedRequest | None:
    """Return the keyed request of this ASGI scope, None where the caller sent no key."""
    found: KeyedRequest | None = scope.get(_SCOPE)
    return found


class KeyedRoute(APIRoute):
    """A route whose POST may be repeated with an Idempotency-Key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler; the key is taken only where the method creates."""
        handle = super().get_route_handler()
        if "POST" not in (self.methods or ()):
            return handle

        async def handle_keyed(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None:
                return await handle(request)
            keyed = KeyedRequest(_request_of(key, request, await request.body()))
            request.scope[_SCOPE] = keyed
            try:
                keyed.response = await handle(request)
            except Replay as replay:
                headers = {**replay.answer.headers, REPLAYED: "true"}
                return Response(replay.answer.body, replay.answer.status, headers)
            return keyed.response

        return handle_keyed


def _request_of(key: str, request: Request, body: bytes) -> idempotency.Request:
    if not 1 <= len(key) <= 255 or not all("!" <= letter <= "~" for letter in key):
        raise InvalidIdempotencyKey(field=f"header.{HEADER}")
    operation = f"{request.method} {request.url.path}?{request.url.query}"
    return idempotency.Request(key, operation, hashlib.sha256(body).hexdigest())
