"""Vectors follow documents: no work for the unchanged, nothing overwritten by the slow, no mixing of models."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.ids import new_id
from oltp.search import actions
from oltp.search.actions import embed_products, refresh_documents
from oltp.search.encoders import HashEncoder, Vectors
from oltp.tenancy.errors import StoreNotFound
from tests.oltp.search.shop import Offer, fill_store


class OtherEncoder(HashEncoder):
    """A second model."""

    model_id = "other/1"
    dimensions = 128


class InterruptedEncoder(HashEncoder):
    """Does something else while the texts are being encoded."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = meanwhile

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        vectors = super().encode_documents(texts)
        self._meanwhile()
        return vectors


def rename(database: Database, store: UUID, sku: str, name: str) -> None:
    with database.session_for(store) as session:
        session.execute(text("UPDATE products SET name = :name WHERE sku = :sku"), {"name": name, "sku": sku})
        refresh_documents(session, store_id=store)


def state(database: Database, store: UUID) -> tuple[str | None, dict[str, str]]:
    """The active model, and the status of all models."""
    with database.session_for(store) as session:
        active = session.scalar(text("SELECT active_model_id FROM store_shard"))
        return active, {row.id: row.status for row in session.execute(text("SELECT id, status FROM embedding_model"))}


def nearest(database: Database, store: UUID, query: str, encoder: HashEncoder | None = None) -> float:
    """Cosine of the nearest vector of the encoder's model."""
    encoder = encoder or HashEncoder()
    with database.session_for(store) as session:
        return float(
            session.scalar(
                text("SELECT -min(embedding <#> CAST(:q AS halfvec)) FROM product_embedding WHERE model_id = :m"),
                {"q": actions.vector_literal(encoder.encode_query(query)), "m": encoder.model_id},
            )
            or 0
        )


def count(database: Database, store: UUID) -> int:
    with database.session_for(store) as session:
        return session.scalar(text("SELECT count(*) FROM product_embedding")) or 0


@pytest.fixture
def lamps(database: Database, store: UUID) -> dict[str, UUID]:
    return fill_store(database, store, [Offer(f"Lamp number{n}", f"L{n}") for n in range(5)])


def test_every_document_gets_its_vector_once(
    database: Database, store: UUID, lamps: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "WRITE_BATCH", 2)
    told: list[tuple[int, int]] = []
    first = embed_products(database, store_id=store, encoder=HashEncoder(), progress=lambda *at: told.append(at))
    assert (first.embedded, first.skipped) == (5, 0) and told == [(2, 5), (4, 5), (5, 5)]
    assert nearest(database, store, "Lamp number3") == pytest.approx(1, abs=0.01)
    again = embed_products(database, store_id=store, encoder=HashEncoder())
    assert (again.embedded, again.skipped) == (0, 5)
    rename(database, store, "L2", "Torch")
    assert embed_products(database, store_id=store, encoder=HashEncoder()).embedded == 1
    assert nearest(database, store, "Torch") == pytest.approx(1, abs=0.01)
    assert count(database, store) == 5


def test_a_price_needs_no_new_vector(database: Database, store: UUID, lamps: dict[str, UUID]) -> None:
    embed_products(database, store_id=store, encoder=HashEncoder())
    with database.session_for(store) as session:
        session.execute(text("UPDATE products SET price_amount = 1"))
        session.execute(text("UPDATE inventory_level SET on_hand = 0"))
        assert refresh_documents(session, store_id=store) == 5
    assert embed_products(database, store_id=store, encoder=HashEncoder()).embedded == 0


def test_a_slow_worker_cannot_overwrite_newer_text(database: Database, store: UUID, lamps: dict[str, UUID]) -> None:
    def meanwhile() -> None:
        rename(database, store, "L1", "Bicycle")
        embed_products(database, store_id=store, encoder=HashEncoder())

    slow = embed_products(database, store_id=store, encoder=InterruptedEncoder(meanwhile))
    assert slow.embedded == 4
    assert nearest(database, store, "Bicycle") == pytest.approx(1, abs=0.01)
    assert embed_products(database, store_id=store, encoder=HashEncoder()).embedded == 0


def test_a_document_that_changed_meanwhile_is_left_for_the_next_run(
    database: Database, store: UUID, lamps: dict[str, UUID]
) -> None:
    interrupted = InterruptedEncoder(lambda: rename(database, store, "L1", "Bicycle"))
    assert embed_products(database, store_id=store, encoder=interrupted).embedded == 4
    # Not covered completely: queries must not use the model yet.
    assert state(database, store) == (None, {HashEncoder.model_id: "building"})
    assert embed_products(database, store_id=store, encoder=HashEncoder()).embedded == 1
    assert state(database, store) == (HashEncoder.model_id, {HashEncoder.model_id: "active"})


def test_vectors_of_products_no_longer_sold_go(database: Database, store: UUID, lamps: dict[str, UUID]) -> None:
    embed_products(database, store_id=store, encoder=HashEncoder())
    with database.session_for(store) as session:
        session.execute(text("UPDATE products SET status = 'ARCHIVED' WHERE sku IN ('L0', 'L1')"))
        refresh_documents(session, store_id=store)
    embed_products(database, store_id=store, encoder=HashEncoder())
    assert count(database, store) == 3


def test_a_new_model_is_built_beside_the_old_one(database: Database, store: UUID, lamps: dict[str, UUID]) -> None:
    embed_products(database, store_id=store, encoder=HashEncoder())

    class Watching(OtherEncoder):
        def encode_documents(self, texts: Sequence[str]) -> Vectors:
            # While the new model is being built, the store's queries stay on the old one.
            assert state(database, store)[0] == HashEncoder.model_id
            return super().encode_documents(texts)

    embed_products(database, store_id=store, encoder=Watching())
    assert state(database, store) == (
        OtherEncoder.model_id,
        {HashEncoder.model_id: "retired", OtherEncoder.model_id: "active"},
    )
    # A query that had read the old pointer still finds vectors; the next run clears them.
    assert count(database, store) == 10
    embed_products(database, store_id=store, encoder=OtherEncoder())
    assert count(database, store) == 5


def test_an_old_model_stays_active_while_another_store_uses_it(
    database: Database, store: UUID, other_store: UUID, lamps: dict[str, UUID]
) -> None:
    fill_store(database, other_store, [Offer("Desk", "D")], HashEncoder())
    embed_products(database, store_id=store, encoder=HashEncoder())
    embed_products(database, store_id=store, encoder=OtherEncoder())
    assert state(database, store)[1] == {HashEncoder.model_id: "active", OtherEncoder.model_id: "active"}
    assert state(database, other_store)[0] == HashEncoder.model_id
    assert count(database, other_store) == 1


def test_a_store_without_products_stays_without_a_model(database: Database, store: UUID) -> None:
    report = embed_products(database, store_id=store, encoder=HashEncoder())
    assert (report.embedded, report.skipped) == (0, 0) and state(database, store)[0] is None


def test_an_unknown_store_is_refused(database: Database) -> None:
    with pytest.raises(StoreNotFound):
        embed_products(database, store_id=new_id(), encoder=HashEncoder())
