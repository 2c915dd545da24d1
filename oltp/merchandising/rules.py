"""What bundles save and how many there are, as pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from uuid import UUID

from oltp.kit.money import split


@dataclass(frozen=True)
class BundleParts:
    """A bundle as a cart needs it: what is in it and how it is priced.

    `pricing` 'sum' (no saving), 'fixed' (`amount` in `currency` for one bundle) or 'percent' (`percent` off, 10 is
    10 %); `items` are (variant, quantity in one bundle), in the bundle's order.
    """

    bundle_id: UUID
    name: str
    pricing: str
    amount: int | None
    currency: str | None
    percent: Decimal | None
    items: tuple[tuple[UUID, int], ...]


def bundle_saving(
    parts: BundleParts, unit_amounts: Mapping[UUID, int], quantity: int, currency: str,
) -> dict[UUID, int]:
    """Return what `quantity` bundles save on each part's line, in minor units of `currency`: 0 ≤ saving ≤ the line.

    `unit_amounts` is what one piece of each variant costs alone. The whole saving is rounded once, half-even, and split
    over the lines by largest remainder. A fixed price above the sum, or one in another currency, saves nothing.
    """
    lines = [unit_amounts[variant_id] * count * quantity for variant_id, count in parts.items]
    shares = split(_saving(parts, sum(lines), quantity, currency), lines)
    return {variant_id: share for (variant_id, _), share in zip(parts.items, shares, strict=True)}


def _saving(parts: BundleParts, total: int, quantity: int, currency: str) -> int:
    if parts.pricing == "fixed" and parts.amount is not None and parts.currency == currency:
        return max(0, total - parts.amount * quantity)
    if parts.pricing == "percent" and parts.percent is not None:
        with localcontext() as context:
            context.prec = 60
            return int((total * parts.percent / 100).to_integral_value(rounding=ROUND_HALF_EVEN))
    return 0


def bundle_availability(parts: BundleParts, available: Mapping[UUID, int | None]) -> int | None:
    """Return how many bundles can be made: min ⌊available / quantity⌋; None where nothing in it is tracked.

    `available` by variant: None is without end, a variant that is missing there can't be had.
    """
    counts = [left // count for variant_id, count in parts.items
              if (left := available.get(variant_id, 0)) is not None]
    return max(0, min(counts)) if counts else None


def bundle_demand(parts: BundleParts, quantity: int) -> list[tuple[UUID, int]]:
    """Return what `quantity` bundles take, as lines for inventory's sum_demand()."""
    return [(variant_id, count * quantity) for variant_id, count in parts.items]
