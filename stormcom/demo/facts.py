"""Domain events: what the shop's own software would have written as orders were placed, cancelled and refunded."""

import polars as pl

from stormcom.demo.chance import generator
from stormcom.demo.keys import time_keys
from stormcom.demo.shops import Shop


def make_facts(shop: Shop, store_id: str, orders: pl.DataFrame, refunds: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Rows of domain_event, sorted by time. A payload names no person."""
    rng = generator(seed, shop.slug, "facts")
    placed = orders.select(
        entity_id="id", entity_type=pl.lit("order"), name=pl.lit("order.placed"), occurred_at="placed_at",
        payload=_json(order_number="order_number", total_amount="order_total_amount", currency="currency"))
    cancelled = orders.filter(pl.col("canceled_at").is_not_null()).select(
        entity_id="id", entity_type=pl.lit("order"), name=pl.lit("order.cancelled"), occurred_at="canceled_at",
        payload=_json(order_number="order_number", reason="cancel_reason"))
    processed = refunds.filter(pl.col("status") == "processed").select(
        entity_id="id", entity_type=pl.lit("refund"), name=pl.lit("refund.processed"), occurred_at="processed_at",
        payload=_json(order_id="order_id", amount="amount", currency="currency"))
    facts = pl.concat([placed, cancelled, processed]).sort("occurred_at", maintain_order=True)
    instants = facts["occurred_at"].dt.timestamp("ms").to_numpy()
    return facts.with_columns(
        id=time_keys(rng, instants), correlation_id=time_keys(rng, instants), store_id=pl.lit(store_id),
        actor_type=pl.lit("SYSTEM"))


def _json(**columns: str) -> pl.Expr:
    return pl.struct([pl.col(column).alias(name) for name, column in columns.items()]).struct.json_encode()
