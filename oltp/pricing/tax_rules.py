"""Taxes of a line. Pure: whole minor units in and out, each rounded half-even once."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class TaxedLine:
    """What a line comes to, net: subtotal − discount + tax = total; none is negative."""

    line_subtotal: int
    line_discount: int
    line_tax: int
    line_total: int


def tax_line(*, gross: int, discount: int, rate: Decimal, includes_tax: bool) -> TaxedLine:
    """Return the line of `gross` (unit price × quantity) with `discount` off; `rate` is a share, 0.19 is 19 %.

    `includes_tax`: gross and discount contain the tax. Then the customer pays gross − discount exactly, and the tax is
    taken out of that; otherwise the tax is added to it. Errors: ValueError unless 0 ≤ discount ≤ gross and 0 ≤ rate.
    """
    if not 0 <= discount <= gross or rate < 0:
        raise ValueError(f"no line has {discount} off {gross} at the rate {rate}")
    paid = gross - discount
    if not includes_tax:
        tax = tax_on(paid, rate=rate)
        return TaxedLine(gross, discount, tax, paid + tax)
    tax, subtotal = tax_within(paid, rate=rate), gross - tax_within(gross, rate=rate)
    return TaxedLine(subtotal, subtotal - (paid - tax), tax, paid)


def tax_on(net: int, *, rate: Decimal) -> int:
    """Return the tax that is added to a net amount."""
    # round() of a fraction is half-even and exact, however large the amount.
    return round(net * Fraction(rate))


def tax_within(gross: int, *, rate: Decimal) -> int:
    """Return the tax that an amount contains."""
    share = Fraction(rate)
    return round(gross * share / (1 + share))
