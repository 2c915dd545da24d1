"""Writes of variants, under their product's lock. A product always has at least one live variant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oltp.catalog.errors import LastVariant, OptionsTaken, TooManyVariants, VariantNotFound
from oltp.catalog.holding import get_locked, touch_product
from oltp.catalog.models import Product, ProductVariant
from oltp.catalog.recording import differences, tell
from oltp.catalog.rules import check_compare_at, next_version, options_text, read_options
from oltp.catalog.skus import claim_skus
from oltp.db.locking import lock_variants
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id

MOST_VARIANTS = 250


@dataclass(frozen=True)
class NewVariant:
    """A variant to be made. `price_amount` None: it costs what the product costs, in whose currency all prices are."""

    name: str
    sku: str
    options: Mapping[str, str] = field(default_factory=dict)
    price_amount: int | None = None
    compare_at_amount: int | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def skus_by_field(variants: Sequence[NewVariant]) -> dict[str, str]:
    """Return field of the body → SKU."""
    return {f"variants.{place}.sku": variant.sku for place, variant in enumerate(variants)}


def add_first_variants(
    session: Session, *, product: Product, variants: Sequence[NewVariant], clock: Clock
) -> None:
    """Add the variants that a product is made with; the first is the default. The caller has claimed the SKUs.

    Errors: CompareAtNotAbove, OptionsInvalid, OptionsTaken, TooManyVariants.
    """
    if len(variants) > MOST_VARIANTS:
        raise TooManyVariants(most=MOST_VARIANTS, field="variants")
    seen: set[str] = set()
    # They are listed by id, and shall stand in the order in which they were given.
    ids = sorted(new_id() for _ in variants)
    for place, variant in enumerate(variants):
        row = _row(product, variant, at=f"variants.{place}.", clock=clock, is_default=place == 0)
        row.id = ids[place]
        if row.options in seen:
            raise OptionsTaken(field=f"variants.{place}.options")
        seen.add(row.options)
        session.add(row)
    session.flush()


def _row(product: Product, variant: NewVariant, *, at: str, clock: Clock, is_default: bool) -> ProductVariant:
    price = product.price_amount if variant.price_amount is None else variant.price_amount
    check_compare_at(price=price, compare_at=variant.compare_at_amount, field=f"{at}compare_at")
    return ProductVariant(
        id=new_id(), store_id=product.store_id, product_id=product.id, name=variant.name, sku=variant.sku,
        options=options_text(variant.options, field=f"{at}options"), currency=product.currency,
        price_amount=variant.price_amount, compare_at_amount=variant.compare_at_amount, is_default=is_default,
        created_at=clock.now(), updated_at=clock.now(), **variant.columns)


def create_variant(
    session: Session, *, store_id: UUID, product_id: UUID, wanted: NewVariant, clock: Clock
) -> ProductVariant:
    """Add a variant to a product; its level opens with nothing in stock.

    Errors: ProductNotFound, SkuTaken, CompareAtNotAbove, OptionsInvalid, OptionsTaken, TooManyVariants.
    """
    product = get_locked(session, store_id=store_id, product_id=product_id)
    live = list_live(session, store_id=store_id, product_id=product_id)
    if len(live) >= MOST_VARIANTS:
        raise TooManyVariants(most=MOST_VARIANTS)
    claim_skus(session, store_id=store_id, product_sku=None, variant_skus={"sku": wanted.sku})
    row = _row(product, wanted, at="", clock=clock, is_default=False)
    _check_options(live, row.options, besides=None)
    session.add(row)
    _tell(session, product=product, variant=row, verb="created", clock=clock, changes=None)
    return row


def update_variant(
    session: Session, *, store_id: UUID, product_id: UUID, variant_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> ProductVariant:
    """Change some columns; `options` as a mapping. `is_default` true takes the place of the one that is default.

    Errors: ProductNotFound, VariantNotFound, Stale, SkuTaken, OptionsInvalid, OptionsTaken.
    """
    product, live = _locked(session, store_id=store_id, product_id=product_id)
    variant = _pick(live, variant_id, expected_updated_at)
    values = dict(changes)
    if "options" in values:
        values["options"] = options_text(values["options"])
        _check_options(live, values["options"], besides=variant)
    changed = differences(variant, values=values)
    if not changed:
        return variant
    if "sku" in changed:
        claim_skus(session, store_id=store_id, product_sku=None, variant_skus={"sku": values["sku"]},
                   own=[variant_id])
    if values.get("is_default") and "is_default" in changed:
        for other in live:
            other.is_default = False
    for name, (_, new) in changed.items():
        setattr(variant, name, new)
    variant.updated_at = next_version(before=variant.updated_at, now=clock.now())
    _tell(session, product=product, variant=variant, verb="updated", clock=clock, changes=changed)
    return variant


def delete_variant(
    session: Session, *, store_id: UUID, product_id: UUID, variant_id: UUID, clock: Clock,
    expected_updated_at: datetime | None = None,
) -> None:
    """Delete a variant softly; of the default one the oldest other takes the place.

    Errors: ProductNotFound, VariantNotFound, Stale, LastVariant.
    """
    product, live = _locked(session, store_id=store_id, product_id=product_id)
    variant = _pick(live, variant_id, expected_updated_at)
    others = [other for other in live if other is not variant]
    if not others:
        raise LastVariant()
    variant.deleted_at = variant.updated_at = next_version(before=variant.updated_at, now=clock.now())
    if variant.is_default and not any(other.is_default for other in others):
        others[0].is_default = True
    _tell(session, product=product, variant=variant, verb="deleted", clock=clock, changes=None)


def list_live(session: Session, *, store_id: UUID, product_id: UUID) -> list[ProductVariant]:
    """Return a product's live variants as they are now, the oldest first."""
    query = select(ProductVariant).where(
        ProductVariant.store_id == store_id, ProductVariant.product_id == product_id,
        ProductVariant.deleted_at.is_(None)).order_by(ProductVariant.created_at, ProductVariant.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _locked(session: Session, *, store_id: UUID, product_id: UUID) -> tuple[Product, list[ProductVariant]]:
    product = get_locked(session, store_id=store_id, product_id=product_id)
    ids = [variant.id for variant in list_live(session, store_id=store_id, product_id=product_id)]
    lock_variants(session, store_id=store_id, variant_ids=ids)
    return product, list_live(session, store_id=store_id, product_id=product_id)


def _pick(
    live: Sequence[ProductVariant], variant_id: UUID, expected_updated_at: datetime | None
) -> ProductVariant:
    variant = next((each for each in live if each.id == variant_id), None)
    if variant is None:
        raise VariantNotFound(variant_id=variant_id)
    if expected_updated_at is not None and variant.updated_at != expected_updated_at:
        raise Stale()
    return variant


def _check_options(live: Sequence[ProductVariant], options: str, *, besides: ProductVariant | None) -> None:
    """Refuse what customers could not tell apart. Legacy texts are compared by what they say."""
    wanted = read_options(options)
    if any(read_options(other.options) == wanted for other in live if other is not besides):
        raise OptionsTaken(field="options")


def _tell(
    session: Session, *, product: Product, variant: ProductVariant, verb: str, clock: Clock,
    changes: Mapping[str, tuple[Any, Any]] | None,
) -> None:
    session.flush()
    tell(session, store_id=product.store_id, noun="variant", verb=verb, entity_id=variant.id, clock=clock,
         changes=changes, facts={"product_id": str(product.id), "sku": variant.sku}, is_audited=True)
    touch_product(session, product=product, clock=clock, changed="variants")
