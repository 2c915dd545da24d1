"""What a refund is made of: units of lines, shipping, or a plain amount, in minor units. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from oltp.kit.money import split
from oltp.orders.rules import units_amount
from oltp.payments.errors import (
    RefundEmpty,
    RefundLineUnknown,
    RefundTooLarge,
    RefundUnitsTooMany,
    RestockTooMany,
    ShippingRefundTooLarge,
)


@dataclass(frozen=True)
class RefundWish:
    """What is to be refunded. `shipping`: all that is left of it, or so much with its tax. `amount`: beside the rest.

    `restock`: whether all units go back on the shelf, or how many of each line.
    """

    items: Mapping[UUID, int]
    shipping: bool | int = False
    amount: int = 0
    restock: bool | Mapping[UUID, int] = False


@dataclass(frozen=True)
class Line:
    """A line of an order. `settled` units are refunded already, or were never paid."""

    id: UUID
    quantity: int
    total: int
    tax: int
    settled: int


@dataclass(frozen=True)
class Shipping:
    """What shipping cost, with its tax in `tax`, and how much of it all was refunded."""

    total: int
    tax: int
    refunded: int


@dataclass(frozen=True)
class Part:
    """One row of a refund; kinds are those of the table refund_item."""

    kind: str
    amount: int
    order_item_id: UUID | None = None
    quantity: int | None = None


def parts_of(wish: RefundWish, *, lines: Sequence[Line], shipping: Shipping) -> list[Part]:
    """Return the rows of a refund: units by what they are worth net, and their tax; shipping likewise.

    Units of a line are settled in sequence, so all of them together are worth the line's total, however they are
    grouped. Errors: RefundLineUnknown, RefundUnitsTooMany, ShippingRefundTooLarge, RefundEmpty.
    """
    known = {line.id: line for line in lines}
    parts: list[Part] = []
    for index, (item_id, quantity) in enumerate(wish.items.items()):
        if item_id not in known:
            raise RefundLineUnknown(field=f"items.{index}.order_item_id", order_item_id=item_id)
        left = max(0, known[item_id].quantity) - known[item_id].settled
        if not 1 <= quantity <= left:
            raise RefundUnitsTooMany(field=f"items.{index}.quantity", left=left)
        parts += _units(known[item_id], quantity)
    parts += _shipping(wish.shipping, shipping)
    if wish.amount:
        parts.append(Part("amount", wish.amount))
    if not parts:
        raise RefundEmpty(field="items")
    return parts


def _units(line: Line, quantity: int) -> list[Part]:
    total = units_amount(line.total, line.quantity, line.settled, quantity)
    tax = units_amount(line.tax, line.quantity, line.settled, quantity)
    taxed = [Part("tax", tax, line.id)] if tax else []
    return [Part("item", total - tax, line.id, quantity), *taxed]


def _shipping(wanted: bool | int, shipping: Shipping) -> list[Part]:
    left = shipping.total - shipping.refunded
    amount = (left if wanted else 0) if isinstance(wanted, bool) else wanted
    if amount > left:
        raise ShippingRefundTooLarge(field="shipping", left=left)
    if amount <= 0:
        return []
    # The tax of what is refunded so far, rounded down; all of shipping has all of its tax.
    tax = (shipping.refunded + amount) * shipping.tax // shipping.total - shipping.refunded * shipping.tax \
        // shipping.total
    return [Part("shipping", amount - tax), *([Part("tax", tax)] if tax else [])]


def capped(parts: Sequence[Part], *, left: int, is_amount: bool) -> list[Part]:
    """Return the rows so that they come to no more than what is left; each gives up its share of the rest.

    A plain amount that is too large is refused instead: whoever typed it meant it. Errors: RefundTooLarge.
    """
    total = sum(part.amount for part in parts)
    if total <= left:
        return list(parts)
    if is_amount:
        raise RefundTooLarge(field="amount", left=left)
    shares = split(left, [part.amount for part in parts])
    return [replace(part, amount=share) for part, share in zip(parts, shares, strict=True)]


def restock_of(wish: RefundWish) -> dict[str, int] | None:
    """Return line → units that go back on the shelf; None for none. Errors: RestockTooMany."""
    if wish.restock and not wish.items:
        raise RestockTooMany(field="restock")
    if isinstance(wish.restock, bool):
        wanted = dict(wish.items) if wish.restock else {}
    else:
        wanted = {item: quantity for item, quantity in wish.restock.items() if quantity}
    if any(not 0 < quantity <= wish.items.get(item, 0) for item, quantity in wanted.items()):
        raise RestockTooMany(field="restock")
    return {str(item): quantity for item, quantity in wanted.items()} or None
