"""Writes of attributes, their allowed values, and what values products have."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from oltp.catalog.errors import (
    AttributeInUse,
    AttributeNameTaken,
    AttributeNotFound,
    AttributeTwice,
    AttributeValueInUse,
    AttributeValueNotAllowed,
    ReferenceUnknown,
)
from oltp.catalog.holding import get_locked, touch_product
from oltp.catalog.models import ProductAttribute, ProductAttributeValue
from oltp.catalog.recording import tell
from oltp.catalog.rules import next_version, read_list
from oltp.db.locking import lock_catalog_rows, lock_keys, share_catalog_rows
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id

_NAMESAKE = text("""
    SELECT EXISTS (SELECT FROM product_attributes WHERE store_id = :store AND name = :name AND id <> :id)""")
# Products that are deleted count: they may come back.
_USE = text("""
    SELECT count(DISTINCT product_id) FROM product_attribute_values WHERE store_id = :store AND attribute_id = :id""")
_USED = text("""
    SELECT DISTINCT value FROM product_attribute_values WHERE store_id = :store AND attribute_id = :id""")


@dataclass(frozen=True)
class WantedValue:
    """A value that a product has of an attribute."""

    attribute_id: UUID
    value: str


def create_attribute(
    session: Session, *, store_id: UUID, name: str, values: Sequence[str], clock: Clock
) -> ProductAttribute:
    """Add an attribute with its allowed values; none: any text is allowed. Errors: AttributeNameTaken."""
    attribute = ProductAttribute(
        id=new_id(), store_id=store_id, name=name, values=_stored(values), created_at=clock.now(),
        updated_at=clock.now())
    _claim_name(session, attribute=attribute, name=name)
    session.add(attribute)
    _tell(session, attribute=attribute, verb="created", clock=clock)
    return attribute


def update_attribute(
    session: Session, *, store_id: UUID, attribute_id: UUID, clock: Clock, name: str | None = None,
    values: Sequence[str] | None = None, expected_updated_at: datetime | None = None,
) -> ProductAttribute:
    """Rename an attribute or change its allowed values; None leaves as it is. A value that products have must stay.

    Errors: AttributeNotFound, Stale, AttributeNameTaken, AttributeValueInUse.
    """
    attribute = _locked(
        session, store_id=store_id, attribute_id=attribute_id, expected_updated_at=expected_updated_at)
    if name is not None:
        _claim_name(session, attribute=attribute, name=name)
        attribute.name = name
    if values is not None:
        gone = set(session.scalars(_USED, {"store": store_id, "id": attribute_id})) - set(values)
        if values and gone:
            raise AttributeValueInUse(value=min(gone), field="values")
        attribute.values = _stored(values)
    attribute.updated_at = next_version(before=attribute.updated_at, now=clock.now())
    _tell(session, attribute=attribute, verb="updated", clock=clock)
    return attribute


def delete_attribute(
    session: Session, *, store_id: UUID, attribute_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete an attribute that no product has a value of. Errors: AttributeNotFound, Stale, AttributeInUse."""
    attribute = _locked(
        session, store_id=store_id, attribute_id=attribute_id, expected_updated_at=expected_updated_at)
    products = session.scalar(_USE, {"store": store_id, "id": attribute_id})
    if products:
        raise AttributeInUse(products=products)
    session.delete(attribute)
    _tell(session, attribute=attribute, verb="deleted", clock=clock)


def set_product_values(
    session: Session, *, store_id: UUID, product_id: UUID, wanted: Sequence[WantedValue], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> None:
    """Make these all the values that a product has. An attribute may have several, each once.

    Errors: ProductNotFound, Stale, AttributeTwice, ReferenceUnknown, AttributeValueNotAllowed.
    """
    product = get_locked(session, store_id=store_id, product_id=product_id, expected_updated_at=expected_updated_at)
    ids = sorted({each.attribute_id for each in wanted})
    # Held, so that neither an attribute nor a value is taken away while it is being given.
    share_catalog_rows(session, table="product_attributes", store_id=store_id, ids=ids)
    query = select(ProductAttribute).where(ProductAttribute.store_id == store_id, ProductAttribute.id.in_(ids))
    known = {each.id: each for each in session.scalars(query.execution_options(populate_existing=True))}
    seen: set[WantedValue] = set()
    for place, each in enumerate(wanted):
        _check_value(each, known=known, at=f"values.{place}")
        if each in seen:
            raise AttributeTwice(field=f"values.{place}")
        seen.add(each)
    session.execute(delete(ProductAttributeValue).where(
        ProductAttributeValue.store_id == store_id, ProductAttributeValue.product_id == product_id))
    # They are listed by id, and shall stand in the order in which they were given.
    ids = sorted(new_id() for _ in wanted)
    session.add_all([ProductAttributeValue(
        id=row_id, store_id=store_id, product_id=product_id, attribute_id=each.attribute_id, value=each.value,
        created_at=clock.now()) for row_id, each in zip(ids, wanted, strict=True)])
    touch_product(session, product=product, clock=clock, changed="attributes")


def _check_value(wanted: WantedValue, *, known: Mapping[UUID, ProductAttribute], at: str) -> None:
    attribute = known.get(wanted.attribute_id)
    if attribute is None:
        raise ReferenceUnknown(noun="attribute", id=wanted.attribute_id, field=f"{at}.attribute_id")
    allowed = read_list(attribute.values)
    if allowed and wanted.value not in allowed:
        raise AttributeValueNotAllowed(value=wanted.value, name=attribute.name, field=f"{at}.value")


def _stored(values: Sequence[str]) -> str:
    return json.dumps(list(dict.fromkeys(values)), ensure_ascii=False)


def _claim_name(session: Session, *, attribute: ProductAttribute, name: str) -> None:
    store_id = attribute.store_id
    lock_keys(session, scope=f"attribute:{store_id}", keys=[name])
    if session.scalar(_NAMESAKE, {"store": store_id, "name": name, "id": attribute.id}):
        raise AttributeNameTaken(name=name, field="name")


def _locked(
    session: Session, *, store_id: UUID, attribute_id: UUID, expected_updated_at: datetime | None
) -> ProductAttribute:
    lock_catalog_rows(session, table="product_attributes", store_id=store_id, ids=[attribute_id])
    attribute = session.get(ProductAttribute, attribute_id, populate_existing=True)
    if attribute is None:
        raise AttributeNotFound(attribute_id=attribute_id)
    if expected_updated_at is not None and attribute.updated_at != expected_updated_at:
        raise Stale()
    return attribute


def _tell(session: Session, *, attribute: ProductAttribute, verb: str, clock: Clock) -> None:
    facts: dict[str, Any] = {"name": attribute.name}
    session.flush()
    tell(session, store_id=attribute.store_id, noun="attribute", verb=verb, entity_id=attribute.id, clock=clock,
         facts=facts)
