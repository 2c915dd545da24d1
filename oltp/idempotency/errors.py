"""Refusals of requests that are repeated."""

from oltp.kit.errors import Conflict, Invalid


class RequestInFlight(Conflict):
    """A request with this Idempotency-Key is being worked on; wait a moment and send it again."""


class KeyReused(Invalid):
    """This Idempotency-Key was used for another request: a new request needs a new key."""
