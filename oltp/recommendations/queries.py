"""Reads of recommending: each source gives candidates of one store, sellable ones only, best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.recommendations.errors import ProductNotFound
from oltp.recommendations.rules import SOURCES, Candidate, Kind, Source, add_new, check_product
from oltp.search.queries import get_shelf, list_words, make_plan
from oltp.search.ranking import lexical_score

# Below this cosine two descriptions have little more in common than being descriptions.
MIN_SIMILARITY = 0.25

# A product that nobody may buy, or nobody can get, is never recommended; stock is by variant. The function knows both
# sides; a store that reads the new one is spared a call for every product.
SELLABLE = """
  p.store_id = :store_id AND p.status = 'ACTIVE' AND p.deleted_at IS NULL
  AND p.id IS DISTINCT FROM CAST(:product_id AS uuid)
  AND CASE WHEN (SELECT capability_reached(:store_id, 'inventory', 'read_new')) THEN EXISTS (
        SELECT FROM product_variants v JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
        WHERE v.store_id = p.store_id AND v.product_id = p.id AND v.deleted_at IS NULL
          AND (NOT l.is_tracked OR l.on_hand::bigint + l.backorder_limit - l.reserved > 0))
      ELSE product_is_available(p.store_id, p.id) END"""

# The 90 days' ranking is preferred; a store without sales in it goes by a longer look back.
_SALES = """
  SELECT DISTINCT ON (w.product_id) w.product_id, w.units_count, w.window_days, w.rank,
         array_position(ARRAY[90, 365, 30, 7], w.window_days) AS preference
  FROM product_sales_window w WHERE w.store_id = :store_id
  ORDER BY w.product_id, preference NULLS LAST, w.rank"""

_PUBLISHED = f"""
  SELECT r.recommended_product_id, r.score, r.source, r.reason, r.model_version
  FROM product_recommendation r JOIN products p ON p.id = r.recommended_product_id
  WHERE r.store_id = :store_id AND r.kind = :kind AND r.product_id IS NOT DISTINCT FROM CAST(:product_id AS uuid)
    AND {SELLABLE} ORDER BY r.rank LIMIT :rows"""

_CONTENT = f"""
  WITH target AS MATERIALIZED (
    SELECT e.shard, e.model_id, e.locale, e.embedding FROM product_embedding e
    JOIN store_shard s ON s.store_id = e.store_id AND s.shard = e.shard AND s.active_model_id = e.model_id
    WHERE e.store_id = :store_id AND e.product_id = :product_id AND e.shard = :shard),
  near AS (
    SELECT e.product_id, -(e.embedding <#> t.embedding) AS score, e.model_id
    FROM product_embedding e JOIN target t ON e.model_id = t.model_id AND e.locale = t.locale
    WHERE e.store_id = :store_id AND e.shard = :shard)
  SELECT n.product_id, n.score, 'content', 'described alike', n.model_id
  FROM near n JOIN products p ON p.id = n.product_id
  WHERE n.score >= {MIN_SIMILARITY} AND {SELLABLE} ORDER BY n.score DESC, n.product_id LIMIT :rows"""

_WORDS = f"""
  SELECT * FROM (
    SELECT d.product_id, {{lexical}} AS score, 'words', 'shares words of the title', 'words-1'
    FROM product_search_document d JOIN products p ON p.id = d.product_id
    WHERE d.store_id = :store_id AND d.locale = :locale AND {SELLABLE}) AS scored
  WHERE score > 0 ORDER BY score DESC, product_id LIMIT :rows"""

_CATEGORY = f"""
  WITH sales AS ({_SALES})
  SELECT p.id, 1.0 / row_number() OVER (ORDER BY s.preference NULLS LAST, s.rank NULLS LAST, p.created_at DESC, p.id),
         'category', 'of the same category', 'category-1'
  FROM products p LEFT JOIN sales s ON s.product_id = p.id
  WHERE {SELLABLE}
    AND p.category_id = (SELECT t.category_id FROM products t WHERE t.store_id = :store_id AND t.id = :product_id)
  ORDER BY 2 DESC LIMIT :rows"""

_BEST_SOLD = f"""
  WITH sales AS ({_SALES})
  SELECT s.product_id, s.units_count::float8, 'sales', s.units_count || ' sold in ' || s.window_days || ' days',
         'sales-window-1'
  FROM sales s JOIN products p ON p.id = s.product_id
  WHERE {SELLABLE} ORDER BY s.preference NULLS LAST, s.rank, s.product_id LIMIT :rows"""

_NEWEST = f"""
  SELECT p.id, 1.0 / row_number() OVER (ORDER BY p.created_at DESC, p.id DESC), 'newest', 'new in the store', 'newest-1'
  FROM products p WHERE {SELLABLE} ORDER BY 2 DESC LIMIT :rows"""


@dataclass(frozen=True)
class Target:
    """What is recommended for: a kind, and the product it goes with, if any."""

    store_id: UUID
    kind: Kind
    product_id: UUID | None
    title: str


class Offering(Protocol):
    """One source of candidates."""

    def __call__(self, session: Session, *, target: Target, rows: int) -> list[Candidate]:
        """Return up to `rows` sellable products for the target, best first."""


@dataclass(frozen=True)
class Recommendation:
    """A recommended product and why. `score` compares within one source only."""

    product_id: UUID
    sku: str
    title: str
    slug: str
    thumbnail_url: str | None
    price_amount: int
    currency: str
    score: float
    source: str
    reason: str
    model_version: str


def recommend(
    session: Session, *, store_id: UUID, kind: Kind, product_id: UUID | None, limit: int
) -> list[Recommendation]:
    """Return up to `limit` products, each once; fewer only where the store has no more sellable ones.

    Errors: ProductNeeded, ProductNotFound (also for another store's product, or a deleted one).
    """
    target = _target(session, store_id=store_id, kind=kind, product_id=check_product(kind, product_id))
    chosen: list[Candidate] = []
    for source in SOURCES[kind]:
        if len(chosen) >= limit:
            break
        # As many may be known already as are chosen.
        offered = _FROM[source](session, target=target, rows=limit + len(chosen))
        chosen = add_new(chosen, offered, limit=limit)
    return _described(session, store_id=store_id, chosen=chosen)


def _target(session: Session, *, store_id: UUID, kind: Kind, product_id: UUID | None) -> Target:
    if product_id is None:
        return Target(store_id, kind, None, "")
    statement = text("SELECT name FROM products WHERE store_id = :store_id AND id = :id AND deleted_at IS NULL")
    title = session.scalar(statement, {"store_id": store_id, "id": product_id})
    if title is None:
        raise ProductNotFound(product_id=product_id)
    return Target(store_id, kind, product_id, str(title))


def _ask(
    session: Session, *, target: Target, rows: int, statement: str, bound: dict[str, object] | None = None
) -> list[Candidate]:
    given = {"store_id": target.store_id, "product_id": target.product_id, "rows": rows, **(bound or {})}
    return [Candidate(row[0], float(row[1]), *row[2:5]) for row in session.execute(text(statement), given)]


def _from_published(session: Session, *, target: Target, rows: int) -> list[Candidate]:
    return _ask(session, target=target, rows=rows, statement=_PUBLISHED, bound={"kind": target.kind})


def _from_content(session: Session, *, target: Target, rows: int) -> list[Candidate]:
    # The shard as a constant lets the planner open one partition instead of all.
    shelf = get_shelf(session, store_id=target.store_id)
    return _ask(session, target=target, rows=rows, statement=_CONTENT, bound={"shard": shelf.shard})


def _from_words(session: Session, *, target: Target, rows: int) -> list[Candidate]:
    shelf = get_shelf(session, store_id=target.store_id)
    words = list_words(session, shelf=shelf, query=target.title)
    plan = make_plan(session, shelf=shelf, words=words, is_growing=False)
    lexical, bound = lexical_score(plan)
    return _ask(
        session,
        target=target,
        rows=rows,
        statement=_WORDS.format(lexical=lexical),
        bound={**bound, "locale": shelf.locale},
    )


def _from_category(session: Session, *, target: Target, rows: int) -> list[Candidate]:
    return _ask(session, target=target, rows=rows, statement=_CATEGORY)


def _from_sales(session: Session, *, target: Target, rows: int) -> list[Candidate]:
    return _ask(session, target=target, rows=rows, statement=_BEST_SOLD)


def _from_newest(session: Session, *, target: Target, rows: int) -> list[Candidate]:
    return _ask(session, target=target, rows=rows, statement=_NEWEST)


_FROM: dict[Source, Offering] = {
    "published": _from_published,
    "content": _from_content,
    "words": _from_words,
    "category": _from_category,
    "sales": _from_sales,
    "newest": _from_newest,
}


def _described(session: Session, *, store_id: UUID, chosen: Sequence[Candidate]) -> list[Recommendation]:
    statement = text("""
        SELECT id AS product_id, sku, name AS title, slug, thumbnail_url, price_amount, currency
        FROM products WHERE store_id = :store_id AND id = ANY(CAST(:ids AS uuid[]))""")
    given = {"store_id": store_id, "ids": [candidate.product_id for candidate in chosen]}
    products = {row.product_id: row for row in session.execute(statement, given)}
    return [
        Recommendation(
            **products[each.product_id]._mapping,
            score=each.score,
            source=each.source,
            reason=each.reason,
            model_version=each.model_version,
        )
        for each in chosen
    ]
