"""Refusals of a whole submission; single events are rejected one by one and kept."""

from oltp.kit.errors import Conflict, Invalid, Malformed, TooLarge


class InvalidJson(Malformed):
    """The body is not valid JSON: {reason}."""


class InvalidSubmission(Invalid):
    """The field {field} is not valid: {reason}."""


class TooManyEvents(TooLarge):
    """The batch holds {count} events; at most {limit} are taken at once."""


class NestedTooDeeply(Malformed):
    """The body is nested too deeply to be read."""


class CaptureOff(Conflict):
    """This store does not capture events yet: `stormcom migration advance --capability events` begins it."""
