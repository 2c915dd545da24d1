"""Reads of the rollout: where stores stand, and what legacy and new say differently."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.rollout.states import CAPABILITIES, Capability, Step

# These have functions of their own in the schema: backfill_<name>(store, after, size), divergences_<name>(store).
MIRRORED: tuple[Capability, ...] = ("images", "pricing", "inventory", "promotions")
_EXAMPLES = 5
# Accepted and stored events of every batch since capturing began.
_CAPTURED = """
    SELECT i.id, i.accepted_count AS accepted, coalesce(e.stored, 0) AS stored FROM ingest_batch i LEFT JOIN (
      SELECT ingest_batch_id, count(*) AS stored FROM analytics_event
      WHERE store_id = :store AND received_at >= :since GROUP BY 1) e ON e.ingest_batch_id = i.id
    WHERE i.store_id = :store AND i.received_at >= :since"""
_DIFFERENT: dict[Capability, str] = {
    **{name: f"SELECT entity_id, kind, detail FROM divergences_{name}(:store)" for name in MIRRORED},
    # Without overrides a member may do exactly what the old taxonomy gave the role.
    "rbac": """
        SELECT m.id AS entity_id, 'permissions' AS kind, jsonb_build_object('role', m.role) AS detail
        FROM memberships m JOIN stores s ON s.organization_id = m.organization_id
        WHERE s.id = :store AND s.deleted_at IS NULL
          AND NOT EXISTS (SELECT FROM role_permission r WHERE r.store_id = :store
                          AND (r.membership_id = m.id OR r.role = m.role))
          AND ARRAY(SELECT code FROM permissions_of_user(m.user_id, :store) AS code ORDER BY code) <>
              ARRAY(SELECT p.code FROM role_permission r JOIN permission p ON p.id = r.permission_id
                    WHERE r.store_id IS NULL AND r.role = m.role AND r.is_granted ORDER BY p.code)""",
    "events": f"""
        SELECT b.id AS entity_id, 'lost' AS kind,
               jsonb_build_object('accepted', b.accepted, 'stored', b.stored) AS detail
        FROM ({_CAPTURED}) b WHERE b.stored < b.accepted""",
    # The base row speaks the store's own language; a translation into it must not say something else.
    "i18n": """
        SELECT t.product_id AS entity_id, 'own language' AS kind, jsonb_build_object('name', t.name) AS detail
        FROM product_translation t JOIN stores s ON s.id = t.store_id
        JOIN products p ON p.store_id = t.store_id AND p.id = t.product_id
        WHERE t.store_id = :store AND t.locale = s.locale AND t.name <> p.name AND t.deleted_at IS NULL""",
}


@dataclass(frozen=True)
class Divergence:
    """How many rows differ, and a few of them in words."""

    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """Where a store stands in one capability; `report` is what the last backfill and check found."""

    step: Step
    changed_at: datetime | None
    checked_at: datetime | None
    divergence_count: int | None
    report: dict[str, Any]


@dataclass(frozen=True)
class RolloutStore:
    """A store whose capabilities can be moved."""

    id: UUID
    slug: str


def list_stores(session: Session, *, slugs: Sequence[str] = ()) -> list[RolloutStore]:
    """Return stores by slug, all of them where no slug is given; deleted ones too, as their rows must move as well."""
    statement = """SELECT id, slug FROM stores
                   WHERE cardinality(CAST(:slugs AS text[])) = 0 OR slug = ANY(:slugs) ORDER BY slug"""
    return [RolloutStore(*row) for row in session.execute(text(statement), {"slugs": list(slugs)})]


def get_standing(session: Session, *, store_id: UUID) -> dict[Capability, Standing]:
    """Return where the store stands in every capability, in the plan's order."""
    rows = session.execute(text("""
        SELECT n.name, capability_step(:store, n.name), s.changed_at, s.checked_at, s.divergence_count,
               coalesce(s.report, '{}')
        FROM unnest(CAST(:names AS text[])) AS n (name)
        LEFT JOIN capability_state s ON s.store_id = :store AND s.capability = n.name"""),
        {"store": store_id, "names": list(CAPABILITIES)})
    found = {row[0]: Standing(*row[1:]) for row in rows}
    return {name: found[name] for name in CAPABILITIES}


def is_contracted(session: Session) -> bool:
    """Say whether the legacy columns are gone."""
    return bool(session.scalar(text("SELECT default_capability_step() = 'done'")))


def find_divergences(session: Session, *, store_id: UUID, capability: Capability, since: datetime) -> Divergence:
    """Compare legacy and new. `since`: events received before it are not looked at."""
    statement = text(f"""
        WITH found AS MATERIALIZED ({_DIFFERENT[capability]})
        SELECT (SELECT count(*) FROM found),
               ARRAY(SELECT concat_ws(' ', kind, entity_id, detail) FROM found LIMIT {_EXAMPLES})""")
    count, examples = session.execute(statement, {"store": store_id, "since": since}).one()
    return Divergence(int(count), tuple(examples))


def count_events(session: Session, *, store_id: UUID, since: datetime) -> tuple[int, int]:
    """Return how many events were accepted since then, and how many of those batches' events are stored."""
    statement = f"SELECT coalesce(sum(accepted), 0), coalesce(sum(stored), 0) FROM ({_CAPTURED}) b"
    row = session.execute(text(statement), {"store": store_id, "since": since}).one()
    return int(row[0]), int(row[1])
