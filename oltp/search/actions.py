"""Writes of the search: documents follow products, vectors follow documents."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from oltp.db.session import Database
from oltp.search.documents import TEMPLATE_VERSION, Document, embedding_text, search_configuration
from oltp.search.encoders import Encoder, Vectors
from oltp.search.gathering import DELETE_GONE, UPSERT
from oltp.tenancy.errors import StoreNotFound

# A write takes one short transaction: nobody waits for more than these rows.
WRITE_BATCH = 256


@dataclass(frozen=True)
class EmbedReport:
    """`embedded` vectors were written, `skipped` documents needed none or changed meanwhile; wall-clock seconds."""

    embedded: int
    skipped: int
    seconds: float


def refresh_documents(session: Session, *, store_id: UUID) -> int:
    """Write the documents that changed, remove those of products no longer sold; returns how many rows moved.

    Runs as the app within the store, or as the pipelines. Errors: StoreNotFound.
    """
    return _refresh(session, store_id=store_id, product_ids=None)


def refresh_products(session: Session, *, store_id: UUID, product_ids: Sequence[UUID]) -> int:
    """Do the same for some products. Errors: StoreNotFound."""
    return _refresh(session, store_id=store_id, product_ids=list(product_ids))


def _refresh(session: Session, *, store_id: UUID, product_ids: list[UUID] | None) -> int:
    locale = _locale(session, store_id=store_id)
    given = {"store_id": store_id, "product_ids": product_ids, "locale": locale}
    removed = _changed_rows(session, statement=DELETE_GONE, given=given)
    return removed + _changed_rows(
        session, statement=UPSERT, given={**given, "configuration": search_configuration(locale)}
    )


def embed_products(
    database: Database,
    *,
    store_id: UUID,
    encoder: Encoder,
    progress: Callable[[int, int], None] | None = None,
) -> EmbedReport:
    """Bring the store's vectors of this encoder up to its documents, then point its queries at them.

    Encoding happens outside of any transaction. `progress` is told (done, of how many). The store's queries stay
    on the old model until every document has a vector of the new one. Errors: StoreNotFound.
    """
    began = time.perf_counter()
    with database.pipelines_session() as session:
        locale = _locale(session, store_id=store_id)
        _ensure_model(session, encoder=encoder)
        _delete_stale(session, store_id=store_id, locale=locale, model_id=encoder.model_id)
        pending, total = _list_pending(session, store_id=store_id, locale=locale, model_id=encoder.model_id)
    embedded = 0
    for start in range(0, len(pending), WRITE_BATCH):
        batch = pending[start : start + WRITE_BATCH]
        vectors = encoder.encode_documents([embedding_text(document) for document in batch])
        with database.pipelines_session() as session:
            embedded += _write_vectors(
                session, store_id=store_id, locale=locale, encoder=encoder, batch=batch, vectors=vectors
            )
        if progress is not None:
            progress(start + len(batch), len(pending))
    with database.pipelines_session() as session:
        _activate_if_complete(session, store_id=store_id, locale=locale, model_id=encoder.model_id)
    return EmbedReport(embedded, total - embedded, time.perf_counter() - began)


def _locale(session: Session, *, store_id: UUID) -> str:
    locale = session.scalar(text("SELECT locale FROM stores WHERE id = :store_id"), {"store_id": store_id})
    if locale is None:
        raise StoreNotFound()
    return str(locale)


def _ensure_model(session: Session, *, encoder: Encoder) -> None:
    statement = text("""
        INSERT INTO embedding_model (id, name, dimensions, template_version, status)
        VALUES (:id, :name, :dimensions, :template_version, 'building') ON CONFLICT DO NOTHING""")
    name = encoder.model_id.rsplit("/", 1)[0]
    given = {"id": encoder.model_id, "name": name, "dimensions": encoder.dimensions}
    session.execute(statement, {**given, "template_version": TEMPLATE_VERSION})


def _delete_stale(session: Session, *, store_id: UUID, locale: str, model_id: str) -> None:
    """Remove vectors without a document, and those of models that the store has left.

    A model just left keeps its vectors until the run after, for queries that had already read the pointer.
    """
    statement = text("""
        DELETE FROM product_embedding e USING store_shard s
        WHERE s.store_id = :store_id AND e.store_id = :store_id AND e.shard = s.shard AND (
          (e.model_id <> :model_id AND s.active_model_id = :model_id)
          OR NOT EXISTS (SELECT FROM product_search_document d WHERE d.store_id = e.store_id
                         AND d.product_id = e.product_id AND d.locale = e.locale))""")
    session.execute(statement, {"store_id": store_id, "locale": locale, "model_id": model_id})


def _list_pending(session: Session, *, store_id: UUID, locale: str, model_id: str) -> tuple[list[Document], int]:
    """Return the documents without an up-to-date vector, shortest first, and how many documents there are."""
    statement = text(f"""
        SELECT d.product_id, d.content_hash, d.title, d.brand, d.category_path, d.keywords, d.body
        FROM product_search_document d JOIN store_shard s ON s.store_id = d.store_id
        LEFT JOIN product_embedding e ON {_SAME_VECTOR}
        WHERE d.store_id = :store_id AND d.locale = :locale AND e.content_hash IS DISTINCT FROM d.content_hash
        ORDER BY length(d.title) + length(d.keywords) + length(d.body), d.product_id""")
    given = {"store_id": store_id, "locale": locale, "model_id": model_id}
    total = session.scalar(
        text("SELECT count(*) FROM product_search_document WHERE store_id = :store_id AND locale = :locale"),
        {"store_id": store_id, "locale": locale},
    )
    return [Document(*row) for row in session.execute(statement, given)], int(total or 0)


_SAME_VECTOR = """
  e.shard = s.shard AND e.store_id = d.store_id AND e.model_id = :model_id AND e.locale = d.locale
  AND e.product_id = d.product_id"""

# The row lock makes the hash's check and the write one step: without it a document may change, and be embedded anew
# by somebody quicker, between this statement's snapshot and its write, which would then bring the old text back.
_WRITE = text("""
    INSERT INTO product_embedding AS e
      (shard, store_id, model_id, locale, product_id, content_hash, dimensions, embedding)
    SELECT s.shard, :store_id, :model_id, :locale, d.product_id, d.content_hash, :dimensions, v.embedding::halfvec
    FROM (SELECT product_id, content_hash FROM product_search_document
          WHERE store_id = :store_id AND locale = :locale AND product_id = ANY(CAST(:product_ids AS uuid[]))
          ORDER BY product_id FOR SHARE) d
    JOIN unnest(CAST(:product_ids AS uuid[]), CAST(:hashes AS text[]), CAST(:vectors AS text[]))
      AS v (product_id, content_hash, embedding)
      ON v.product_id = d.product_id AND v.content_hash = d.content_hash
    JOIN store_shard s ON s.store_id = :store_id
    ON CONFLICT (shard, store_id, model_id, locale, product_id) DO UPDATE SET
      content_hash = excluded.content_hash, dimensions = excluded.dimensions, embedding = excluded.embedding,
      updated_at = now()""")


def _write_vectors(
    session: Session,
    *,
    store_id: UUID,
    locale: str,
    encoder: Encoder,
    batch: Sequence[Document],
    vectors: Vectors,
) -> int:
    given = {
        "store_id": store_id,
        "locale": locale,
        "model_id": encoder.model_id,
        "dimensions": encoder.dimensions,
        "product_ids": [document.product_id for document in batch],
        "hashes": [document.content_hash for document in batch],
        "vectors": [vector_literal(vector) for vector in vectors],
    }
    result = session.execute(_WRITE, given)
    assert isinstance(result, CursorResult)
    return result.rowcount


def vector_literal(vector: Vectors) -> str:
    """Return a vector as pgvector reads it; half precision keeps about three decimals, so six are plenty."""
    return "[" + ",".join(f"{value:.6f}" for value in vector) + "]"


def _activate_if_complete(session: Session, *, store_id: UUID, locale: str, model_id: str) -> None:
    """Flip the store's pointer once every document has its vector; models that no store uses are retired."""
    flipped = session.execute(
        text(f"""
            UPDATE store_shard s SET active_model_id = :model_id
            WHERE s.store_id = :store_id AND s.active_model_id IS DISTINCT FROM :model_id
              AND EXISTS (SELECT FROM product_embedding e
                          WHERE e.shard = s.shard AND e.store_id = :store_id AND e.model_id = :model_id)
              AND NOT EXISTS (SELECT FROM product_search_document d LEFT JOIN product_embedding e ON {_SAME_VECTOR}
                              WHERE d.store_id = :store_id AND d.locale = :locale
                                AND e.content_hash IS DISTINCT FROM d.content_hash)
            RETURNING s.store_id"""),
        {"store_id": store_id, "locale": locale, "model_id": model_id},
    ).first()
    if flipped is not None:
        session.execute(_RETIRE, {"model_id": model_id})


_RETIRE = text("""
    UPDATE embedding_model m SET status = CASE WHEN m.id = :model_id THEN 'active' ELSE 'retired' END
    WHERE m.id = :model_id OR (m.status = 'active' AND NOT EXISTS (
      SELECT FROM store_shard s WHERE s.active_model_id = m.id))""")


def _changed_rows(session: Session, *, statement: str, given: Mapping[str, object]) -> int:
    result = session.execute(text(statement), given)
    assert isinstance(result, CursorResult)
    return result.rowcount
