"""Orders as they were when they were placed, for replays: by the trace of their quote, or by their frozen lines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.checkout.goods import Belonging, categories_above
from oltp.checkout.inputs import QuoteInputs
from oltp.checkout.traces import read_trace
from oltp.merchandising.bundles_queries import collections_of_products
from oltp.orders.rules import read_address
from oltp.promotions.rules import PromoFacts, PromoLine

_ORDERS = text("""
    WITH last AS (
      SELECT o.id, o.store_id, o.currency, o.placed_at, o.customer_id, o.subject_id, o.shipping_address,
             o.order_shipping_amount, o.discount_code, o.quote_id
      FROM orders o
      WHERE o.store_id = :store AND o.origin = 'storefront' AND o.currency = :currency AND o.placed_at < :at
        AND o.deleted_at IS NULL AND o.status NOT IN ('CANCELED', 'PAYMENT_FAILED')
      ORDER BY o.placed_at DESC, o.id DESC LIMIT :count)
    SELECT o.*, q.trace, NOT EXISTS (
             SELECT FROM orders e WHERE e.store_id = o.store_id AND e.subject_id = o.subject_id
             AND e.placed_at < o.placed_at AND e.deleted_at IS NULL AND e.status <> 'CANCELED') AS is_first,
           ARRAY(SELECT m.segment_id FROM customer_segment_member m
                 WHERE m.store_id = o.store_id AND m.customer_id = o.customer_id AND m.joined_at <= o.placed_at
                   AND (m.left_at IS NULL OR m.left_at > o.placed_at)) AS segment_ids
    FROM last o LEFT JOIN quote q ON q.store_id = o.store_id AND q.id = o.quote_id
    ORDER BY o.placed_at, o.id""")
_LINES = text("""
    SELECT i.id, i.order_id, i.product_id, i.variant_id, i.quantity, i.unit_price_amount, i.line_subtotal_amount,
           i.line_discount_amount, i.line_total_amount, p.category_id
    FROM order_items i LEFT JOIN products p ON p.store_id = i.store_id AND p.id = i.product_id
    WHERE i.store_id = :store AND i.order_id = ANY (:orders) AND i.quantity > 0 ORDER BY i.order_id, i.ordinal""")
# A product that was deleted for good belongs nowhere.
_GONE = UUID(int=0)


@dataclass(frozen=True)
class PastOrder:
    """An order to replay: `inputs` where a quote kept them, and what its frozen lines say.

    `facts` hold as `taken` all that was taken off already; `net_amounts` is each line's net after its discount.
    """

    order_id: UUID
    facts: PromoFacts
    net_amounts: Mapping[str, int]
    inputs: QuoteInputs | None


def list_past_orders(
    session: Session, *, store_id: UUID, currency: str, order_count: int, at: datetime
) -> list[PastOrder]:
    """Return the last storefront orders before `at`, oldest first; at most four statements."""
    orders = session.execute(
        _ORDERS, {"store": store_id, "currency": currency, "at": at, "count": order_count}).all()
    rows = session.execute(_LINES, {"store": store_id, "orders": [order.id for order in orders]}).all()
    lines: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        lines.setdefault(row.order_id, []).append(row)
    belonging = _belonging(session, store_id=store_id, rows=rows)
    return [_past(order, lines.get(order.id, []), belonging) for order in orders]


def _belonging(session: Session, *, store_id: UUID, rows: Iterable[Row[Any]]) -> Mapping[UUID, Any]:
    known = {row.product_id: row.category_id for row in rows if row.product_id}
    above = categories_above(session, store_id=store_id, category_ids={key for key in known.values() if key})
    found = Belonging(collections_of_products(session, store_id=store_id, product_ids=set(known)), above)
    nothing: frozenset[UUID] = frozenset()
    return {product: (found.collections.get(product, nothing), found.categories.get(category, nothing))
            for product, category in known.items()}


def _past(order: Row[Any], rows: Sequence[Row[Any]], belonging: Mapping[UUID, Any]) -> PastOrder:
    address = read_address(order.shipping_address) or {}
    nowhere: tuple[frozenset[UUID], frozenset[UUID]] = (frozenset(), frozenset())
    lines = []
    for row in rows:
        collections, categories = belonging.get(row.product_id, nowhere)
        lines.append(_line(row, collections, categories))
    facts = PromoFacts(
        currency=order.currency, lines=tuple(lines), shipping_amount=order.order_shipping_amount,
        country=address.get("country"), region=address.get("state"), segment_ids=frozenset(order.segment_ids),
        is_first_order=order.is_first, is_identified=bool(order.customer_id or address.get("email")),
        codes=(order.discount_code,) if order.discount_code else (), at=order.placed_at)
    net = {str(row.id): row.line_subtotal_amount - row.line_discount_amount for row in rows}
    return PastOrder(order.id, facts, net, _inputs(order, facts, belonging))


def _line(row: Row[Any], collections: frozenset[UUID], categories: frozenset[UUID]) -> PromoLine:
    # What was paid for it: without tax where the price list has none, with it where it has.
    has_tax = row.line_subtotal_amount != row.unit_price_amount * row.quantity
    paid = row.line_total_amount if has_tax else row.line_subtotal_amount - row.line_discount_amount
    return PromoLine(
        line_id=str(row.id), product_id=row.product_id or _GONE, variant_id=row.variant_id or _GONE,
        collection_ids=collections, category_ids=categories, quantity=row.quantity,
        unit_amount=row.unit_price_amount, taken=row.unit_price_amount * row.quantity - paid)


def _inputs(order: Row[Any], facts: PromoFacts, belonging: Mapping[UUID, Any]) -> QuoteInputs | None:
    """Return what the quote kept. Where no rule was in force it kept nothing of whom and where: that is filled in."""
    if order.trace is None:
        return None
    inputs = read_trace(order.trace).inputs
    if inputs.rules:
        return inputs
    lines = []
    for line in inputs.lines:
        collections, categories = belonging.get(line.product_id, (line.collection_ids, line.category_ids))
        lines.append(replace(line, collection_ids=collections, category_ids=categories))
    return replace(inputs, lines=tuple(lines), segment_ids=facts.segment_ids, is_first_order=facts.is_first_order)
