"""Rules of events: what becomes of one submitted event, decided without a database and without a clock."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid5

from oltp.events.contracts import known_names, load_contracts
from oltp.events.errors import NestedTooDeeply

MAX_EVENTS = 1_000
MAX_DEPTH = 8
MAX_FUTURE = timedelta(hours=23)
# A batch that was sent with a clock further off than this can't be corrected, only doubted.
MAX_SKEW = timedelta(days=400)
_LARGEST = 2**63 - 1
_NAMESPACE = UUID("6f1f2a0e-8e0b-5c58-9a53-0d5a4f1c7be1")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})")
# Cubot is a maker of phones, not a bot.
_BOT = re.compile(
    r"(?<!cu)bot|crawl|spider|slurp|headless|lighthouse|preview|externalhit|monitor|curl/|wget/|python-|go-http|java/",
    re.IGNORECASE)
_CLICK_IDS = ("gclid", "fbclid", "msclkid")
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_COPIED = ("name", "session_ref", "product_id", "order_id", "country")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an event can't be taken: a stable code, the dotted path in the event, a sentence."""

    code: str
    path: str
    reason: str
    is_quarantined: bool = False


@dataclass(slots=True)
class Event:
    """A valid event, ready to be stored: `row` holds, as JSON, the columns that follow from the event alone."""

    event_id: UUID
    occurred_at: datetime
    corrected_at: datetime
    row: dict[str, Any]
    visitor_id: str | None
    customer_id: UUID | None
    customer_email: str | None


@dataclass(frozen=True, slots=True)
class Unconsented:
    """An event without consent: counted, never stored, not even its faults."""


def judge(item: object, *, received_at: datetime, skew: timedelta) -> Event | Fault | Unconsented:
    """Decide about one submitted item; `skew` is what the client's clock lags behind ours."""
    if not isinstance(item, dict):
        return Fault("not_an_object", "", "an event must be a JSON object")
    if item.get("consent") is False:
        return Unconsented()
    fault = find_unstorable(item) or _find_breach(item)
    if fault is not None:
        return fault
    try:
        event = _read(item, skew)
    except ValueError as error:
        return Fault("invalid_event", str(error), "the address can't be read")
    except OverflowError:
        return Fault("invalid_time", "occurred_at", "there is no such time")
    if isinstance(event, Event) and event.corrected_at > received_at + MAX_FUTURE:
        return Fault("future_time", "occurred_at", "more than 23 hours in the future", is_quarantined=True)
    return event


def find_unstorable(value: dict[str, Any] | list[Any], path: str = "", depth: int = 0) -> Fault | None:
    """Return the first value that Postgres's text or jsonb can't hold as it was sent, or that nests too deeply."""
    if depth >= MAX_DEPTH:
        return _unstorable(path, f"nests more than {MAX_DEPTH} levels deep")
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in pairs:
        # Nearly every value is plain text under a plain key; the path is only built for the others.
        if _is_plain(each) and _is_plain(key):
            continue
        fault = _find_fault(key, each, f"{path}.{key}" if path else str(key), depth)
        if fault is not None:
            return fault
    return None


def parse_rfc3339(text: str) -> datetime | None:
    """Return the instant in UTC; None when `text` is no RFC 3339 time with an offset."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC) if _RFC3339.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def is_bot(user_agent: str | None) -> bool:
    """Say whether a user agent names a program rather than a person's browser."""
    return bool(user_agent and _BOT.search(user_agent))


def canonical(item: object) -> str:
    """Return the one text that equal JSON values share. Errors: NestedTooDeeply."""
    try:
        return json.dumps(item, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise NestedTooDeeply() from None


def stated_id(item: object) -> UUID | None:
    """Return the id a client gave its event, if it is one; also of an event that is refused otherwise."""
    try:
        return UUID(item["event_id"]) if isinstance(item, dict) else None
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def month_of(moment: datetime) -> str:
    """Return the partition's month as YYYYMM."""
    return f"{moment.year:04d}{moment.month:02d}"


def printable(text: str) -> str:
    """Return `text` with everything that no text column can hold written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\u0000")[:1000]


def _is_plain(value: object) -> bool:
    return value.__class__ is str and value.isascii() and "\x00" not in value


def _find_fault(key: object, value: object, path: str, depth: int) -> Fault | None:
    for text in (key, value):
        # A NUL or half a surrogate pair is legal JSON but no text.
        if isinstance(text, str) and ("\x00" in text or not _is_unicode(text)):
            return _unstorable(path, "holds NUL or a lone surrogate")
    if isinstance(value, dict | list):
        return find_unstorable(value, path, depth + 1)
    if isinstance(value, float) and not math.isfinite(value):
        return _unstorable(path, "is too large a number")
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        return _unstorable(path, "is an integer beyond 64 bits")
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unstorable(path: str, reason: str) -> Fault:
    return Fault("unstorable_value", printable(path), reason)


def _find_breach(item: Mapping[str, Any]) -> Fault | None:
    name, version = item.get("name"), item.get("version", 1)
    if not isinstance(name, str) or name not in known_names():
        return Fault("unknown_name", "name", f"known names are {', '.join(sorted(known_names()))}")
    contract = load_contracts().get((name, version)) if type(version) is int else None
    if contract is None:
        return Fault("unknown_version", "version", f"{name} has no such version")
    found = contract.find_fault(item)
    return Fault("invalid_event", *found) if found else None


def _read(item: Mapping[str, Any], skew: timedelta) -> Event | Fault:
    occurred_at = parse_rfc3339(item["occurred_at"])
    if occurred_at is None:
        return Fault("invalid_time", "occurred_at", "there is no such time")
    if abs(skew) > MAX_SKEW:
        return Fault("implausible_clock", "sent_at", f"sent_at is more than {MAX_SKEW.days} days off")
    corrected_at = occurred_at + skew
    row = {key: item.get(key) for key in _COPIED}
    row.update(_campaign(item))
    row |= {"version": item.get("version", 1), "is_bot": is_bot(item.get("user_agent")),
            "occurred_at": occurred_at.isoformat(), "corrected_at": corrected_at.isoformat(),
            "referrer_host": _host(item.get("referrer")), "properties": item.get("properties") or {}}
    event_id = stated_id(item) or uuid5(_NAMESPACE, canonical(item))
    customer = item.get("customer_id")
    return Event(event_id, occurred_at, corrected_at, row, item.get("visitor_id"), UUID(customer) if customer else None,
                 item.get("customer_email"))


def _campaign(item: Mapping[str, Any]) -> dict[str, str | None]:
    """Page path, campaign fields and kind of click id; what the fields don't say may stand in the page's address."""
    url = item.get("page_url") or ""
    try:
        parts = urlsplit(url)
    except ValueError:
        _refuse("page_url")
    query = dict(parse_qsl(parts.query)) if "utm_" in parts.query or "clid" in parts.query else {}
    fields = {key: item.get(key) or _clean(query.get(key)) for key in _CAMPAIGN}
    clicked = next((key for key in _CLICK_IDS if item.get(key) or query.get(key)), None)
    return {**fields, "click_id_kind": clicked, "page_path": (parts.path or "/") if url else None}


def _clean(text: str | None) -> str | None:
    # %00 in an address decodes to a NUL that was not in the event's text.
    return text.replace("\x00", "")[:500] if text else None


def _host(referrer: str | None) -> str | None:
    try:
        return urlsplit(referrer).hostname if referrer else None
    except ValueError:
        _refuse("referrer")


def _refuse(path: str) -> NoReturn:
    raise ValueError(path)
