"""A new order with its lines, frozen as they were sold: two statements, however many lines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from oltp.kit.trace import current_trace
from oltp.orders.models import Order

_ORDER = text("""
    INSERT INTO orders (
      id, store_id, customer_id, order_number, status, discount_code, payment_method, payment_gateway, payment_status,
      shipping_method, shipping_address, billing_address, customer_note, ip_address, created_at, updated_at, placed_at,
      currency, order_subtotal_amount, order_discount_amount, order_shipping_amount, order_tax_amount,
      order_total_amount, shipping_discount_amount, shipping_tax_amount, prices_include_tax, quote_id, is_test,
      correlation_id)
    VALUES (
      :id, :store, :customer_id, :order_number, CAST(:status AS order_status), :discount_code,
      CAST(:payment_method AS payment_method), CAST(:payment_gateway AS payment_gateway),
      CAST(:payment_status AS payment_status), :shipping_method,
      :shipping_address, :billing_address, :customer_note, :ip_address, :placed_at, :placed_at, :placed_at, :currency,
      :subtotal, :discount, :shipping, :tax, :total, :shipping_discount, :shipping_tax, :prices_include_tax,
      :quote_id, :is_test, :correlation)
    RETURNING *""")
# The lines come in their order, and the trigger numbers them as they come.
_LINES = text("""
    INSERT INTO order_items (
      id, store_id, order_id, product_id, variant_id, bundle_id, product_name, variant_name, sku, image, quantity,
      currency, unit_price_amount, line_subtotal_amount, line_discount_amount, line_tax_amount, line_total_amount,
      tax_rate, created_at, updated_at)
    SELECT id, :store, :order, product_id, variant_id, bundle_id, product_name, variant_name, sku, image, quantity,
           :currency, unit_price, subtotal, discount, tax, total, tax_rate, :at, :at
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (
      place integer, id uuid, product_id uuid, variant_id uuid, bundle_id uuid, product_name text, variant_name text,
      sku text, image text, quantity integer, unit_price bigint, subtotal bigint, discount bigint, tax bigint,
      total bigint, tax_rate numeric)
    ORDER BY place""")
# The number is looked for as a value: where a statement makes it from a row of its own, row-level security lets no
# index be used, and every order of the store is read while all others wait for the counter.
_NUMBER = text("""
    UPDATE orders SET order_number = :number WHERE store_id = :store AND id = :order AND NOT EXISTS (
      SELECT FROM orders o WHERE o.store_id = :store AND o.order_number = :number)
    RETURNING order_number""")


@dataclass(frozen=True)
class NewLine:
    """A line as it is sold; amounts in minor units: total = subtotal − discount + tax."""

    id: UUID
    product_id: UUID
    variant_id: UUID
    bundle_id: UUID | None
    product_name: str
    variant_name: str | None
    sku: str
    image: str | None
    quantity: int
    unit_price: int
    subtotal: int
    discount: int
    tax: int
    total: int
    tax_rate: Decimal


@dataclass(frozen=True)
class NewOrder:
    """An order as it is placed; amounts in minor units of `currency`: total = subtotal − discount + shipping + tax.

    `order_number` may be provisional, until the store's counter is asked. Addresses are written by address_json().
    """

    id: UUID
    customer_id: UUID | None
    order_number: str
    status: str
    payment_status: str
    payment_method: str
    payment_gateway: str
    currency: str
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int
    shipping_discount: int
    shipping_tax: int
    prices_include_tax: bool
    placed_at: datetime
    quote_id: UUID | None = None
    discount_code: str | None = None
    shipping_method: str | None = None
    shipping_address: str | None = None
    billing_address: str | None = None
    customer_note: str | None = None
    ip_address: str | None = None
    is_test: bool = False


def create_order(session: Session, *, store_id: UUID, order: NewOrder, lines: Sequence[NewLine]) -> Order:
    """Insert the order and its lines, in their order; return the order, which now belongs to a subject."""
    trace = current_trace()
    made: Order = session.scalars(select(Order).from_statement(_ORDER), {
        **vars(order), "store": store_id, "correlation": trace.correlation_id if trace else None}).one()
    rows = [{"place": place, **asdict(line)} for place, line in enumerate(lines)]
    session.execute(_LINES, {"store": store_id, "order": order.id, "currency": order.currency,
                             "at": order.placed_at, "lines": json.dumps(rows, default=str)})
    return made


def number_order(session: Session, *, order: Order, number: str) -> bool:
    """Give a new order its final number; False where another order of the store has it, as one that was imported."""
    found = session.scalar(_NUMBER, {"store": order.store_id, "order": order.id, "number": number})
    if found is not None:
        set_committed_value(order, "order_number", found)
    return found is not None
