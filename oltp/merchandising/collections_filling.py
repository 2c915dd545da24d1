"""What is in the collections by rule: a few products brought up to date, or a collection filled anew.

Both ask the same SQL, so after any edits the one is the same as the other. A product is looked at under its lock, and
the rules are held meanwhile: of two who bring the same product up to date the later one sees what the first one saw.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_collection, lock_products, share_rules
from oltp.merchandising.conditions import read_rule
from oltp.merchandising.matching import compile_rule

_RULES = text("""
    SELECT id, rule FROM collection WHERE store_id = :store AND kind = 'rule' AND deleted_at IS NULL AND id = ANY (:ids)
    ORDER BY id""")
_MATCHES = "SELECT p.id, {columns} FROM products p WHERE p.store_id = :store AND p.id = ANY (:ids)"
# Rows of (collection, product): those that match come in, those that don't go.
_JOIN = text("""
    INSERT INTO collection_product (store_id, collection_id, product_id)
    SELECT :store, c, p FROM unnest(CAST(:collections AS uuid[]), CAST(:products AS uuid[])) AS w (c, p)
    ON CONFLICT DO NOTHING""")
_LEAVE = text("""
    DELETE FROM collection_product m USING unnest(CAST(:collections AS uuid[]), CAST(:products AS uuid[])) AS w (c, p)
    WHERE m.store_id = :store AND m.collection_id = w.c AND m.product_id = w.p""")
_FILL = """
WITH wanted AS MATERIALIZED (
  SELECT p.id FROM products p WHERE p.store_id = :store AND p.deleted_at IS NULL AND {condition}),
gone AS (
  DELETE FROM collection_product m WHERE m.store_id = :store AND m.collection_id = :collection
    AND NOT EXISTS (SELECT FROM wanted w WHERE w.id = m.product_id))
INSERT INTO collection_product (store_id, collection_id, product_id)
SELECT :store, :collection, id FROM wanted ON CONFLICT DO NOTHING"""


def refresh_products(session: Session, *, store_id: UUID, product_ids: Sequence[UUID]) -> None:
    """Bring the products' places in all collections by rule up to date; deleted ones lose theirs."""
    ids = share_rules(session, store_id=store_id)
    if not ids or not product_ids:
        return
    lock_products(session, store_id=store_id, product_ids=product_ids)
    columns: list[str] = []
    values: dict[str, Any] = {"store": store_id, "ids": list(product_ids)}
    rules = session.execute(_RULES, {"store": store_id, "ids": ids}).all()
    for number, row in enumerate(rules):
        condition, given = compile_rule(read_rule(row.rule), prefix=f"c{number}")
        columns.append(f"p.deleted_at IS NULL AND {condition}")
        values.update(given)
    matches = session.execute(text(_MATCHES.format(columns=", ".join(columns))), values).all()
    for statement, wanted in ((_LEAVE, False), (_JOIN, True)):
        pairs = [(rules[place].id, match[0]) for match in matches
                 for place, holds in enumerate(match[1:]) if holds is wanted]
        if pairs:
            session.execute(statement, {
                "store": store_id, "collections": [pair[0] for pair in pairs], "products": [pair[1] for pair in pairs]})


def fill_collection(session: Session, *, store_id: UUID, collection_id: UUID) -> None:
    """Fill a collection by rule anew from all products of the store; one by hand, or a deleted one, stays as it is."""
    if not lock_collection(session, store_id=store_id, collection_id=collection_id):
        return
    row = session.execute(_RULES, {"store": store_id, "ids": [collection_id]}).one_or_none()
    if row is None:
        return
    condition, values = compile_rule(read_rule(row.rule))
    session.execute(text(_FILL.format(condition=condition)), {
        **values, "store": store_id, "collection": collection_id})
