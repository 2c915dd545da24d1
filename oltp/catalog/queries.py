"""Reads of the catalog's smaller nouns; those of products stand in the room `merchandising`, which knows prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from oltp.catalog.content_models import ProductImage
from oltp.catalog.errors import AttributeNotFound, BrandNotFound, CategoryNotFound, ImageNotFound
from oltp.catalog.models import Brand, Category, Product, ProductAttribute, ProductAttributeValue
from oltp.catalog.translations import get_owner


@dataclass(frozen=True)
class CategoryFilter:
    """Which categories are wanted: those of a parent, or those without one; None for any."""

    parent_id: UUID | None = None
    is_root: bool = False
    is_published: bool | None = None


def get_product(session: Session, *, store_id: UUID, product_id: UUID) -> Product:
    """Return a live product. Errors: ProductNotFound."""
    product = get_owner(session, store_id=store_id, noun="product", owner_id=product_id)
    assert isinstance(product, Product)
    return product


def get_category(session: Session, *, store_id: UUID, category_id: UUID) -> Category:
    """Return a live category. Errors: CategoryNotFound."""
    found = session.get(Category, category_id)
    if found is None or found.store_id != store_id or found.deleted_at is not None:
        raise CategoryNotFound(category_id=category_id)
    return found


def list_categories(
    session: Session, *, store_id: UUID, wanted: CategoryFilter, after: tuple[int, str, UUID] | None, limit: int
) -> Sequence[Category]:
    """Return a page of live categories by sort order, then name; `after` is the key of the last one before."""
    query = select(Category).where(Category.store_id == store_id, Category.deleted_at.is_(None))
    if wanted.parent_id is not None:
        query = query.where(Category.parent_id == wanted.parent_id)
    if wanted.is_root:
        query = query.where(Category.parent_id.is_(None))
    if wanted.is_published is not None:
        query = query.where(Category.is_published == wanted.is_published)
    key = tuple_(Category.sort_order, Category.name, Category.id)
    if after is not None:
        query = query.where(key > tuple_(*after))
    return session.scalars(query.order_by(Category.sort_order, Category.name, Category.id).limit(limit)).all()


def get_brand(session: Session, *, store_id: UUID, brand_id: UUID) -> Brand:
    """Return a live brand. Errors: BrandNotFound."""
    found = session.get(Brand, brand_id)
    if found is None or found.store_id != store_id or found.deleted_at is not None:
        raise BrandNotFound(brand_id=brand_id)
    return found


def list_brands(
    session: Session, *, store_id: UUID, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Brand]:
    """Return a page of live brands by name; `after` is (name, id) of the last one before."""
    query = select(Brand).where(Brand.store_id == store_id, Brand.deleted_at.is_(None))
    if after is not None:
        query = query.where(tuple_(Brand.name, Brand.id) > tuple_(*after))
    return session.scalars(query.order_by(Brand.name, Brand.id).limit(limit)).all()


def get_attribute(session: Session, *, store_id: UUID, attribute_id: UUID) -> ProductAttribute:
    """Return an attribute. Errors: AttributeNotFound."""
    found = session.get(ProductAttribute, attribute_id)
    if found is None or found.store_id != store_id:
        raise AttributeNotFound(attribute_id=attribute_id)
    return found


def list_attributes(
    session: Session, *, store_id: UUID, after: str | None, limit: int
) -> Sequence[ProductAttribute]:
    """Return a page of attributes by name; `after` is the name of the last one before."""
    query = select(ProductAttribute).where(ProductAttribute.store_id == store_id)
    if after is not None:
        query = query.where(ProductAttribute.name > after)
    return session.scalars(query.order_by(ProductAttribute.name).limit(limit)).all()


@dataclass(frozen=True)
class ProductValue:
    """A value that a product has of an attribute."""

    id: UUID
    attribute_id: UUID
    name: str
    value: str


def list_product_values(
    session: Session, *, store_id: UUID, product_id: UUID, after: UUID | None, limit: int
) -> list[ProductValue]:
    """Return a page of a product's values, in the order in which they were given. Errors: ProductNotFound."""
    get_owner(session, store_id=store_id, noun="product", owner_id=product_id)
    value, attribute = ProductAttributeValue, ProductAttribute
    query = select(value.id, value.attribute_id, attribute.name, value.value).join(
        attribute, (attribute.store_id == value.store_id) & (attribute.id == value.attribute_id)).where(
        value.store_id == store_id, value.product_id == product_id)
    if after is not None:
        query = query.where(value.id > after)
    return [ProductValue(*row) for row in session.execute(query.order_by(value.id).limit(limit))]


def list_product_images(
    session: Session, *, store_id: UUID, product_id: UUID, after: tuple[int, UUID] | None, limit: int
) -> Sequence[ProductImage]:
    """Return a page of a product's images in their order. Errors: ProductNotFound."""
    get_owner(session, store_id=store_id, noun="product", owner_id=product_id)
    query = select(ProductImage).where(ProductImage.store_id == store_id, ProductImage.product_id == product_id)
    if after is not None:
        query = query.where(tuple_(ProductImage.position, ProductImage.id) > tuple_(*after))
    return session.scalars(query.order_by(ProductImage.position, ProductImage.id).limit(limit)).all()


def get_image(session: Session, *, store_id: UUID, product_id: UUID, image_id: UUID) -> ProductImage:
    """Return an image of a live product. Errors: ProductNotFound, ImageNotFound."""
    get_owner(session, store_id=store_id, noun="product", owner_id=product_id)
    found = session.get(ProductImage, image_id)
    if found is None or found.product_id != product_id:
        raise ImageNotFound(image_id=image_id)
    return found
