"""Refusals of access."""

from oltp.kit.errors import Forbidden, Invalid, Unauthorized


class TokenMissing(Unauthorized):
    """A bearer token is required: send the header "Authorization: Bearer <token>"."""


class TokenUnknown(Unauthorized):
    """The bearer token is unknown, expired or revoked."""


class ScopeMissing(Forbidden):
    """The token lacks the scope {scope}."""


class InvalidScope(Invalid):
    """{scope!r} is no scope; known are: {known}."""


class InvalidTokenName(Invalid):
    """A token needs a name of 1 to 200 characters."""


class UserUnknown(Invalid):
    """There is no user with this e-mail address."""
