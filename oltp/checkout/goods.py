"""What checkout must know of goods: one statement for what is sold, two more where promotions ask where it belongs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.checkout.errors import NotForSale, NothingWanted
from oltp.checkout.wishes import WishItem
from oltp.merchandising.bundles_queries import collections_of_products, get_bundles
from oltp.merchandising.rules import BundleParts

_GOODS = text("""
    SELECT v.id AS variant_id, v.product_id, p.name AS product_name,
           CASE WHEN v.is_default THEN NULL ELSE v.name END AS variant_name, v.sku,
           coalesce(v.image, p.thumbnail_url) AS image, p.tax_class, p.shipping_profile_id AS profile_id,
           least(greatest(round(coalesce(v.weight, p.weight, 0)::numeric * 1000), 0), 1000000000)::integer
             AS weight_grams, p.category_id
    FROM product_variants v JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    WHERE v.store_id = :store AND v.id = ANY (:variants) AND v.deleted_at IS NULL AND p.deleted_at IS NULL
      AND p.status = 'ACTIVE'""")
# A category's goods belong to all that lie above it.
_ABOVE = text("""
    WITH RECURSIVE above AS (
      SELECT id AS category_id, id, parent_id FROM categories WHERE store_id = :store AND id = ANY (:categories)
      UNION
      SELECT a.category_id, c.id, c.parent_id FROM above a
      JOIN categories c ON c.store_id = :store AND c.id = a.parent_id)
    SELECT category_id, array_agg(id) FROM above GROUP BY category_id""")


@dataclass(frozen=True)
class Goods:
    """A variant as it is sold."""

    variant_id: UUID
    product_id: UUID
    product_name: str
    variant_name: str | None
    sku: str
    image: str | None
    tax_class: str
    profile_id: UUID | None
    weight_grams: int
    category_id: UUID | None


@dataclass(frozen=True)
class Piece:
    """A line to be: a variant, how many, and the item of the wish (its place) it is wanted by.

    `bundle` is what it is a part of; `bundle_quantity` how many of those.
    """

    goods: Goods
    quantity: int
    item: int
    bundle: BundleParts | None = None
    bundle_quantity: int = 0


def list_pieces(session: Session, *, store_id: UUID, items: Sequence[WishItem]) -> list[Piece]:
    """Return the lines of a wish in their order, bundles as their parts.

    Errors: NothingWanted, NotForSale (naming the item).
    """
    if not items:
        raise NothingWanted(field="items")
    wanted = [item.bundle_id for item in items if item.bundle_id is not None]
    bundles = get_bundles(session, store_id=store_id, bundle_ids=wanted) if wanted else {}
    for index, item in enumerate(items):
        if item.bundle_id is not None and item.bundle_id not in bundles:
            raise NotForSale(what="bundle", entity_id=item.bundle_id, field=f"items.{index}.bundle_id")
    parts = [(index, variant, quantity, bundles.get(item.bundle_id) if item.bundle_id else None)
             for index, item in enumerate(items) for variant, quantity in _parts(item, bundles)]
    goods = _goods(session, store_id=store_id, variant_ids={variant for _, variant, _, _ in parts})
    pieces = []
    for index, variant, quantity, bundle in parts:
        if variant not in goods:
            field = "variant_id" if bundle is None else "bundle_id"
            raise NotForSale(what="variant", entity_id=variant, field=f"items.{index}.{field}")
        pieces.append(Piece(goods[variant], quantity, index, bundle, items[index].quantity if bundle else 0))
    return pieces


def _parts(item: WishItem, bundles: Mapping[UUID, BundleParts]) -> list[tuple[UUID, int]]:
    if item.variant_id is not None:
        return [(item.variant_id, item.quantity)]
    assert item.bundle_id is not None
    return [(variant, count * item.quantity) for variant, count in bundles[item.bundle_id].items]


def _goods(session: Session, *, store_id: UUID, variant_ids: Iterable[UUID]) -> dict[UUID, Goods]:
    rows = session.execute(_GOODS, {"store": store_id, "variants": list(variant_ids)})
    return {row.variant_id: Goods(**row._mapping) for row in rows}


@dataclass(frozen=True)
class Belonging:
    """Where goods belong: collections by product; by category itself and all above it."""

    collections: Mapping[UUID, frozenset[UUID]]
    categories: Mapping[UUID, frozenset[UUID]]

    def of(self, goods: Goods) -> tuple[frozenset[UUID], frozenset[UUID]]:
        """Return the collections and the categories of these goods."""
        nothing: frozenset[UUID] = frozenset()
        above = self.categories.get(goods.category_id, nothing) if goods.category_id else nothing
        return self.collections.get(goods.product_id, nothing), above


NOWHERE = Belonging({}, {})


def find_belonging(session: Session, *, store_id: UUID, pieces: Iterable[Piece]) -> Belonging:
    """Return where the goods belong, in two statements."""
    goods = [piece.goods for piece in pieces]
    collections = collections_of_products(session, store_id=store_id, product_ids={each.product_id for each in goods})
    categories = {each.category_id for each in goods if each.category_id}
    return Belonging(collections, categories_above(session, store_id=store_id, category_ids=categories))


def categories_above(
    session: Session, *, store_id: UUID, category_ids: Iterable[UUID]
) -> dict[UUID, frozenset[UUID]]:
    """Return each category with all that lie above it; no statement where there are none."""
    categories = sorted(category_ids)
    rows = session.execute(_ABOVE, {"store": store_id, "categories": categories}) if categories else ()
    return {row[0]: frozenset(row[1]) for row in rows}
