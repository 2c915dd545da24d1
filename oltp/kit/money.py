"""Money: whole minor units and an ISO-4217 currency. Rounding happens once, half-even; parts add up exactly."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from oltp.kit.errors import Invalid

_ZERO = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_FOUR = ("CLF", "UYW")
_EXPONENTS = {**dict.fromkeys(_ZERO, 0), **dict.fromkeys(_THREE, 3), **dict.fromkeys(_FOUR, 4)}


class InvalidCurrency(Invalid):
    """{code!r} is no ISO-4217 currency code: expected three capital letters."""


def exponent(currency: str) -> int:
    """Return how many decimal digits the currency has (ISO 4217): JPY 0, USD 2, KWD 3."""
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or not currency.isupper():
        raise InvalidCurrency(code=currency, field="currency")
    return _EXPONENTS.get(currency, 2)


def to_minor(value: Decimal, currency: str) -> int:
    """Return `value` (major units) in minor units, half-even."""
    with localcontext() as context:
        context.prec = 60
        return int(value.scaleb(exponent(currency)).to_integral_value(rounding=ROUND_HALF_EVEN))


def from_minor(amount: int, currency: str) -> Decimal:
    """Return minor units as an exact decimal in major units."""
    return Decimal(amount).scaleb(-exponent(currency))


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to non-negative `weights`, by largest remainder: Σ parts = amount, exactly.

    Ties go to the earlier part. All weights zero means equal weights.

    Errors: ValueError when there is no weight or one is negative.
    """
    if not weights or min(weights) < 0:
        raise ValueError("weights must be non-empty and not negative")
    shares = list(weights) if any(weights) else [1] * len(weights)
    total, sign, size = sum(shares), (-1 if amount < 0 else 1), abs(amount)
    parts = [size * share // total for share in shares]
    over = size - sum(parts)
    if over:
        lost = [-(size * share % total) for share in shares]
        # Stable, so ties go to the earlier part.
        for i in sorted(range(len(shares)), key=lost.__getitem__)[:over]:
            parts[i] += 1
    return parts if sign > 0 else [-part for part in parts]
