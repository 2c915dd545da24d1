"""Writes of bundles: their name, what they cost, and what is in them, under the bundle's lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_bundle
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.merchandising.errors import (
    BundleItemsInvalid,
    BundleNotFound,
    BundlePricingInvalid,
    BundleVariantUnknown,
    SlugTaken,
)
from oltp.merchandising.models import ProductBundle
from oltp.merchandising.slugs import slug_of
from oltp.outbox.actions import record_event

MOST_ITEMS = 50
PRICINGS = ("sum", "fixed", "percent")
_FIELDS = ("name", "slug", "description", "is_active", "pricing", "amount", "currency", "discount_percent")
_NEEDED = ("name", "slug", "is_active", "pricing")
_IS_TAKEN = text("""
    SELECT EXISTS (SELECT FROM product_bundle WHERE store_id = :store AND slug = :slug AND deleted_at IS NULL
                     AND id <> :id)""")
_KNOWN = text("""
    SELECT v.id FROM product_variants v JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    WHERE v.store_id = :store AND v.id = ANY (:ids) AND v.deleted_at IS NULL AND p.deleted_at IS NULL""")
_CLEAR = text("DELETE FROM bundle_item WHERE store_id = :store AND bundle_id = :bundle")
_FILL = text("""
    INSERT INTO bundle_item (store_id, bundle_id, variant_id, quantity, position)
    SELECT :store, :bundle, variant_id, quantity, place - 1
    FROM unnest(CAST(:variants AS uuid[]), CAST(:quantities AS integer[]))
      WITH ORDINALITY w (variant_id, quantity, place)""")


@dataclass(frozen=True)
class NewBundle:
    """A bundle to be made: `items` are (variant, quantity); `amount` in minor units, `discount_percent` 10 is 10 %."""

    name: str
    items: Sequence[tuple[UUID, int]]
    slug: str | None = None
    description: str | None = None
    is_active: bool = True
    pricing: str = "sum"
    amount: int | None = None
    currency: str | None = None
    discount_percent: Decimal | None = None


def create_bundle(session: Session, *, store_id: UUID, new: NewBundle, clock: Clock) -> ProductBundle:
    """Make a bundle.

    Errors: SlugInvalid, SlugTaken, BundlePricingInvalid, BundleItemsInvalid, BundleVariantUnknown.
    """
    made = ProductBundle(
        id=new_id(), store_id=store_id, created_at=clock.now(), updated_at=clock.now(),
        **{name: getattr(new, name) for name in _FIELDS if name != "slug"}, slug=slug_of(new.slug, name=new.name))
    _check_slug(session, bundle=made)
    _check_pricing(made)
    session.add(made)
    session.flush()
    _put_items(session, bundle=made, items=new.items)
    _say(session, bundle=made, name="bundle.created", clock=clock)
    return made


def update_bundle(
    session: Session, *, store_id: UUID, bundle_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> ProductBundle:
    """Change the given fields; `items`, where given, are all of them. Errors: BundleNotFound, Stale, as in creating.

    With another `pricing`, what belonged to the one before goes, unless it is given, too.
    """
    found = _take(session, store_id=store_id, bundle_id=bundle_id, expected_updated_at=expected_updated_at)
    given = {name: value for name, value in changes.items() if value is not None or name not in _NEEDED}
    items = given.pop("items", None)
    if given.get("pricing", found.pricing) != found.pricing:
        given = {"amount": None, "currency": None, "discount_percent": None, **given}
    if "slug" in given:
        given["slug"] = slug_of(given["slug"], name=found.name)
    with session.no_autoflush:
        for name, value in given.items():
            setattr(found, name, value)
        _check_slug(session, bundle=found)
        _check_pricing(found)
    _touch(session, bundle=found, clock=clock)
    if items is not None:
        _put_items(session, bundle=found, items=items)
    _say(session, bundle=found, name="bundle.updated", clock=clock)
    return found


def delete_bundle(
    session: Session, *, store_id: UUID, bundle_id: UUID, clock: Clock, expected_updated_at: datetime | None = None,
) -> None:
    """Delete a bundle; its variants stay. Errors: BundleNotFound, Stale."""
    found = _take(session, store_id=store_id, bundle_id=bundle_id, expected_updated_at=expected_updated_at)
    found.deleted_at = clock.now()
    _touch(session, bundle=found, clock=clock)
    _say(session, bundle=found, name="bundle.deleted", clock=clock)


def _take(
    session: Session, *, store_id: UUID, bundle_id: UUID, expected_updated_at: datetime | None,
) -> ProductBundle:
    if not lock_bundle(session, store_id=store_id, bundle_id=bundle_id):
        raise BundleNotFound(bundle_id=bundle_id)
    found = session.scalars(
        select(ProductBundle).where(ProductBundle.store_id == store_id, ProductBundle.id == bundle_id)
        .execution_options(populate_existing=True)).one()
    if expected_updated_at is not None and found.updated_at != expected_updated_at:
        raise Stale()
    return found


def _check_slug(session: Session, *, bundle: ProductBundle) -> None:
    if session.scalar(_IS_TAKEN, {"store": bundle.store_id, "slug": bundle.slug, "id": bundle.id}):
        raise SlugTaken(slug=bundle.slug, field="slug")


def _check_pricing(bundle: ProductBundle) -> None:
    """Refuse what the table would refuse, by the field's name."""
    percent = bundle.discount_percent
    if bundle.pricing not in PRICINGS:
        raise BundlePricingInvalid(field="pricing")
    if (bundle.pricing == "fixed") != (bundle.amount is not None):
        raise BundlePricingInvalid(field="price")
    if (bundle.amount is None) != (bundle.currency is None):
        raise BundlePricingInvalid(field="price.currency")
    if (bundle.pricing == "percent") != (percent is not None):
        raise BundlePricingInvalid(field="discount_percent")
    if percent is not None and not (0 < percent <= 100 and percent == round(percent, 3)):
        raise BundlePricingInvalid(field="discount_percent")


def _put_items(session: Session, *, bundle: ProductBundle, items: Sequence[tuple[UUID, int]]) -> None:
    variants = [variant_id for variant_id, _ in items]
    if not 1 <= len(items) <= MOST_ITEMS or len(set(variants)) < len(variants):
        raise BundleItemsInvalid(most=MOST_ITEMS, field="items")
    known = set(session.scalars(_KNOWN, {"store": bundle.store_id, "ids": variants}))
    for place, (variant_id, quantity) in enumerate(items):
        if variant_id not in known:
            raise BundleVariantUnknown(variant_id=variant_id, field=f"items.{place}.variant_id")
        if quantity < 1:
            raise BundleItemsInvalid(most=MOST_ITEMS, field=f"items.{place}.quantity")
    key = {"store": bundle.store_id, "bundle": bundle.id}
    session.execute(_CLEAR, key)
    session.execute(_FILL, {**key, "variants": variants, "quantities": [quantity for _, quantity in items]})


def _touch(session: Session, *, bundle: ProductBundle, clock: Clock) -> None:
    # Of two changes in one moment the second one still differs.
    bundle.updated_at = max(clock.now(), bundle.updated_at + timedelta(microseconds=1))
    session.flush()


def _say(session: Session, *, bundle: ProductBundle, name: str, clock: Clock) -> None:
    record_event(
        session, store_id=bundle.store_id, name=name, entity_type="bundle", entity_id=bundle.id,
        payload={"slug": bundle.slug, "name": bundle.name, "is_active": bundle.is_active}, occurred_at=clock.now())
