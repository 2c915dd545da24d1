"""A long random walk through the states of many orders: what Python refuses SQL refuses, and nothing is ever wrong."""

from random import Random
from uuid import UUID

from oltp.invariants import check_invariants
from oltp.kit.clock import FixedClock
from oltp.orders.actions import hold, release, transition
from oltp.orders.errors import OrderHeld, TransitionNotAllowed
from oltp.orders.states import ALLOWED, EVENTS, STATUSES
from tests.conftest import IS_FULL, NOON
from tests.oltp.shipping.orders import place
from tests.selling import Shop

STEPS = 100_000 if IS_FULL else 2_000
ORDERS = STEPS // 50
# Steps of one transaction.
STRIDE = 200
CLOCK = FixedClock(NOON)
# Seldom, or every walk would end there soon.
LAST = {"REFUNDED": 0.02, "DELIVERED": 0.2}


class Model:
    """What the orders must be: the obvious way."""

    def __init__(self, orders: list[UUID]) -> None:
        self.states = dict.fromkeys(orders, "PENDING")
        self.held: set[UUID] = set()
        self.moves = 0

    def may(self, order: UUID, to: str) -> bool:
        """Whether the order may go there."""
        since = self.states[order]
        is_sent = to in ("SHIPPED", "DELIVERED") and order in self.held
        return since == to or (to in ALLOWED[since] and not is_sent)


def walk(shop: Shop, model: Model, chance: Random, steps: int) -> None:
    """So many random steps, in one transaction."""
    with shop.database.session_for(shop.store_id) as session:
        for _ in range(steps):
            order, roll = chance.choice(list(model.states)), chance.random()
            if roll < 0.05:
                hold(session, store_id=shop.store_id, order_id=order, reason="look", clock=CLOCK)
                model.held.add(order)
            elif roll < 0.1:
                release(session, store_id=shop.store_id, order_id=order, clock=CLOCK)
                model.held.discard(order)
            else:
                to = chance.choice([each for each in STATUSES if chance.random() < LAST.get(each, 1)])
                may = model.may(order, to)
                try:
                    transition(session, store_id=shop.store_id, order_id=order, to=to, clock=CLOCK)
                except (TransitionNotAllowed, OrderHeld):
                    assert not may, (model.states[order], to)
                    continue
                assert may, (model.states[order], to)
                model.moves += model.states[order] != to
                model.states[order] = to


def test_a_random_walk_of_100_000_steps_keeps_every_invariant(shop: Shop) -> None:
    chance, goods = Random(4711), shop.product()
    model = Model([place(shop, (goods, 1), status="PENDING").order_id for _ in range(ORDERS)])
    for _ in range(STEPS // STRIDE):
        walk(shop, model, chance, STRIDE)
    rows = shop.execute("""
        SELECT jsonb_object_agg(id, jsonb_build_array(status, held_at IS NOT NULL, canceled_at IS NOT NULL))
        FROM orders WHERE store_id = :store""")
    for order, status in model.states.items():
        found, is_held, has_ended = rows[str(order)]
        assert (found, is_held) == (status, order in model.held)
        assert has_ended or status != "CANCELED"
    told = shop.execute("""
        SELECT count(*) FROM domain_event WHERE store_id = :store AND entity_type = 'order' AND name = ANY (:names)""",
        names=[*EVENTS.values(), "order.reactivated"])
    assert told == model.moves > STEPS // 20
    audited = shop.execute("""
        SELECT count(*) FROM audit_logs WHERE store_id = :store AND changes::jsonb ? 'status'""")
    assert audited == model.moves
    with shop.database.worker_session() as session:
        found = check_invariants(session, store_id=shop.store_id)
    assert [each.name for each in found if not each.holds] == []
