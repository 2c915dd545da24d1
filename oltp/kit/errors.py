"""Refusals: one class per reason. Its docstring is the message, its base class the kind of error.

`class OrderNotFound(NotFound): "There is no order {order_id}."`, raised as `OrderNotFound(order_id=...)`.
"""

import re
from typing import ClassVar


class Refusal(Exception):
    """The request was refused."""

    has_inputs: ClassVar[bool] = True
    """Whether the fields of its parts are inputs, and not something that was computed."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__((type(self).__doc__ or "").strip().format(**facts))

    @property
    def code(self) -> str:
        """The class's name in snake case: the stable name of the refusal, e.g. order_not_found."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def field(self) -> str | None:
        """The path of the offending input field, where there is one."""
        value = self.facts.get("field")
        return None if value is None else str(value)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """What is wrong, part by part: (field, sentence)."""
        return () if self.field is None else ((self.field, str(self)),)


class Invalid(Refusal):
    """The field {field} is not valid."""


class Malformed(Invalid):
    """The request can't be read."""


class NotFound(Refusal):
    """Not found."""


class Conflict(Refusal):
    """The request conflicts with the current state."""


class Stale(Refusal):
    """It was changed by somebody else meanwhile: read it again and repeat the change on what it is now."""


class LimitReached(Refusal):
    """The store's plan allows no more."""


class Unauthorized(Refusal):
    """A valid bearer token is required."""


class Forbidden(Refusal):
    """The token lacks the required permission."""


class TooLarge(Refusal):
    """The request is too large."""


class Unavailable(Refusal):
    """The service is not available right now."""
