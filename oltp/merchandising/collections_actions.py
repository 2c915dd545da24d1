"""Writes of collections, each under the collection's lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_collection
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.merchandising.collections_filling import fill_collection
from oltp.merchandising.conditions import read_rule, write_rule
from oltp.merchandising.errors import CollectionNotFound, RuleMissing, SlugTaken
from oltp.merchandising.models import Collection
from oltp.merchandising.slugs import slug_of
from oltp.outbox.actions import record_event

# What may be changed, and of it what can't be empty.
_FIELDS = ("name", "slug", "description", "image_url", "is_published", "position", "meta_title", "meta_description")
_NEEDED = ("name", "slug", "is_published", "position", "rule")
_EMPTY = text("DELETE FROM collection_product WHERE store_id = :store AND collection_id = :id")
_IS_TAKEN = text("""
    SELECT EXISTS (SELECT FROM collection WHERE store_id = :store AND slug = :slug AND deleted_at IS NULL
                     AND id <> :id)""")


@dataclass(frozen=True)
class NewCollection:
    """A collection to be made; `rule` is JSON, None for one by hand, `slug` None for one made from the name."""

    name: str
    slug: str | None = None
    rule: Mapping[str, Any] | None = None
    description: str | None = None
    image_url: str | None = None
    is_published: bool = True
    position: int = 0
    meta_title: str | None = None
    meta_description: str | None = None


def create_collection(session: Session, *, store_id: UUID, new: NewCollection, clock: Clock) -> Collection:
    """Make a collection; one by rule is filled at once. Errors: SlugInvalid, SlugTaken, RuleInvalid."""
    rule = None if new.rule is None else write_rule(read_rule(new.rule))
    values = {name: getattr(new, name) for name in _FIELDS}
    values["slug"] = slug_of(new.slug, name=new.name)
    made = Collection(id=new_id(), store_id=store_id, kind="manual" if rule is None else "rule", rule=rule,
                      created_at=clock.now(), updated_at=clock.now(), **values)
    _check_slug(session, store_id=store_id, slug=made.slug, collection_id=made.id)
    session.add(made)
    session.flush()
    if rule is not None:
        fill_collection(session, store_id=store_id, collection_id=made.id)
    _say(session, collection=made, name="collection.created", clock=clock)
    return made


def update_collection(
    session: Session, *, store_id: UUID, collection_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Collection:
    """Change the given fields; with another rule it is filled anew in the same transaction.

    Errors: CollectionNotFound, Stale, SlugInvalid, SlugTaken, RuleInvalid, RuleMissing (a rule for one by hand).
    """
    found = take_collection(
        session, store_id=store_id, collection_id=collection_id, expected_updated_at=expected_updated_at)
    given = {name: value for name, value in changes.items() if value is not None or name not in _NEEDED}
    if "slug" in given:
        given["slug"] = slug_of(given["slug"], name=found.name)
        _check_slug(session, store_id=store_id, slug=given["slug"], collection_id=collection_id)
    if "rule" in given:
        if found.kind != "rule":
            raise RuleMissing(field="rule")
        given["rule"] = write_rule(read_rule(given["rule"]))
    for name, value in given.items():
        setattr(found, name, value)
    touch(session, collection=found, clock=clock)
    if "rule" in given:
        fill_collection(session, store_id=store_id, collection_id=collection_id)
    _say(session, collection=found, name="collection.updated", clock=clock)
    return found


def delete_collection(
    session: Session, *, store_id: UUID, collection_id: UUID, clock: Clock, expected_updated_at: datetime | None = None,
) -> None:
    """Delete a collection; its products stay. Errors: CollectionNotFound, Stale."""
    found = take_collection(
        session, store_id=store_id, collection_id=collection_id, expected_updated_at=expected_updated_at)
    found.deleted_at = clock.now()
    session.execute(_EMPTY, {"store": store_id, "id": collection_id})
    touch(session, collection=found, clock=clock)
    _say(session, collection=found, name="collection.deleted", clock=clock)


def take_collection(
    session: Session, *, store_id: UUID, collection_id: UUID, expected_updated_at: datetime | None,
) -> Collection:
    """Return the collection, locked, as it is now. Errors: CollectionNotFound, Stale."""
    if not lock_collection(session, store_id=store_id, collection_id=collection_id):
        raise CollectionNotFound(collection_id=collection_id)
    found = session.scalars(
        select(Collection).where(Collection.store_id == store_id, Collection.id == collection_id)
        .execution_options(populate_existing=True)).one()
    if expected_updated_at is not None and found.updated_at != expected_updated_at:
        raise Stale()
    return found


def touch(session: Session, *, collection: Collection, clock: Clock) -> None:
    """Say that the collection was changed now; of two changes in one moment the second one still differs."""
    collection.updated_at = max(clock.now(), collection.updated_at + timedelta(microseconds=1))
    session.flush()


def _check_slug(session: Session, *, store_id: UUID, slug: str, collection_id: UUID) -> None:
    if session.scalar(_IS_TAKEN, {"store": store_id, "slug": slug, "id": collection_id}):
        raise SlugTaken(slug=slug, field="slug")


def _say(session: Session, *, collection: Collection, name: str, clock: Clock) -> None:
    record_event(
        session, store_id=collection.store_id, name=name, entity_type="collection", entity_id=collection.id,
        payload={"slug": collection.slug, "name": collection.name, "kind": collection.kind}, occurred_at=clock.now())
