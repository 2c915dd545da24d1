"""Rows that the shop writes while the river runs."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import text

from oltp.db.session import Database


def store_named(database: Database, slug: str) -> UUID:
    """The id of a demo store."""
    with database.pipelines_session() as session:
        found = session.scalar(text("SELECT id FROM stores WHERE slug = :slug"), {"slug": slug})
    assert isinstance(found, UUID)
    return found


def place_order(database: Database, store: UUID, *, placed_at: datetime, amount: int = 1234) -> UUID:
    """One order with one line of the store's first product."""
    order, name = uuid4(), f"T-{uuid4().hex[:8]}"
    with database.session_for(store) as session:
        product = session.execute(text("""
            SELECT p.id, v.id AS variant_id, p.name, p.sku, p.currency FROM products p
            JOIN product_variants v ON v.product_id = p.id ORDER BY p.id, v.id LIMIT 1""")).one()
        given = {"store": store, "order": order, "number": name, "placed_at": placed_at, "amount": amount,
                 "product": product.id, "variant": product.variant_id, "name": product.name, "sku": product.sku,
                 "currency": product.currency}
        session.execute(text("""
            INSERT INTO orders (id, store_id, order_number, status, origin, placed_at, currency, order_subtotal_amount,
              order_discount_amount, order_shipping_amount, order_tax_amount, order_total_amount)
            VALUES (:order, :store, :number, 'PAID', 'storefront', :placed_at, :currency, :amount, 0, 0, 0, :amount)
            """), given)
        session.execute(text("""
            INSERT INTO order_items (store_id, order_id, product_id, variant_id, ordinal, product_name, sku,
              unit_price_amount, quantity, line_subtotal_amount, line_discount_amount, line_tax_amount,
              line_total_amount, currency)
            VALUES (:store, :order, :product, :variant, 1, :name, :sku, :amount, 1, :amount, 0, 0, :amount, :currency)
            """), given)
    return order
