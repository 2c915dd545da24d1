"""The whole file, checked and matched, as the rows of each table. Pure: no database, no clock."""

from dataclasses import dataclass
from uuid import UUID

import polars as pl

from stormcom.importers.online_retail.buckets import (
    SALE,
    SHIPPING,
    classify,
    refuse_mixed_invoices,
    refuse_wrong_signs,
)
from stormcom.importers.online_retail.catalog_frames import customer_frame, product_frame
from stormcom.importers.online_retail.event_frames import event_frame
from stormcom.importers.online_retail.figures import FileFigures, file_figures
from stormcom.importers.online_retail.instants import to_instants
from stormcom.importers.online_retail.keys import Keys
from stormcom.importers.online_retail.matching import match_cancellations, settle_buckets
from stormcom.importers.online_retail.order_frames import opening_orders, sold_orders
from stormcom.importers.online_retail.reading import SourceFile
from stormcom.importers.online_retail.refund_frames import refund_frames, valued_parts


@dataclass(frozen=True)
class Prepared:
    """`frames`: entity → rows, in the order in which foreign keys allow them to be written."""

    frames: dict[str, pl.DataFrame]
    figures: FileFigures


def bucketed_rows(source: SourceFile, *, zone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows with their final `bucket` and their UTC `instant`, parts of the cancellations).

    Raises BrokenFile.
    """
    classified = classify(source.rows.with_columns(to_instants(pl.col("local_time"), zone=zone).alias("instant")))
    refuse_wrong_signs(classified, file=source.name, place=source.place)
    refuse_mixed_invoices(classified, file=source.name, place=source.place)
    parts = match_cancellations(classified)
    return settle_buckets(classified, parts), parts


def prepare(source: SourceFile, *, store_id: UUID, zone: str) -> Prepared:
    """Everything the import will write into the store, in memory. Raises BrokenFile."""
    rows, parts = bucketed_rows(source, zone=zone)
    keys = Keys(store_id)
    valued = valued_parts(rows, parts)
    sold = sold_orders(rows, keys)
    opening = opening_orders(rows, valued.filter(pl.col("line_row").is_null()), keys)
    invoice_of_row = rows.filter(pl.col("bucket").is_in([SALE, SHIPPING])).select("row", "invoice")
    refunds = refund_frames(valued, sold, opening, invoice_of_row, keys)
    orders = pl.concat([sold.orders, opening.orders])
    frames = {
        "products": product_frame(rows, keys),
        "customers": customer_frame(rows, keys),
        "orders": orders,
        "order_items": pl.concat([sold.items, opening.items]).drop("source_row", "part"),
        "refunds": refunds.refunds,
        "refund_items": refunds.items,
        "domain_events": event_frame(orders, refunds.refunds, keys),
    }
    return Prepared(frames, file_figures(rows, valued, frames))
