"""What follows a change of the catalog: its domain event and, for products, its audit entry."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.audit.actions import record_audit
from oltp.catalog.errors import ReferenceUnknown
from oltp.db.locking import CatalogTable, share_catalog_rows
from oltp.kit.clock import Clock
from oltp.outbox.actions import record_event

Changes = Mapping[str, tuple[Any, Any]]
_TABLES: dict[str, CatalogTable] = {
    "category_id": "categories", "brand_id": "brands", "shipping_profile_id": "shipping_profile"}


def tell(
    session: Session, *, store_id: UUID, noun: str, verb: str, entity_id: UUID, clock: Clock,
    changes: Changes | None = None, facts: Mapping[str, Any] | None = None, is_audited: bool = False,
) -> None:
    """Record noun.verb with the names of the changed fields; with `is_audited` also what they were and are.

    Who did it is not known of a token, so the audit entry's actor is the system; the trace's ids lead to the request.
    """
    payload = {**(facts or {})}
    if changes is not None:
        payload["changed"] = sorted(changes)
    record_event(session, store_id=store_id, name=f"{noun}.{verb}", entity_type=noun, entity_id=entity_id,
                 payload=payload, occurred_at=clock.now())
    if is_audited:
        record_audit(
            session, store_id=store_id, action=f"{noun}.{verb}", entity_type=noun, entity_id=entity_id,
            changes={name: {"old": old, "new": new} for name, (old, new) in (changes or {}).items()},
            actor_type="SYSTEM", occurred_at=clock.now())


def differences(row: object, *, values: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return field → (old, new) of those values that the row does not have yet."""
    return {name: (getattr(row, name), value) for name, value in values.items() if getattr(row, name) != value}


def hold_references(session: Session, *, store_id: UUID, values: Mapping[str, Any]) -> None:
    """Hold the category, brand and shipping profile that a product is about to name, so that none is deleted now.

    Errors: ReferenceUnknown, naming the field.
    """
    for name, table in _TABLES.items():
        wanted = values.get(name)
        if wanted is None:
            continue
        held: Collection[UUID] = share_catalog_rows(session, table=table, store_id=store_id, ids=[wanted])
        if not held or not _is_live(session, table=table, store_id=store_id, row_id=wanted):
            raise ReferenceUnknown(noun=name.removesuffix("_id").replace("_", " "), id=wanted, field=name)


def _is_live(session: Session, *, table: CatalogTable, store_id: UUID, row_id: UUID) -> bool:
    # Read after the lock: it may have been deleted while we waited.
    return bool(session.scalar(
        text(f"SELECT deleted_at IS NULL FROM {table} WHERE store_id = :store AND id = :id"),
        {"store": store_id, "id": row_id}))
