"""What an order takes from stock and gives back: read from its lines and the ledger, so nothing is given back twice."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.inventory.reserving import release_reservations, reserve_stock, restock, sell_stock
from oltp.inventory.settling import Settlement, expiry_events, settle, stock_events
from oltp.outbox.actions import NewEvent

# Units that are still to be sent: neither cancelled nor sent.
_OPEN = text("""
    SELECT variant_id, sum(quantity - cancelled_quantity - fulfilled_quantity) FROM order_items
    WHERE store_id = :store AND order_id = :order AND variant_id IS NOT NULL AND quantity > 0
    GROUP BY variant_id HAVING sum(quantity - cancelled_quantity - fulfilled_quantity) > 0""")
# What the ledger says the order has taken and not given back yet.
_TAKEN = text("""
    SELECT variant_id, -sum(delta) FROM inventory_adjustment WHERE store_id = :store AND order_id = :order
    GROUP BY variant_id HAVING sum(delta) < 0""")


def take_stock(
    session: Session, *, store_id: UUID, order_id: UUID, demand: Mapping[UUID, int], minutes: int | None
) -> list[NewEvent]:
    """Reserve for a new order for so many minutes, or sell at once (None); return the events, to be recorded together
    with the order's own. Popular variants' levels are locked from here on. Errors: as reserve_stock().
    """
    if minutes is None:
        wanted = Settlement(kept={}, sold=demand, holder_id=order_id, order_id=order_id)
        settled = settle(session, store_id=store_id, variant_ids=list(demand), wanted=wanted)
        return [*expiry_events(settled, holder_id=order_id), *stock_events(settled, wanted=wanted)]
    wanted = Settlement(kept=demand, sold={}, holder_id=order_id, minutes=minutes)
    settled = settle(session, store_id=store_id, variant_ids=list(demand), wanted=wanted)
    facts = {"items": [{"variant_id": str(key), "quantity": quantity} for key, quantity in demand.items()],
             "expires_at": (settled.at + timedelta(minutes=minutes)).isoformat()}
    return [*expiry_events(settled, holder_id=order_id), NewEvent("stock.reserved", "order", order_id, facts)]


def open_demand(session: Session, *, store_id: UUID, order_id: UUID) -> dict[UUID, int]:
    """Return how many units of each variant are still to be sent."""
    rows = session.execute(_OPEN, {"store": store_id, "order": order_id})
    return {row[0]: int(row[1]) for row in rows}


def has_taken(session: Session, *, store_id: UUID, order_id: UUID) -> bool:
    """Whether the order has taken something from the shelf that has not come back."""
    return session.execute(_TAKEN, {"store": store_id, "order": order_id}).first() is not None


def sell_order(session: Session, *, store_id: UUID, order_id: UUID) -> None:
    """Sell what the order holds reserved, or what is there. Errors: OutOfStock."""
    demand = open_demand(session, store_id=store_id, order_id=order_id)
    if demand:
        sell_stock(session, store_id=store_id, demand=demand, order_id=order_id)


def reserve_order(session: Session, *, store_id: UUID, order_id: UUID, minutes: int) -> None:
    """Reserve what is still to be sent of the order, instead of what was reserved before. Errors: OutOfStock."""
    demand = open_demand(session, store_id=store_id, order_id=order_id)
    if demand:
        reserve_stock(session, store_id=store_id, demand=demand, order_id=order_id, minutes=minutes)
    else:
        release_reservations(session, store_id=store_id, order_id=order_id)


def give_back(session: Session, *, store_id: UUID, order_id: UUID, units: Mapping[UUID, int], detail: str) -> None:
    """Put these units back on the shelf, but no more than the order has taken; reservations are released."""
    release_reservations(session, store_id=store_id, order_id=order_id)
    taken = {row[0]: int(row[1]) for row in session.execute(_TAKEN, {"store": store_id, "order": order_id})}
    back = {key: min(quantity, taken[key]) for key, quantity in units.items() if key in taken}
    if back:
        restock(session, store_id=store_id, quantities=back, order_id=order_id, reason_code="return", detail=detail)
