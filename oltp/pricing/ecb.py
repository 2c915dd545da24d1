"""The ECB's daily reference rates: how much of each currency one euro is worth, as in eurofxref-daily.xml.

Format: https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml; the file of 90 days has a Cube per day and is
read too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen
from xml.etree import ElementTree

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.pricing.errors import RatesUnavailable, RatesUnreadable

SOURCE, BASE = "ecb", "EUR"
# The file since 1999 has 8 MB; what is larger is none of the ECB's.
LARGEST_BYTES = 16 * 2**20
TIMEOUT_SECONDS = 30
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
# What numeric(20, 10) holds.
_MOST, _LEAST = Decimal(10) ** 10, Decimal("0.0000000001")


@dataclass(frozen=True)
class Rate:
    """How much of `quote` one euro was worth on a day."""

    quote: str
    rated_on: date
    rate: Decimal


def read_rates(content: bytes) -> list[Rate]:
    """Return the rates of a file, every day's and currency's once. Errors: RatesUnreadable."""
    if len(content) > LARGEST_BYTES:
        raise RatesUnreadable(reason=f"more than {LARGEST_BYTES} bytes", field="rates")
    rates = list(_rates(_parse(content)))
    if not rates:
        raise RatesUnreadable(reason="there is no rate in it", field="rates")
    if len({(rate.quote, rate.rated_on) for rate in rates}) < len(rates):
        raise RatesUnreadable(reason="a currency has two rates of one day", field="rates")
    return rates


def _parse(content: bytes) -> ElementTree.Element:
    """Return the root. Whatever declares a document type is refused unread: entities are what hostile XML is made of.

    The ECB writes UTF-8; in another encoding a declaration could hide.
    """
    try:
        written = content.decode("utf-8-sig")
        if "<!DOCTYPE" in written:
            raise RatesUnreadable(reason="a document type is declared", field="rates")
        return ElementTree.fromstring(written)
    except (ElementTree.ParseError, ValueError) as error:
        raise RatesUnreadable(reason=f"no XML in UTF-8 ({error})", field="rates") from None


def _rates(root: ElementTree.Element) -> Iterator[Rate]:
    for day in root.iter(_CUBE):
        if "time" not in day.attrib:
            continue
        try:
            rated_on = date.fromisoformat(day.attrib["time"])
        except ValueError:
            raise RatesUnreadable(reason=f"{day.attrib['time']!r} is no day", field="rates") from None
        for cube in day.findall(_CUBE):
            yield Rate(_code(cube.get("currency", "")), rated_on, _number(cube.get("rate", "")))


def _code(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isalpha() or not value.isupper() or value == BASE:
        raise RatesUnreadable(reason=f"{value!r} is no currency", field="rates")
    return value


def _number(value: str) -> Decimal:
    try:
        rate = Decimal(value)
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or not _LEAST <= rate < _MOST:
        raise RatesUnreadable(reason=f"{value!r} is no rate", field="rates")
    return rate


def fetch_rates(url: str) -> bytes:
    """Return the file at an http, https or file URL. Errors: RatesUnavailable."""
    if urlsplit(url).scheme not in ("http", "https", "file"):
        raise RatesUnavailable(url=url, reason="neither http, https nor file")
    try:
        with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            content: bytes = answer.read(LARGEST_BYTES + 1)
            return content
    except (URLError, OSError, ValueError) as error:
        raise RatesUnavailable(url=url, reason=error) from None


# A day's rate never changes once it is known: prices were made from it.
_STORE = text("""
    INSERT INTO currency_rate (source, base, quote, rated_on, rate)
    SELECT :source, :base, quote, rated_on, rate
    FROM unnest(CAST(:quotes AS text[]), CAST(:days AS date[]), CAST(:rates AS numeric[])) r (quote, rated_on, rate)
    ON CONFLICT DO NOTHING RETURNING 1""")


def store_rates(session: Session, *, rates: list[Rate]) -> int:
    """Add the rates that are not known yet, in one statement; return how many those were."""
    added = session.execute(_STORE, {
        "source": SOURCE, "base": BASE, "quotes": [rate.quote for rate in rates],
        "days": [rate.rated_on for rate in rates], "rates": [rate.rate for rate in rates]})
    return len(added.all())
