"""Stock of orders: reserved, sold, given back. A constant number of statements however many variants.

Every write takes the levels' locks in the order of their ids, so orders with crossed variants wait and never
deadlock. By the database's clock, an expired reservation does not count: whoever comes next deletes it on the way.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.inventory.errors import AlreadyExtended, NothingReserved
from oltp.inventory.rules import check_demand, check_minutes, check_reason
from oltp.inventory.settling import Settlement, expiry_events, lock_all, settle, stock_events
from oltp.outbox.actions import NewEvent, record_events

_HELD = text("SELECT DISTINCT variant_id FROM stock_reservation WHERE store_id = :store AND order_id = :order")
_EXTEND = text("""
    UPDATE stock_reservation SET expires_at = expires_at + :minutes * interval '1 minute',
      extended_at = statement_timestamp()
    WHERE store_id = :store AND order_id = :order AND expires_at > statement_timestamp() AND extended_at IS NULL
    RETURNING expires_at, statement_timestamp() AS at""")
_LIVE = text("""
    SELECT count(*) FROM stock_reservation
    WHERE store_id = :store AND order_id = :order AND expires_at > statement_timestamp()""")


def reserve_stock(
    session: Session, *, store_id: UUID, demand: Mapping[UUID, int], order_id: UUID | None, minutes: int,
) -> datetime:
    """Hold so much of each variant for the order until the moment returned, all of it or nothing.

    Whatever the order held before is replaced, all levels locked at once and so in their order. Sum the demand first
    (rules.sum_demand): one quantity a variant. Errors: OutOfStock (facts.variants: variant_id, wanted, available),
    DemandInvalid, LevelNotFound, StockStillLegacy.
    """
    check_demand(demand)
    check_minutes(minutes)
    held = [] if order_id is None else _held(session, store_id=store_id, order_id=order_id)
    wanted = Settlement(kept=demand, sold={}, holder_id=order_id, minutes=minutes)
    settled = settle(session, store_id=store_id, variant_ids=list({*held, *demand}), wanted=wanted)
    expires_at = settled.at + timedelta(minutes=minutes)
    said = NewEvent("stock.reserved", *_subject(store_id, order_id), {
        "items": _items(demand), "expires_at": expires_at.isoformat()})
    record_events(session, store_id=store_id, occurred_at=settled.at,
                  events=[*expiry_events(settled, holder_id=order_id), said])
    return expires_at


def sell_stock(session: Session, *, store_id: UUID, demand: Mapping[UUID, int], order_id: UUID) -> None:
    """Take what an order sells from on hand, and with it every reservation the order has.

    A reservation that ran out is no obstacle while the stock is still there. Whoever calls sees to it, by the order's
    state under its lock, that an order sells once. Errors: as reserve_stock().
    """
    check_demand(demand)
    held = _held(session, store_id=store_id, order_id=order_id)
    wanted = Settlement(kept={}, sold=demand, holder_id=order_id, order_id=order_id)
    settled = settle(session, store_id=store_id, variant_ids=list({*held, *demand}), wanted=wanted)
    record_events(session, store_id=store_id, occurred_at=settled.at, events=[
        *expiry_events(settled, holder_id=order_id), *stock_events(settled, wanted=wanted)])


def release_reservations(session: Session, *, store_id: UUID, order_id: UUID) -> None:
    """Give up everything that is reserved for the order; nothing happens where nothing is. Errors: StockStillLegacy."""
    held = _held(session, store_id=store_id, order_id=order_id)
    if not held:
        return
    settled = settle(session, store_id=store_id, variant_ids=held, wanted=Settlement({}, {}, holder_id=order_id))
    given: dict[UUID, int] = {}
    for row in settled.gone:
        if row["order_id"] == str(order_id):
            given[UUID(row["variant_id"])] = given.get(UUID(row["variant_id"]), 0) + row["quantity"]
    events = expiry_events(settled, holder_id=order_id)
    if given:
        events.append(NewEvent("stock.released", "order", order_id, {"items": _items(given)}))
    record_events(session, store_id=store_id, events=events, occurred_at=settled.at)


def extend_reservations(session: Session, *, store_id: UUID, order_id: UUID, minutes: int) -> datetime:
    """Hold the order's live reservations so many minutes longer, once; return when the first of them ends.

    Errors: NothingReserved (none, or expired), AlreadyExtended, StockStillLegacy.
    """
    check_minutes(minutes)
    # Under the levels' locks: else it could meet another order that is deleting the rows as expired, in another order.
    # What has run out is not locked: some of it may be gone, and who reserves all anew would come too late to the rest.
    if session.scalar(_LIVE, {"store": store_id, "order": order_id}):
        held = _held(session, store_id=store_id, order_id=order_id)
        lock_all(session, store_id=store_id, variant_ids=sorted(held))
    rows = session.execute(_EXTEND, {"store": store_id, "order": order_id, "minutes": minutes}).all()
    if not rows:
        live = session.scalar(_LIVE, {"store": store_id, "order": order_id})
        raise AlreadyExtended(order_id=order_id) if live else NothingReserved(order_id=order_id)
    expires_at: datetime = min(row.expires_at for row in rows)
    said = NewEvent("stock.extended", "order", order_id, {"expires_at": expires_at.isoformat()})
    record_events(session, store_id=store_id, events=[said], occurred_at=rows[0].at)
    return expires_at


def restock(
    session: Session, *, store_id: UUID, quantities: Mapping[UUID, int], order_id: UUID | None, reason_code: str,
    detail: str, user_id: UUID | None = None,
) -> None:
    """Put goods of an order back on the shelf; `reason_code` is 'return' or 'correction'.

    Errors: DemandInvalid, ReasonUnknown, LevelNotFound, StockStillLegacy.
    """
    check_reason(reason_code)
    if not quantities:
        return
    check_demand(quantities)
    wanted = Settlement(
        kept={}, sold={key: -quantity for key, quantity in quantities.items()}, reason=reason_code, detail=detail,
        order_id=order_id, user_id=user_id)
    settled = settle(session, store_id=store_id, variant_ids=list(quantities), wanted=wanted)
    record_events(session, store_id=store_id, occurred_at=settled.at, events=[
        *expiry_events(settled, holder_id=None), *stock_events(settled, wanted=wanted)])


def free_expired(session: Session, *, store_id: UUID, variant_ids: Iterable[UUID]) -> int:
    """Delete the expired reservations of these variants and say so; return how many there were."""
    settled = settle(session, store_id=store_id, variant_ids=list(set(variant_ids)), wanted=Settlement({}, {}))
    record_events(session, store_id=store_id, events=expiry_events(settled, holder_id=None), occurred_at=settled.at)
    return len(settled.gone)


def _held(session: Session, *, store_id: UUID, order_id: UUID) -> list[UUID]:
    return list(session.scalars(_HELD, {"store": store_id, "order": order_id}))


def _items(quantities: Mapping[UUID, int]) -> list[dict[str, str | int]]:
    return [{"variant_id": str(key), "quantity": quantities[key]} for key in sorted(quantities)]


def _subject(store_id: UUID, order_id: UUID | None) -> tuple[str, UUID]:
    return ("store", store_id) if order_id is None else ("order", order_id)
