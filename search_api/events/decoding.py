"""Decoding a submission of events: from the bytes of a body to a list of items, nothing about the items yet."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from oltp.events.errors import InvalidJson, InvalidSubmission, NestedTooDeeply
from oltp.events.rules import parse_rfc3339


@dataclass(frozen=True)
class Submission:
    """What a client sent at once."""

    events: list[object]
    sent_at: datetime | None
    byte_count: int


def decode_submission(body: bytes) -> Submission:
    """Read {"events": […], "sent_at"?}. Errors: InvalidJson, NestedTooDeeply, InvalidSubmission."""
    document = _parse(body)
    if not isinstance(document, dict):
        raise InvalidSubmission(field="body", reason="it must be a JSON object")
    unknown = sorted(document.keys() - {"events", "sent_at"})
    if unknown:
        raise InvalidSubmission(field=f"body.{unknown[0]!a}", reason="only events and sent_at are known")
    events = document.get("events")
    if not isinstance(events, list) or not events:
        raise InvalidSubmission(field="body.events", reason="it must be a list of at least one event")
    return Submission(events, _sent_at(document.get("sent_at")), len(body))


def _sent_at(value: object) -> datetime | None:
    moment = parse_rfc3339(value) if isinstance(value, str) else None
    if value is not None and moment is None:
        raise InvalidSubmission(field="body.sent_at", reason="it must be an RFC 3339 time with an offset")
    return moment


def _parse(body: bytes) -> object:
    try:
        document: object = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidJson(reason=f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno} (position {error.pos})"
        raise InvalidJson(reason=f"{error.msg} at {where}") from None
    except RecursionError:
        raise NestedTooDeeply() from None
    except ValueError as error:
        # NaN and Infinity, and integers of thousands of digits.
        raise InvalidJson(reason=str(error)) from None
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
