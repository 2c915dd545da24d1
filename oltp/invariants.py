"""What must always hold, of every room in one list: named SQL whose rows are offenders."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.catalog.invariants import INVARIANTS as CATALOG
from oltp.customers.invariants import INVARIANTS as CUSTOMERS
from oltp.inventory.invariants import INVARIANTS as INVENTORY
from oltp.kit.errors import NotFound
from oltp.orders.invariants import INVARIANTS as ORDERS
from oltp.payments.invariants import INVARIANTS as PAYMENTS
from oltp.pricing.invariants import INVARIANTS as PRICING
from oltp.promotions.invariants import INVARIANTS as PROMOTIONS
from oltp.returns.invariants import INVARIANTS as RETURNS
from oltp.reviews.invariants import INVARIANTS as REVIEWS
from oltp.shipping.invariants import INVARIANTS as SHIPPING
from oltp.tenancy.invariants import INVARIANTS as TENANCY

SHOWN = 20
ROOMS: dict[str, Mapping[str, str]] = {
    "tenancy": TENANCY, "customers": CUSTOMERS, "catalog": CATALOG, "reviews": REVIEWS,
    "pricing": PRICING, "inventory": INVENTORY, "payments": PAYMENTS, "promotions": PROMOTIONS, "shipping": SHIPPING,
    "returns": RETURNS,
    "orders": ORDERS,
}
# One statement each, so one snapshot: a total and its parts, read one after the other, would differ under every writer.
_COUNTED = "SELECT count(*) OVER () AS offender_count, offenders.* FROM ({sql}) offenders {scope} LIMIT :shown"


class InvariantUnknown(NotFound):
    """There is no invariant {name!r}; `stormcom invariants --list` names them."""


@dataclass(frozen=True)
class Finding:
    """What one invariant found: how many rows break it, and the first of them."""

    room: str
    name: str
    offender_count: int
    offenders: tuple[dict[str, Any], ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return self.offender_count == 0


def names() -> tuple[str, ...]:
    """Return the names of all invariants as room.name."""
    return tuple(f"{room}.{name}" for room, rules in ROOMS.items() for name in rules)


def check_invariant(session: Session, *, name: str, store_id: UUID | None = None) -> Finding:
    """Look for what breaks one invariant; of every store the session sees, or of one. Errors: InvariantUnknown."""
    room, _, rule = name.partition(".")
    sql = ROOMS.get(room, {}).get(rule)
    if sql is None:
        raise InvariantUnknown(name=name, field="name")
    scope = "" if store_id is None else "WHERE offenders.store_id = :store"
    found = session.execute(text(_COUNTED.format(sql=sql, scope=scope)), {"shown": SHOWN, "store": store_id})
    rows = [dict(row._mapping) for row in found]
    count = rows[0]["offender_count"] if rows else 0
    for row in rows:
        del row["offender_count"]
    return Finding(room, rule, count, tuple(rows))


def check_invariants(session: Session, *, store_id: UUID | None = None) -> list[Finding]:
    """Check all of them. `session` is a worker's for all stores, or an application's for its own."""
    return [check_invariant(session, name=name, store_id=store_id) for name in names()]
