"""Refusals of insights."""

from oltp.kit.errors import Invalid


class InvalidWindow(Invalid):
    """The window runs backwards: `from` ({from_on}) is after `to` ({to_on})."""


class UnknownMetric(Invalid):
    """There is no metric {name!r} here; known are: {known}."""


class UnknownModel(Invalid):
    """There is no attribution model {name!r}; known are: {known}."""
