"""Orders to be paid, and gateways to pay them with."""

import json
from dataclasses import dataclass
from uuid import UUID

from oltp.db.transactions import Transactions
from oltp.kit.clock import SystemClock
from oltp.kit.ids import new_id
from oltp.payments.actions import create_attempt
from oltp.payments.charging import charge_attempt
from oltp.payments.gateway import Gateways
from oltp.payments.models import PaymentAttempt
from tests.selling import Goods, Shop

CLOCK = SystemClock()


@dataclass(frozen=True)
class Sold:
    """An order and its lines' ids."""

    order_id: UUID
    item_ids: tuple[UUID, ...]


def order_of(
    shop: Shop, *lines: tuple[Goods, int, int, int], shipping: int = 0, shipping_tax: int = 0, status: str = "PENDING",
) -> Sold:
    """Add an order whose lines are (goods, quantity, total, tax of it), in minor units."""
    order, ids = new_id(), tuple(new_id() for _ in lines)
    net, tax = sum(total - tax for _, _, total, tax in lines), sum(tax for *_, tax in lines)
    shop.execute("""
        INSERT INTO orders (id, store_id, order_number, status, currency, order_subtotal_amount, order_discount_amount,
                            order_shipping_amount, order_tax_amount, order_total_amount, shipping_tax_amount, placed_at)
        VALUES (:order, :store, :number, CAST(:status AS order_status), :currency, :net, 0, :shipping, :tax, :total,
                :shipping_tax, now())""",
        order=order, number=f"O-{next(shop.numbers)}", currency=shop.currency, net=net, shipping=shipping,
        tax=tax + shipping_tax, total=net + tax + shipping + shipping_tax, shipping_tax=shipping_tax, status=status)
    rows = [{"id": str(item), "product": str(goods.product_id), "variant": str(goods.variant_id), "sku": goods.sku,
             "quantity": quantity, "net": total - tax, "tax": tax, "total": total, "ordinal": ordinal}
            for ordinal, (item, (goods, quantity, total, tax)) in enumerate(zip(ids, lines, strict=True), 1)]
    shop.execute("""
        INSERT INTO order_items (id, store_id, order_id, product_id, variant_id, product_name, sku, quantity, currency,
                                 unit_price_amount, line_subtotal_amount, line_discount_amount, line_tax_amount,
                                 line_total_amount, ordinal)
        SELECT id, :store, :order, product, variant, sku, sku, quantity, :currency, net / quantity, net, 0, tax, total,
               ordinal
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS i (
          id uuid, product uuid, variant uuid, sku text, quantity integer, net bigint, tax bigint, total bigint,
          ordinal integer)""", order=order, currency=shop.currency, rows=json.dumps(rows))
    return Sold(order, ids)


def attempt_of(shop: Shop, order_id: UUID, *, config_id: UUID | None = None, amount: int | None = None,
               gateway: str = "STRIPE") -> UUID:
    """Add an attempt to collect the order's total, or so much."""
    due = amount if amount is not None else int(shop.execute(
        "SELECT order_total_amount FROM orders WHERE store_id = :store AND id = :order", order=order_id))
    with shop.database.session_for(shop.store_id) as session:
        return create_attempt(
            session, store_id=shop.store_id, order_id=order_id, provider_config_id=config_id, gateway=gateway,
            method="CREDIT_CARD" if gateway == "STRIPE" else "CASH_ON_DELIVERY", amount=due,
            currency=shop.currency).id


def charge(shop: Shop, gateways: Gateways, attempt_id: UUID, token: str | None = None) -> PaymentAttempt:
    """Charge an attempt."""
    return charge_attempt(Transactions(shop.database, shop.store_id), gateways=gateways, attempt_id=attempt_id,
                          token=token, clock=CLOCK)
