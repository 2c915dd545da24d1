"""Rules of pricing. Pure."""

from datetime import datetime
from decimal import Decimal, localcontext
from uuid import UUID

from oltp.kit.money import exponent, from_minor, to_minor
from oltp.pricing.errors import (
    CompareAtTooLow,
    PriceAmountInvalid,
    PriceKeyInvalid,
    PriceQuantityInvalid,
    PriceWindowInvalid,
)

# Beyond it the legacy float no longer holds every minor unit.
MOST = 2**53


def check_key(*, product_id: UUID | None, variant_id: UUID | None, currency: str, min_quantity: int) -> None:
    """Errors: PriceKeyInvalid, InvalidCurrency, PriceQuantityInvalid."""
    if (product_id is None) == (variant_id is None):
        raise PriceKeyInvalid(field="product_id")
    exponent(currency)
    if isinstance(min_quantity, bool) or not 1 <= min_quantity < 2**31:
        raise PriceQuantityInvalid(min_quantity=min_quantity, field="min_quantity")


def check_amounts(*, amount: int, compare_at_amount: int | None) -> None:
    """Errors: PriceAmountInvalid, CompareAtTooLow."""
    for field, value in (("amount", amount), ("compare_at_amount", compare_at_amount)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST):
            raise PriceAmountInvalid(amount=value, field=field)
    if compare_at_amount is not None and compare_at_amount < amount:
        raise CompareAtTooLow(compare_at_amount=compare_at_amount, amount=amount, field="compare_at_amount")


def check_window(*, effective_at: datetime | None, expires_at: datetime | None, moment: datetime) -> None:
    """Check the window of a price that is set at `moment`. Errors: PriceWindowInvalid."""
    for field, value in (("effective_at", effective_at), ("expires_at", expires_at)):
        if value is not None and value.tzinfo is None:
            raise PriceWindowInvalid(field=field)
    if expires_at is not None and (expires_at <= moment or (effective_at is not None and expires_at <= effective_at)):
        raise PriceWindowInvalid(field="expires_at")


def conversion_rate(*, of_quote: Decimal, of_base: Decimal) -> Decimal:
    """Return how much of the quoted currency one of the base is worth, from what both are worth of a third.

    28 digits: more than any amount has, so that the price can be recomputed from the rate that is told.
    """
    with localcontext() as context:
        context.prec = 28
        return of_quote / of_base


def convert(amount: int, *, rate: Decimal, base: str, quote: str) -> int:
    """Return minor units of `base` in minor units of `quote`, rounded half-even once."""
    with localcontext() as context:
        context.prec = 60
        return to_minor(from_minor(amount, base) * rate, quote)
