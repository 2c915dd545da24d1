"""Amounts of an order: what Shopify says of the whole, split over the lines so that it adds up again. Pure.

Shopify's Subtotal is what the lines cost after discounts. Where Taxes are part of the prices, Total is Subtotal and
Shipping; else Taxes come on top. An order that adds up in neither way (tips, duties) is left out and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from oltp.kit.money import split


@dataclass(frozen=True)
class Line:
    """A line as the file has it: `price` of one unit, `discount` of the whole line, in minor units."""

    price: int
    quantity: int
    discount: int

    @property
    def gross(self) -> int:
        """What the line costs before discounts."""
        return self.price * self.quantity


@dataclass(frozen=True)
class SplitLine:
    """A line as it is stored: subtotal − discount + tax = total."""

    subtotal: int
    discount: int
    tax: int

    @property
    def total(self) -> int:
        """What was paid for the line."""
        return self.subtotal - self.discount + self.tax


@dataclass(frozen=True)
class SplitOrder:
    """An order as it is stored; `shipping` is without its tax."""

    lines: tuple[SplitLine, ...]
    shipping: int
    shipping_tax: int
    is_inclusive: bool


def split_order(lines: Sequence[Line], *, subtotal: int, shipping: int, taxes: int, total: int) -> SplitOrder | None:
    """Return the order's parts, None where the file's sums don't add up."""
    discount = sum(line.gross for line in lines) - subtotal
    is_inclusive = total == subtotal + shipping and taxes > 0
    if discount < 0 or not (is_inclusive or total == subtotal + shipping + taxes) or taxes > total:
        return None
    discounts = split_discount(lines, discount)
    paid = [line.gross - taken for line, taken in zip(lines, discounts, strict=True)]
    if taxes and not any([*paid, shipping]):
        return None
    *line_taxes, shipping_tax = split(taxes, [*paid, shipping])
    inside = [tax if is_inclusive else 0 for tax in line_taxes]
    parts = tuple(SplitLine(line.gross - part, taken, tax)
                  for line, part, taken, tax in zip(lines, inside, discounts, line_taxes, strict=True))
    return SplitOrder(parts, shipping - (shipping_tax if is_inclusive else 0), shipping_tax, is_inclusive)


def split_discount(lines: Sequence[Line], discount: int) -> list[int]:
    """Give each line its own discount, and split what is beyond it over what the lines still cost."""
    own = [min(line.discount, line.gross) for line in lines]
    if sum(own) > discount:
        return split(discount, [line.gross for line in lines])
    rest = split(discount - sum(own), [line.gross - taken for line, taken in zip(lines, own, strict=True)])
    return [taken + more for taken, more in zip(own, rest, strict=True)]


def split_refund(refunded: int, order: SplitOrder) -> tuple[int, int, int]:
    """Split money given back into (goods, shipping, tax), in proportion to what they were of the order."""
    goods = sum(line.subtotal - line.discount for line in order.lines)
    tax = sum(line.tax for line in order.lines) + order.shipping_tax
    back = split(refunded, [goods, order.shipping, tax])
    return back[0], back[1], back[2]
