"""Reads of one product as its page shows it: words, list prices that hold now, variants, images, availability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.catalog.content_models import ProductImage, ProductTranslation
from oltp.catalog.errors import VariantNotFound
from oltp.catalog.images import list_images
from oltp.catalog.models import Product
from oltp.catalog.queries import get_product
from oltp.catalog.translations import find_words

# The window of the base key that holds now is the list price, from the step on where the store reads the new side.
_HELD = """LEFT JOIN LATERAL (
  SELECT amount, compare_at_amount FROM product_price r
  WHERE capability_reached(:store, 'pricing', 'read_new') AND r.store_id = {row}.store_id AND r.{owner} = {row}.id
    AND r.currency = {row}.currency AND r.segment_id IS NULL AND r.min_quantity = 1 AND r.during @> now() LIMIT 1
) held ON true"""
_PRICED = text(f"""
    SELECT coalesce(held.amount, p.price_amount) AS price_amount,
      CASE WHEN held.amount IS NULL THEN p.compare_at_amount ELSE held.compare_at_amount END AS compare_at_amount,
      product_is_available(p.store_id, p.id) AS is_available, c.slug AS category_slug, c.name AS category_name,
      b.slug AS brand_slug, b.name AS brand_name
    FROM products p {_HELD.format(row="p", owner="product_id")}
    LEFT JOIN categories c ON c.store_id = p.store_id AND c.id = p.category_id
    LEFT JOIN brands b ON b.store_id = p.store_id AND b.id = p.brand_id
    WHERE p.store_id = :store AND p.id = :product""")
_VARIANTS = f"""
    SELECT v.id, v.product_id, v.name, v.sku, v.barcode, v.options, v.weight, v.image, v.is_default,
      v.low_stock_threshold, v.currency, v.created_at, v.updated_at,
      coalesce(held.amount, v.price_amount) AS price_amount,
      CASE WHEN held.amount IS NULL THEN v.compare_at_amount ELSE held.compare_at_amount END AS compare_at_amount
    FROM product_variants v {_HELD.format(row="v", owner="variant_id")}
    WHERE v.store_id = :store AND v.product_id = :product AND v.deleted_at IS NULL"""
_ALL = text(f"{_VARIANTS} ORDER BY v.id")
_PAGE = text(f"{_VARIANTS} AND (CAST(:after AS uuid) IS NULL OR v.id > :after) ORDER BY v.id LIMIT :limit")
_ONE = text(f"{_VARIANTS} AND v.id = :variant")
PricedVariant = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class ProductView:
    """A product with what belongs to it; `words` are those of the wanted locale, None: the store's own."""

    product: Product
    priced: Row[*tuple[Any, ...]]
    variants: Sequence[PricedVariant]
    images: Sequence[ProductImage]
    words: ProductTranslation | None


def view_product(session: Session, *, store_id: UUID, product_id: UUID, locale: str | None = None) -> ProductView:
    """Return a live product, in a number of statements that does not grow. Errors: ProductNotFound, LocaleInvalid."""
    product = get_product(session, store_id=store_id, product_id=product_id)
    values = {"store": store_id, "product": product_id}
    words = None if locale is None else find_words(
        session, store_id=store_id, noun="product", owner_id=product_id, locale=locale)
    assert words is None or isinstance(words, ProductTranslation)
    return ProductView(
        product, session.execute(_PRICED, values).one(), session.execute(_ALL, values).all(),
        list_images(session, store_id=store_id, product_id=product_id), words)


def list_priced_variants(
    session: Session, *, store_id: UUID, product_id: UUID, after: UUID | None, limit: int
) -> Sequence[PricedVariant]:
    """Return a page of a product's live variants by id, the oldest first. Errors: ProductNotFound."""
    get_product(session, store_id=store_id, product_id=product_id)
    return session.execute(_PAGE, {
        "store": store_id, "product": product_id, "after": after, "limit": limit}).all()


def view_variant(session: Session, *, store_id: UUID, product_id: UUID, variant_id: UUID) -> PricedVariant:
    """Return a live variant of a live product. Errors: ProductNotFound, VariantNotFound."""
    get_product(session, store_id=store_id, product_id=product_id)
    found = session.execute(_ONE, {"store": store_id, "product": product_id, "variant": variant_id}).one_or_none()
    if found is None:
        raise VariantNotFound(variant_id=variant_id)
    return found
