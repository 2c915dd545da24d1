"""Validator of a profile's rates: values without a price (gaps) and values with two (overlaps), said in words."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from oltp.kit.money import exponent, from_minor
from oltp.shipping.rules import Basis, Rate

_PIECES = {"weight": "g", "quantity": "pieces"}


class Zone(NamedTuple):
    """Where and in which currency a rate holds."""

    country: str | None
    region: str | None
    currency: str

    def words(self) -> str:
        """Return the zone as a sentence names it."""
        if self.country is None:
            return f"everywhere ({self.currency})"
        return f"{self.country}{f'-{self.region}' if self.region else ''} ({self.currency})"


@dataclass(frozen=True)
class Finding:
    """A gap or an overlap of one name in one zone: values in [since, until), `until` None for without end.

    `is_uncovered`: no other name of the zone has a price there either, so that nothing can be sent at all.
    """

    kind: Literal["gap", "overlap"]
    name: str
    zone: Zone
    basis: Basis
    since: int
    until: int | None
    is_uncovered: bool
    message: str


Span = tuple[int, int | None]


def check_rates(rates: Iterable[Rate]) -> list[Finding]:
    """Return what is wrong with the active rates of one profile, zone by zone; empty where nothing is."""
    zones: dict[Zone, list[Rate]] = defaultdict(list)
    for rate in rates:
        if rate.is_active:
            zones[Zone(rate.country, rate.region, rate.currency)].append(rate)
    order = sorted(zones, key=lambda zone: (zone.currency, zone.country or "", zone.region or ""))
    return [finding for zone in order for finding in _check_zone(zone, zones[zone])]


def _check_zone(zone: Zone, rates: Sequence[Rate]) -> list[Finding]:
    names: dict[tuple[str, Basis], list[Rate]] = defaultdict(list)
    for rate in rates:
        names[rate.name, rate.basis].append(rate)
    found: list[Finding] = []
    for (name, basis), bands in sorted(names.items()):
        spans = sorted(((rate.band_from, rate.band_to) for rate in bands), key=lambda span: span[0])
        others = [rate for rate in rates if rate.name != name or rate.basis != basis]
        found += [_gap(zone, name, basis, span, others) for span in gaps(spans)]
        found += [_overlap(zone, name, basis, span) for span in overlaps(spans)]
    return found + _mixed(zone, sorted(names))


def gaps(spans: Sequence[Span]) -> list[Span]:
    """Return what the half-open spans leave out of [0, ∞); `spans` by their lower edge."""
    found: list[Span] = []
    reached: int | None = 0
    for since, until in spans:
        if reached is None:
            break
        if since > reached:
            found.append((reached, since))
        reached = None if until is None else max(reached, until)
    return found if reached is None else [*found, (reached, None)]


def overlaps(spans: Sequence[Span]) -> list[Span]:
    """Return where two of the half-open spans hold at once; `spans` by their lower edge."""
    found: list[Span] = []
    reach: Span | None = None
    for span in spans:
        if reach is not None and _ends_after(reach[1], span[0]):
            found.append((span[0], _earlier(reach[1], span[1])))
        reach = span if reach is None or _later(span[1], reach[1]) else reach
    return found


def _ends_after(end: int | None, value: int) -> bool:
    return end is None or end > value


def _earlier(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _later(one: int | None, other: int | None) -> bool:
    return other is not None and (one is None or one > other)


def _gap(zone: Zone, name: str, basis: Basis, span: Span, others: Sequence[Rate]) -> Finding:
    words = f"{name!r} has no price {_words(basis, zone.currency, span)} in {zone.words()}"
    uncovered = not _is_covered(span, basis, others)
    message = f"{words}, and nothing else is offered there." if uncovered else f"{words}; other options are offered."
    return Finding("gap", name, zone, basis, *span, uncovered, message)


def _is_covered(span: Span, basis: Basis, others: Sequence[Rate]) -> bool:
    """Whether other rates leave nothing of the span out: on its own basis, or by covering any value of another one."""
    for each in {rate.basis for rate in others}:
        spans = sorted(((rate.band_from, rate.band_to) for rate in others if rate.basis == each),
                       key=lambda one: one[0])
        missing = gaps(spans)
        if each == basis:
            missing = [hole for hole in missing if _ends_after(hole[1], span[0]) and _ends_after(span[1], hole[0])]
        if not missing:
            return True
    return False


def _overlap(zone: Zone, name: str, basis: Basis, span: Span) -> Finding:
    message = f"{name!r} has two prices {_words(basis, zone.currency, span)} in {zone.words()}."
    return Finding("overlap", name, zone, basis, *span, False, message)


def _mixed(zone: Zone, names: Sequence[tuple[str, Basis]]) -> list[Finding]:
    """Return one finding for a name that is priced on two bases: the lower price holds where both fit."""
    return [
        Finding("overlap", name, zone, basis, 0, None, False,
                f"{name!r} is priced by {basis} and by {other} in {zone.words()}: the lower price holds.")
        for (name, basis), (same, other) in pairwise(names) if name == same]


def _words(basis: Basis, currency: str, span: Span) -> str:
    since, until = span
    if until is None:
        return f"from {_value(basis, currency, since)} up"
    return f"from {_value(basis, currency, since)} to below {_value(basis, currency, until)}"


def _value(basis: Basis, currency: str, value: int) -> str:
    if basis == "price":
        return f"{from_minor(value, currency):.{exponent(currency)}f} {currency}"
    return f"{value} {_PIECES[basis]}"
