"""Writes of a product's images, under the product's lock: positions are 0, 1, 2, … without gaps at every commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.catalog.content_models import ProductImage
from oltp.catalog.errors import ImageNotFound, OrderIncomplete, ReferenceUnknown, TooManyImages
from oltp.catalog.holding import get_locked, touch_product
from oltp.catalog.models import Product
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id

MOST_IMAGES = 100
# One statement, so that the mirror of legacy lists sees the list only when it is whole.
_PLACE = text("""
    UPDATE product_image i SET position = w.place - 1, updated_at = :now
    FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS w (id, place)
    WHERE i.store_id = :store AND i.product_id = :product AND i.id = w.id AND i.position <> w.place - 1""")
_VARIANT = text("""
    SELECT EXISTS (SELECT FROM product_variants WHERE store_id = :store AND product_id = :product AND id = :variant
                   AND deleted_at IS NULL)""")


@dataclass(frozen=True)
class NewImage:
    """An image to be added; `position` None: at the end."""

    url: str
    alt: str | None = None
    variant_id: UUID | None = None
    position: int | None = None


def add_first_images(session: Session, *, product: Product, images: Sequence[NewImage]) -> None:
    """Add the images that a product is made with, in their order. Errors: TooManyImages."""
    if len(images) > MOST_IMAGES:
        raise TooManyImages(most=MOST_IMAGES, field="images")
    session.add_all([
        ProductImage(id=new_id(), store_id=product.store_id, product_id=product.id, url=image.url, alt=image.alt,
                     position=place) for place, image in enumerate(images)])
    if images and product.thumbnail_url is None:
        product.thumbnail_url = images[0].url
    session.flush()


def list_images(session: Session, *, store_id: UUID, product_id: UUID) -> list[ProductImage]:
    """Return a product's images in their order, as they are now."""
    query = select(ProductImage).where(
        ProductImage.store_id == store_id, ProductImage.product_id == product_id).order_by(
        ProductImage.position, ProductImage.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def add_image(
    session: Session, *, store_id: UUID, product_id: UUID, wanted: NewImage, clock: Clock
) -> ProductImage:
    """Add an image, at its position or at the end. Errors: ProductNotFound, TooManyImages, ReferenceUnknown."""
    product, before = _locked(session, store_id=store_id, product_id=product_id, expected_updated_at=None)
    if len(before) >= MOST_IMAGES:
        raise TooManyImages(most=MOST_IMAGES)
    _check_variant(session, product=product, variant_id=wanted.variant_id)
    image = ProductImage(
        id=new_id(), store_id=store_id, product_id=product_id, url=wanted.url, alt=wanted.alt,
        variant_id=wanted.variant_id, position=len(before), created_at=clock.now(), updated_at=clock.now())
    session.add(image)
    session.flush()
    if wanted.position is not None and wanted.position < len(before):
        order = [each.id for each in before]
        order.insert(wanted.position, image.id)
        _place(session, product=product, order=order, clock=clock)
    _finish(session, product=product, first=before[0].url if before else None, clock=clock)
    session.refresh(image)
    return image


def update_image(
    session: Session, *, store_id: UUID, product_id: UUID, image_id: UUID, changes: dict[str, Any], clock: Clock
) -> ProductImage:
    """Change `alt` or `variant_id`. Errors: ProductNotFound, ImageNotFound, ReferenceUnknown."""
    product, before = _locked(session, store_id=store_id, product_id=product_id, expected_updated_at=None)
    image = _pick(before, image_id)
    _check_variant(session, product=product, variant_id=changes.get("variant_id"))
    for name, value in changes.items():
        setattr(image, name, value)
    image.updated_at = clock.now()
    session.flush()
    _finish(session, product=product, first=before[0].url, clock=clock)
    return image


def delete_image(session: Session, *, store_id: UUID, product_id: UUID, image_id: UUID, clock: Clock) -> None:
    """Delete an image; those behind it move up. Errors: ProductNotFound, ImageNotFound."""
    product, before = _locked(session, store_id=store_id, product_id=product_id, expected_updated_at=None)
    first, image = before[0].url if before else None, _pick(before, image_id)
    session.delete(image)
    session.flush()
    _place(session, product=product, order=[each.id for each in before if each is not image], clock=clock)
    _finish(session, product=product, first=first, clock=clock)


def order_images(
    session: Session, *, store_id: UUID, product_id: UUID, image_ids: Sequence[UUID], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> list[ProductImage]:
    """Put all images into this order at once; it must name each of them once.

    Errors: ProductNotFound, Stale, OrderIncomplete.
    """
    product, before = _locked(
        session, store_id=store_id, product_id=product_id, expected_updated_at=expected_updated_at)
    if sorted(image_ids) != sorted(each.id for each in before):
        raise OrderIncomplete(count=len(before), field="image_ids")
    _place(session, product=product, order=image_ids, clock=clock)
    _finish(session, product=product, first=before[0].url if before else None, clock=clock)
    return list_images(session, store_id=store_id, product_id=product_id)


def _locked(
    session: Session, *, store_id: UUID, product_id: UUID, expected_updated_at: datetime | None
) -> tuple[Product, list[ProductImage]]:
    product = get_locked(session, store_id=store_id, product_id=product_id, expected_updated_at=expected_updated_at)
    return product, list_images(session, store_id=store_id, product_id=product_id)


def _pick(images: Sequence[ProductImage], image_id: UUID) -> ProductImage:
    found = next((each for each in images if each.id == image_id), None)
    if found is None:
        raise ImageNotFound(image_id=image_id)
    return found


def _check_variant(session: Session, *, product: Product, variant_id: UUID | None) -> None:
    if variant_id is not None and not session.scalar(
            _VARIANT, {"store": product.store_id, "product": product.id, "variant": variant_id}):
        raise ReferenceUnknown(noun="variant", id=variant_id, field="variant_id")


def _place(session: Session, *, product: Product, order: Sequence[UUID], clock: Clock) -> None:
    session.execute(_PLACE, {
        "store": product.store_id, "product": product.id, "ids": list(order), "now": clock.now()})


def _finish(session: Session, *, product: Product, first: str | None, clock: Clock) -> None:
    """A thumbnail that was the first image, or none, is the first image again."""
    if product.thumbnail_url in (None, first):
        images = list_images(session, store_id=product.store_id, product_id=product.id)
        product.thumbnail_url = images[0].url if images else None
    touch_product(session, product=product, clock=clock, changed="images")
