"""Writes of products: made with their variants, changed, published, deleted and restored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oltp.catalog.errors import NotDeleted, SkuTaken, SlugTaken, StatusUnchanged
from oltp.catalog.holding import get_locked
from oltp.catalog.images import NewImage, add_first_images
from oltp.catalog.models import Product
from oltp.catalog.recording import differences, hold_references, tell
from oltp.catalog.rules import check_compare_at, check_slug, next_version, published_at_after
from oltp.catalog.skus import claim_skus
from oltp.catalog.slugs import PRODUCTS, claim_slug, write_with_slug
from oltp.catalog.variants import NewVariant, add_first_variants, skus_by_field
from oltp.db.locking import lock_levels_of
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id
from oltp.kit.money import exponent
from oltp.tenancy.usage import count_product

# Stock levels follow them.
_STOCK_RULES = {"track_inventory", "low_stock_threshold"}


@dataclass(frozen=True)
class NewProduct:
    """A product to be made. Amounts are minor units of `currency`; `columns` are further columns of the table."""

    name: str
    sku: str
    currency: str
    price_amount: int
    slug: str | None = None
    compare_at_amount: int | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[NewVariant, ...] = ()
    images: tuple[NewImage, ...] = ()


def create_product(session: Session, *, store_id: UUID, wanted: NewProduct, clock: Clock) -> Product:
    """Make a draft with its variants; without any it gets one of the product's SKU. Its list prices become price rows.

    Errors: SlugInvalid, SlugTaken, SkuTaken, SkuTwice, CompareAtNotAbove, CurrencyDiffers, OptionsInvalid,
    OptionsTaken, ReferenceUnknown, InvalidCurrency, PlanLimitReached, PlanNotUsable.
    """
    exponent(wanted.currency)
    check_compare_at(price=wanted.price_amount, compare_at=wanted.compare_at_amount)
    hold_references(session, store_id=store_id, values=wanted.columns)
    variants = wanted.variants or (NewVariant("Default", wanted.sku),)
    claim_skus(session, store_id=store_id, product_sku=wanted.sku, variant_skus=skus_by_field(variants))
    product_id, now = new_id(), clock.now()

    def write(slug: str) -> None:
        session.add(Product(
            id=product_id, store_id=store_id, name=wanted.name, slug=slug, sku=wanted.sku, currency=wanted.currency,
            price_amount=wanted.price_amount, compare_at_amount=wanted.compare_at_amount, status="DRAFT",
            created_at=now, updated_at=now, **wanted.columns))

    write_with_slug(session, home=PRODUCTS, store_id=store_id, owner_id=product_id, name=wanted.name,
                    slug=wanted.slug, write=write)
    product = session.get_one(Product, product_id)
    add_first_variants(session, product=product, variants=variants, clock=clock)
    add_first_images(session, product=product, images=wanted.images)
    tell(session, store_id=store_id, noun="product", verb="created", entity_id=product_id, clock=clock,
         facts={"name": product.name, "slug": product.slug, "sku": product.sku}, is_audited=True)
    count_product(session, store_id=store_id, now=now)
    return product


def update_product(
    session: Session, *, store_id: UUID, product_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Product:
    """Change some columns. A new name without a slug gives a new slug. Prices are changed in the room `pricing`.

    Errors: ProductNotFound, Stale, SlugInvalid, SlugTaken, SkuTaken, ReferenceUnknown.
    """
    product = get_locked(session, store_id=store_id, product_id=product_id, expected_updated_at=expected_updated_at)
    changed = differences(product, values=changes)
    if not changed:
        return product
    hold_references(session, store_id=store_id, values={name: new for name, (_, new) in changed.items()})
    if "sku" in changed:
        claim_skus(session, store_id=store_id, product_sku=changes["sku"], variant_skus={}, own=[product_id])
    if changed.keys() & _STOCK_RULES:
        lock_levels_of(session, store_id=store_id, product_id=product_id)
    old_slug, version = product.slug, next_version(before=product.updated_at, now=clock.now())

    def write(slug: str) -> None:
        for name, (_, new) in changed.items():
            setattr(product, name, new)
        product.slug, product.updated_at = slug, version

    if "slug" in changed or ("name" in changed and "slug" not in changes):
        write_with_slug(session, home=PRODUCTS, store_id=store_id, owner_id=product_id,
                        name=changes.get("name", product.name), slug=changes.get("slug"), write=write)
        changed["slug"] = (old_slug, product.slug)
    else:
        write(product.slug)
    session.flush()
    tell(session, store_id=store_id, noun="product", verb="updated", entity_id=product_id, clock=clock,
         changes=changed, is_audited=True)
    return product


def set_status(
    session: Session, *, store_id: UUID, product_id: UUID, status: str, clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Product:
    """Publish a product (ACTIVE) or withdraw it (DRAFT, ARCHIVED).

    `published_at` is since when it is for sale, and gone in any other status. Errors: ProductNotFound, Stale,
    StatusUnchanged.
    """
    product = get_locked(session, store_id=store_id, product_id=product_id, expected_updated_at=expected_updated_at)
    if product.status == status:
        raise StatusUnchanged(status=status, field="status")
    _become(session, product=product, status=status, clock=clock, verb="published" if status == "ACTIVE" else "updated")
    return product


def delete_product(
    session: Session, *, store_id: UUID, product_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a product softly: it is archived, its slug and SKUs are free. Errors: ProductNotFound, Stale."""
    product = get_locked(session, store_id=store_id, product_id=product_id, expected_updated_at=expected_updated_at)
    product.deleted_at = clock.now()
    _become(session, product=product, status="ARCHIVED", clock=clock, verb="deleted")


