"""Domain events that the shop would have recorded when it happened."""

import polars as pl

from stormcom.importers.online_retail.keys import Keys

ORDER_PLACED = "order.placed"
REFUND_PROCESSED = "refund.processed"


def event_frame(orders: pl.DataFrame, refunds: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """One order.placed per order that was placed (not per opening order), one refund.processed per refund.

    Columns: id, name, entity_type, entity_id, reference (the invoice), amount (pence), occurred_at.
    """
    placed = orders.filter(pl.col("origin") == "import").select(
        pl.lit(ORDER_PLACED).alias("name"),
        pl.lit("order").alias("entity_type"),
        pl.col("id").alias("entity_id"),
        pl.col("invoice").alias("reference"),
        (pl.col("subtotal_amount") + pl.col("shipping_amount")).alias("amount"),
        pl.col("placed_at").alias("occurred_at"),
    )
    refunded = refunds.select(
        pl.lit(REFUND_PROCESSED).alias("name"),
        pl.lit("refund").alias("entity_type"),
        pl.col("id").alias("entity_id"),
        pl.col("invoice").alias("reference"),
        "amount",
        pl.col("processed_at").alias("occurred_at"),
    )
    events = pl.concat([placed, refunded]).sort("occurred_at", "entity_id")
    return events.select(keys.dated_column("event", events["entity_id"], events["occurred_at"]).alias("id"), pl.all())
