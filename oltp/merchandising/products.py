"""A product as it is put up for sale: made with its prices and its first stock."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.catalog.models import Product
from oltp.catalog.products import NewProduct, create_product
from oltp.catalog.variants import NewVariant, create_variant, list_live
from oltp.inventory.bulk import adjust_many
from oltp.inventory.changing import WantedChange
from oltp.kit.clock import Clock

# A new variant's level is opened when the transaction ends; with this, now.
_OPEN_LEVELS = text("SET CONSTRAINTS stock_level IMMEDIATE")
_AS_BEFORE = text("SET CONSTRAINTS stock_level DEFERRED")


def create_product_with_stock(
    session: Session, *, store_id: UUID, wanted: NewProduct, stock: Mapping[str, int], clock: Clock
) -> Product:
    """Make a product; `stock` is SKU → how many of that variant are there. Its ledger begins with them.

    Errors: those of create_product, StockStillLegacy, StockBeyondLimit.
    """
    product = create_product(session, store_id=store_id, wanted=wanted, clock=clock)
    live = list_live(session, store_id=store_id, product_id=product.id)
    _fill(session, store_id=store_id, stock={
        variant.id: stock[variant.sku] for variant in live if stock.get(variant.sku)})
    return product


def create_variant_with_stock(
    session: Session, *, store_id: UUID, product_id: UUID, wanted: NewVariant, stock: int, clock: Clock
) -> UUID:
    """Add a variant of which so many are there; return its id. Errors: those of create_variant and of stock."""
    variant = create_variant(session, store_id=store_id, product_id=product_id, wanted=wanted, clock=clock)
    _fill(session, store_id=store_id, stock={variant.id: stock} if stock else {})
    return variant.id


def _fill(session: Session, *, store_id: UUID, stock: Mapping[UUID, int]) -> None:
    if not stock:
        return
    session.execute(_OPEN_LEVELS)
    session.execute(_AS_BEFORE)
    outcomes = adjust_many(session, store_id=store_id, changes=[
        WantedChange(variant, None, count, "initial") for variant, count in stock.items()])
    for outcome in outcomes:
        if outcome.refusal is not None:
            raise outcome.refusal