def restore_product(
    session: Session, *, store_id: UUID, product_id: UUID, clock: Clock, slug: str | None = None,
    sku: str | None = None,
) -> Product:
    """Bring a deleted product back as a draft, with what was deleted with it; under another slug or SKU, if given.

    Errors: ProductNotFound, NotDeleted, SlugInvalid, SlugTaken, SkuTaken, PlanLimitReached, PlanNotUsable.
    """
    product = get_locked(session, store_id=store_id, product_id=product_id, is_deleted=True)
    if product.deleted_at is None:
        raise NotDeleted()
    claim_skus(session, store_id=store_id, product_sku=sku or product.sku, variant_skus={}, own=[product_id])

    def write(chosen: str) -> None:
        product.slug, product.sku, product.deleted_at = chosen, sku or product.sku, None

    chosen = product.slug if slug is None else check_slug(slug)
    try:
        claim_slug(session, home=PRODUCTS, slug=chosen, write=write)
    except IntegrityError as error:
        _refuse_restore(error)
    _become(session, product=product, status="DRAFT", clock=clock, verb="restored")
    session.expire_all()
    count_product(session, store_id=store_id, now=clock.now())
    return session.get_one(Product, product_id)


def _refuse_restore(error: IntegrityError) -> None:
    """Say whose key was taken meanwhile: its variants and translations come back with the product."""
    constraint = error.orig.diag.constraint_name if isinstance(error.orig, UniqueViolation) else None
    if constraint == "product_variants_live_sku_key":
        raise SkuTaken(sku="of a variant", field="variants") from None
    if constraint == "product_translation_live_slug_key":
        raise SlugTaken(slug="of a translation", field="translations") from None
    raise error


def _become(session: Session, *, product: Product, status: str, clock: Clock, verb: str) -> None:
    now, before = clock.now(), (product.status, product.published_at)
    product.status = status
    product.published_at = published_at_after(status=status, published_at=product.published_at, now=now)
    product.updated_at = next_version(before=product.updated_at, now=now)
    session.flush()
    tell(session, store_id=product.store_id, noun="product", verb=verb, entity_id=product.id, clock=clock,
         changes={"status": (before[0], status), "published_at": (before[1], product.published_at)}, is_audited=True)
