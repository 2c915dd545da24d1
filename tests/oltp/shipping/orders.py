"""Orders for tests of what comes after them: written as rows, as checkout would have left them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from oltp.kit.ids import new_id
from tests.selling import Goods, Shop

_ORDER = text("""
    INSERT INTO orders (id, store_id, order_number, status, payment_status, payment_method, currency,
                        order_subtotal_amount, order_discount_amount, order_shipping_amount, order_tax_amount,
                        order_total_amount, placed_at)
    VALUES (:order, :store, :number, CAST(:status AS order_status), CAST(:payment AS payment_status),
            CAST(:method AS payment_method), :currency, :total, 0, 0, 0, :total, now())""")
_LINE = text("""
    INSERT INTO order_items (id, store_id, order_id, product_id, variant_id, product_name, sku, quantity, currency,
                             unit_price_amount, line_subtotal_amount, line_discount_amount, line_tax_amount,
                             line_total_amount, ordinal)
    VALUES (:line, :store, :order, :product, :variant, :sku, :sku, :quantity, :currency, :price, :total, 0, 0, :total,
            :ordinal)""")
PRICE = 1000


@dataclass(frozen=True)
class Placed:
    """An order and its lines, in their order."""

    order_id: UUID
    lines: tuple[UUID, ...]


def place(shop: Shop, *bought: tuple[Goods, int], status: str = "PAID", payment: str = "PAID",
          method: str = "CREDIT_CARD") -> Placed:
    """Write an order of (goods, quantity), each unit for PRICE."""
    placed = Placed(new_id(), tuple(new_id() for _ in bought))
    with shop.database.session_for(shop.store_id) as session:
        session.execute(_ORDER, {
            "order": placed.order_id, "store": shop.store_id, "number": f"T-{next(shop.numbers)}", "status": status,
            "payment": payment, "method": method, "currency": shop.currency,
            "total": PRICE * sum(quantity for _, quantity in bought)})
        session.execute(_LINE, [
            {"line": line, "store": shop.store_id, "order": placed.order_id, "product": goods.product_id,
             "variant": goods.variant_id, "sku": goods.sku, "quantity": quantity, "currency": shop.currency,
             "price": PRICE, "total": PRICE * quantity, "ordinal": ordinal}
            for ordinal, (line, (goods, quantity)) in enumerate(zip(placed.lines, bought, strict=True))])
    return placed


def column(shop: Shop, table: str, key: UUID, name: str) -> Any:
    """Return a column of a row."""
    return shop.execute(f"SELECT {name} FROM {table} WHERE store_id = :store AND id = :key", key=key)


def event_names(shop: Shop, prefixes: Sequence[str] = ("fulfillment", "shipment", "order", "return")) -> list[str]:
    """Return the names of the store's domain events of these nouns, oldest first."""
    # By place in the table, which is only added to: ids of one moment are in no order.
    with shop.database.session_for(shop.store_id) as session:
        names = session.scalars(text("SELECT name FROM domain_event WHERE store_id = :store ORDER BY ctid"),
                                {"store": shop.store_id})
        return [name for name in names if name.split(".")[0] in prefixes]
