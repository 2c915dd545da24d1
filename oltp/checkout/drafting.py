"""Turns what was calculated into an order's rows: lines frozen with names, SKU, price, tax and bundle."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from oltp.checkout.accounts import Account
from oltp.checkout.quoting import Calculation
from oltp.checkout.wishes import PaymentChoice
from oltp.kit.ids import new_id
from oltp.orders.creating import NewLine, NewOrder
from oltp.orders.rules import address_json
from oltp.promotions.using import AppliedShare


def draft_order(
    found: Calculation, *, order_id: UUID, quote_id: UUID, status: str, account: Account, choice: PaymentChoice,
    placed_at: datetime,
) -> NewOrder:
    """Return the order to be; its number is provisional."""
    wish, totals, priced = found.wish, found.priced.totals, found.priced
    address = _with_contact(wish.shipping_address, wish.contact)
    billing = wish.billing_address or wish.shipping_address
    codes = [share.applied.code for share in priced.shares if share.applied.code]
    return NewOrder(
        id=order_id, customer_id=wish.customer_id, order_number=str(order_id), status=status,
        payment_status="PAID" if status == "PAID" else "PENDING", payment_method=choice.method,
        payment_gateway=account.gateway, currency=wish.currency,
        subtotal=totals.subtotal, discount=totals.discount, shipping=totals.shipping, tax=totals.tax,
        total=totals.total, shipping_discount=priced.shipping_discount, shipping_tax=priced.shipping_tax,
        prices_include_tax=found.inputs.includes_tax, placed_at=placed_at, quote_id=quote_id,
        discount_code=codes[0] if codes else None,
        shipping_method=found.inputs.shipping.name if found.inputs.shipping else None,
        shipping_address=address, billing_address=address_json(billing) if billing else None, customer_note=wish.note,
        ip_address=wish.ip_address, is_test=account.is_test)


def _with_contact(address: Mapping[str, Any] | None, contact: str | None) -> str | None:
    """Return the address as it is kept. The subject of a guest is found by the e-mail in it."""
    fields = {**(address or {}), **({"email": contact} if contact else {})}
    return address_json(fields) if fields else None


def draft_lines(found: Calculation) -> list[NewLine]:
    """Return the lines, in their order."""
    return [
        NewLine(
            id=new_id(), product_id=line.product_id, variant_id=line.variant_id, bundle_id=line.bundle_id,
            product_name=line.product_name, variant_name=line.variant_name, sku=line.sku, image=line.image,
            quantity=line.quantity, unit_price=line.unit_amount, subtotal=priced.subtotal, discount=priced.discount,
            tax=priced.tax, total=priced.total, tax_rate=line.tax.rate)
        for line, priced in zip(found.inputs.lines, found.priced.lines, strict=True)]


def draft_shares(found: Calculation, lines: list[NewLine]) -> list[AppliedShare]:
    """Return the discounts, each with the line of the order that it lowered."""
    items = {line.line_id: made.id for line, made in zip(found.inputs.lines, lines, strict=True)}
    return [AppliedShare(share.applied, items[share.line_id] if share.line_id else None, share.net_amount)
            for share in found.priced.shares]


def placed_facts(
    order: NewOrder, lines: list[NewLine], *, order_number: str, subject_id: UUID
) -> dict[str, Any]:
    """Return what order.placed tells: enough to know what was sold without asking back."""
    return {
        "order_id": str(order.id), "order_number": order_number, "status": order.status,
        "payment_status": order.payment_status,
        "payment_method": order.payment_method, "currency": order.currency, "subtotal_amount": order.subtotal,
        "discount_amount": order.discount, "shipping_amount": order.shipping, "tax_amount": order.tax,
        "total_amount": order.total, "customer_id": str(order.customer_id) if order.customer_id else None,
        "subject_id": str(subject_id), "quote_id": str(order.quote_id),
        "placed_at": order.placed_at.isoformat(),
        "items": [{
            "order_item_id": str(line.id), "product_id": str(line.product_id), "variant_id": str(line.variant_id),
            "sku": line.sku, "name": line.product_name, "quantity": line.quantity,
            "unit_price_amount": line.unit_price, "total_amount": line.total} for line in lines]}
