"""Embeddings: search documents and vectors of every store's products, made where their content changed."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import dagster as dg
from sqlalchemy import text

from oltp.db.session import Database
from oltp.search.actions import embed_products, refresh_documents
from oltp.search.encoders import Encoder, encoder_from
from pipelines.naming import OWNER, RECOMMENDATIONS, asset_key, published_key
from pipelines.priority import LEARN_PRIORITY
from pipelines.resources import River
from pipelines.steps import step

LOG_EVERY = 500
_STORES = "SELECT id FROM stores WHERE deleted_at IS NULL ORDER BY id"
_PREVIEW = """
SELECT s.slug, count(e.product_id), min(e.updated_at), max(e.updated_at) FROM stores s
JOIN product_embedding e ON e.store_id = s.id GROUP BY s.slug ORDER BY s.slug LIMIT 10"""


@dataclass
class Learnt:
    """What one pass over all stores did."""

    stores: int = 0
    documents: int = 0
    embedded: int = 0
    skipped: int = 0
    seconds: float = 0.0


@dg.asset(
    key=published_key("product_embedding"), deps=[asset_key("raw.products"), asset_key("raw.product_variants")],
    group_name=RECOMMENDATIONS, owners=[OWNER], kinds={"postgres", "pgvector"}, code_version="1",
    op_tags={"dagster/priority": LEARN_PRIORITY},
    description="One vector per product, locale and model, and the document that search reads; similar products and "
                "semantic search come from it. Only products whose text changed are encoded again.",
    metadata={"dagster/table_name": "public.product_embedding"})
def product_embedding(context: dg.AssetExecutionContext, river: dg.ResourceParam[River]) -> dg.MaterializeResult[None]:
    with step(context, river):
        encoder = encoder_from(river.settings)
        done = learn(river.database, encoder, report=context.log.info)
        total, preview = standing(river.database)
    return dg.MaterializeResult(metadata={
        "dagster/row_count": dg.MetadataValue.int(total),
        "rows_changed": dg.MetadataValue.int(done.embedded + done.documents),
        "documents_changed": dg.MetadataValue.int(done.documents),
        "embedded": dg.MetadataValue.int(done.embedded), "skipped": dg.MetadataValue.int(done.skipped),
        "model": encoder.model_id, "seconds": dg.MetadataValue.float(round(done.seconds, 2)),
        "preview": dg.MetadataValue.md(preview)})


def learn(database: Database, encoder: Encoder, *, report: Callable[[str], None]) -> Learnt:
    """Refresh documents and vectors, store by store; a store that is done stays done if a later one fails."""
    done = Learnt()
    with database.pipelines_session() as session:
        stores = list(session.scalars(text(_STORES)))
    for store_id in stores:
        with database.pipelines_session() as session:
            done.documents += refresh_documents(session, store_id=store_id)
        made = embed_products(database, store_id=store_id, encoder=encoder, progress=progress_of(store_id, report))
        done.stores += 1
        done.embedded += made.embedded
        done.skipped += made.skipped
        done.seconds += made.seconds
    return done


def progress_of(store_id: UUID, report: Callable[[str], None]) -> Callable[[int, int], None]:
    """A progress callback that writes a line each LOG_EVERY products and at the end."""
    reached = 0

    def progress(made: int, total: int) -> None:
        nonlocal reached
        if made - reached >= LOG_EVERY or made == total:
            reached = made
            report(f"Store {store_id}: {made} of {total} products encoded.")

    return progress


def standing(database: Database) -> tuple[int, str]:
    """Number of vectors, and a Markdown table of them by store."""
    with database.pipelines_session() as session:
        total = session.scalar(text("SELECT count(*) FROM product_embedding")) or 0
        rows = session.execute(text(_PREVIEW)).all()
    lines = ["| store | vectors | oldest | newest |", "| --- | --- | --- | --- |"]
    lines += [f"| {slug} | {count} | {oldest:%Y-%m-%d %H:%M} | {newest:%Y-%m-%d %H:%M} |"
              for slug, count, oldest, newest in rows]
    return int(total), "\n".join(lines)
