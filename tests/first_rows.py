"""The rows that a shop starts with: a product, a customer, an order with a line, and their event."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_SHOP = """
WITH p AS (INSERT INTO products (store_id, name, slug, sku, price_amount, currency)
           VALUES (:store, 'Lamp', 'lamp', 'L1', 1999, 'USD') RETURNING id),
     c AS (INSERT INTO customers (store_id, email, first_name, last_name, total_spent_amount, average_order_amount)
           VALUES (:store, 'a@example.test', 'A', 'B', 0, 0) RETURNING id),
     o AS (INSERT INTO orders (store_id, order_number, order_subtotal_amount, order_discount_amount,
             order_shipping_amount, order_tax_amount, order_total_amount)
           VALUES (:store, 'ORD-1', 1999, 0, 0, 0, 1999) RETURNING id)
INSERT INTO order_items (store_id, order_id, product_name, sku, quantity, unit_price_amount, line_subtotal_amount,
                         line_discount_amount, line_tax_amount, line_total_amount)
  SELECT :store, o.id, 'Lamp', 'L1', 1, 1999, 1999, 0, 0, 1999 FROM o
"""
_EVENT = """
INSERT INTO domain_event (store_id, name, entity_type, entity_id)
  SELECT store_id, 'order.placed', 'order', id FROM orders WHERE store_id = :store
"""


def fill(session: Session, store: UUID) -> None:
    """Insert the rows as a program that knows no legacy column."""
    for statement in (_SHOP, _EVENT):
        session.execute(text(statement), {"store": store})
