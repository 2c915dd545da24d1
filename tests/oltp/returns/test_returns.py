"""Returns: their states, never more than was sent, and what becomes of the goods."""

import random
import threading
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.kit.trace import bind_trace, new_trace
from oltp.orders.errors import OrderNotFound
from oltp.returns import errors
from oltp.returns.actions import (
    ReturnWish,
    approve_return,
    inspect_return,
    receive_return,
    reject_return,
    request_return,
)
from oltp.returns.invariants import INVARIANTS
from oltp.returns.queries import get_return
from oltp.returns.rules import Inspection
from oltp.returns.states import STATUSES, may_become
from oltp.shipping.fulfilling import cancel_fulfillment, deliver_fulfillment, ship_fulfillment
from tests.conftest import IS_FULL, NOON
from tests.oltp.shipping.orders import Placed, column, event_names, place
from tests.oltp.shipping.test_fulfilling import do as fulfil
from tests.oltp.shipping.test_fulfilling import send
from tests.selling import Goods, Shop, open_shop

CLOCK = FixedClock(NOON)


def sent(shop: Shop, *quantities: int) -> Placed:
    """An order of so many units a line, delivered."""
    return deliver(shop, place(shop, *[(shop.product(), quantity) for quantity in quantities]))


def sent_goods(shop: Shop, goods: Goods, quantity: int) -> Placed:
    """An order of so many of these goods, delivered."""
    return deliver(shop, place(shop, (goods, quantity)))


def deliver(shop: Shop, placed: Placed) -> Placed:
    """Ship and deliver all of an order."""
    fulfillment = send(shop, placed)
    fulfil(shop, ship_fulfillment, fulfillment)
    fulfil(shop, deliver_fulfillment, fulfillment)
    return placed


def ask(shop: Shop, placed: Placed, *quantities: int, reason: str | None = None) -> UUID:
    """Ask for so many units of each line to be taken back; return the return's id."""
    wanted = {line: quantity for line, quantity in zip(placed.lines, quantities, strict=False) if quantity}
    with shop.database.session_for(shop.store_id) as session:
        wish = ReturnWish(placed.order_id, wanted, reason_code=reason)
        return request_return(session, store_id=shop.store_id, wish=wish, clock=CLOCK).id


def do(shop: Shop, action: Any, return_id: UUID, **values: Any) -> str:
    """Run an action on a return in a transaction of its own; return the status."""
    with shop.database.session_for(shop.store_id) as session:
        return action(session, store_id=shop.store_id, return_id=return_id, clock=CLOCK, **values).status


def inspect(shop: Shop, return_id: UUID, *found: Inspection) -> str:
    """Inspect the items in their order."""
    with shop.database.session_for(shop.store_id) as session:
        items = [item.id for item in get_return(session, store_id=shop.store_id, return_id=return_id).items]
    return do(shop, inspect_return, return_id, found=dict(zip(items, found, strict=True)))


def inspected(shop: Shop, placed: Placed, *units: tuple[int, Inspection]) -> UUID:
    """A return of (units of a line, what was found) that waits for its money."""
    return_id = ask(shop, placed, *[quantity for quantity, _ in units])
    do(shop, approve_return, return_id)
    do(shop, receive_return, return_id)
    inspect(shop, return_id, *[found for quantity, found in units if quantity])
    return return_id


def outcomes(shop: Shop, return_id: UUID) -> list[tuple[str, str | None]]:
    """Condition and outcome of the items."""
    with shop.database.session_for(shop.store_id) as session:
        view = get_return(session, store_id=shop.store_id, return_id=return_id)
        return [(item.condition, item.outcome) for item in view.items]


def returned(shop: Shop, placed: Placed) -> list[int]:
    """How many units of each line count as returned."""
    return [column(shop, "order_items", line, "returned_quantity") for line in placed.lines]


def test_a_return_goes_its_way_and_the_condition_decides(shop: Shop) -> None:
    placed = sent(shop, 1, 2, 3)
    return_id = ask(shop, placed, 1, 2, 3, reason="damaged")
    assert returned(shop, placed) == [1, 2, 3]
    assert do(shop, approve_return, return_id) == "approved"
    assert do(shop, approve_return, return_id) == "approved"
    assert do(shop, receive_return, return_id) == "received"
    assert inspect(shop, return_id, Inspection("new"), Inspection("opened"), Inspection("damaged")) == "inspected"
    assert outcomes(shop, return_id) == [("new", "restock"), ("opened", "discard"), ("damaged", "discard")]
    assert event_names(shop, ("return",)) == [
        "return.requested", "return.approved", "return.received", "return.inspected"]


def test_the_inspector_may_decide_otherwise(shop: Shop) -> None:
    found = (Inspection("new", "discard"), Inspection("opened", "restock"))
    return_id = inspected(shop, sent(shop, 1, 1), *[(1, each) for each in found])
    assert outcomes(shop, return_id) == [("new", "discard"), ("opened", "restock")]


def test_every_item_is_inspected_once(shop: Shop) -> None:
    placed = sent(shop, 1, 1)
    return_id = ask(shop, placed, 1, 1)
    with pytest.raises(errors.ReturnMoved, match="requested can't become inspected"):
        inspect(shop, return_id, Inspection("new"), Inspection("new"))
    do(shop, approve_return, return_id)
    do(shop, receive_return, return_id)
    with shop.database.session_for(shop.store_id) as session:
        first, second = (item.id for item in get_return(session, store_id=shop.store_id, return_id=return_id).items)
    new = Inspection("new")
    for found, refusal, field in (
            ({first: new}, errors.InspectionMissing, "items"),
            ({first: new, new_id(): new}, errors.InspectedItemUnknown, "items.1.item_id"),
            ({first: Inspection("lost"), second: new}, errors.InspectionInvalid, "items.0.condition"),
            ({first: new, second: Inspection("new", "burn")}, errors.InspectionInvalid, "items.1.outcome")):
        with pytest.raises(refusal) as refused:
            do(shop, inspect_return, return_id, found=found)
        assert refused.value.field == field


def test_quantity_is_at_most_fulfilled_less_returned(shop: Shop) -> None:
    placed = sent(shop, 3)
    first = ask(shop, placed, 2)
    with pytest.raises(errors.MoreThanSent) as refused:
        ask(shop, placed, 2)
    assert (refused.value.field, refused.value.facts["left"]) == ("items.0.quantity", 1)
    do(shop, reject_return, first, reason="worn")
    assert column(shop, "return_request", first, "reject_reason") == "worn"
    assert ask(shop, placed, 3)
    with pytest.raises(errors.NothingToReturn):
        ask(shop, placed)
    with pytest.raises(errors.ReturnedLineUnknown):
        ask(shop, Placed(placed.order_id, (new_id(),)), 1)
    with pytest.raises(errors.ReturnReasonUnknown):
        ask(shop, placed, 1, reason="boredom")
    with pytest.raises(OrderNotFound):
        ask(shop, Placed(new_id(), placed.lines), 1)
    with pytest.raises(errors.ReturnNotFound):
        do(open_shop(shop.database), approve_return, first)


def test_what_is_only_packed_can_not_come_back(shop: Shop) -> None:
    placed = place(shop, (shop.product(), 2))
    waiting = send(shop, placed)
    with pytest.raises(errors.MoreThanSent):
        ask(shop, placed, 1)
    fulfil(shop, cancel_fulfillment, waiting)
    with pytest.raises(errors.MoreThanSent):
        ask(shop, placed, 1)


def test_the_states_in_sql_are_those_of_the_table(shop: Shop) -> None:
    with shop.database.session_for(shop.store_id) as session:
        for since in STATUSES:
            for until in STATUSES:
                allowed = session.scalar(text("SELECT return_request_may_become(:a, :b)"), {"a": since, "b": until})
                assert allowed == (since == until or may_become(since, until)), (since, until)
    return_id = ask(shop, sent(shop, 1), 1)
    with pytest.raises(IntegrityError, match="can't go from requested to refunded"):
        shop.execute("UPDATE return_request SET status = 'refunded' WHERE store_id = :store AND id = :id", id=return_id)


def test_raw_sql_can_not_return_more_than_was_fulfilled(shop: Shop) -> None:
    return_id = ask(shop, sent(shop, 2), 1)
    with pytest.raises(IntegrityError, match="order_items_returned_check"):
        shop.execute("UPDATE return_item SET quantity = 3 WHERE store_id = :store AND return_request_id = :id",
                     id=return_id)


def test_returned_never_exceeds_fulfilled_in_a_race(shop: Shop) -> None:
    workers, units, rounds = (32, 10, 20) if IS_FULL else (8, 3, 1)
    for _ in range(rounds):
        placed, results, gate = sent(shop, units), [], threading.Barrier(workers)

        def ask_once(placed: Placed = placed, results: list[object] = results, gate: Any = gate) -> None:
            gate.wait()
            try:
                results.append(ask(shop, placed, 1))
            except errors.MoreThanSent as refusal:
                results.append(refusal)

        threads = [threading.Thread(target=ask_once) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == workers and sum(isinstance(result, UUID) for result in results) == units
        assert returned(shop, placed) == [units]


def test_a_random_walk_keeps_every_invariant(shop: Shop) -> None:
    chance = random.Random(20261124)
    placed = sent(shop, 3, 2)
    returns: list[UUID] = []
    for _ in range(2000 if IS_FULL else 60):
        try:
            if not returns or chance.random() < 0.3:
                returns.append(ask(shop, placed, chance.randint(0, 2), chance.randint(0, 2)))
            else:
                action = chance.choice((approve_return, receive_return, reject_return))
                do(shop, action, chance.choice(returns), **({"reason": None} if action is reject_return else {}))
        except (errors.ReturnMoved, errors.MoreThanSent, errors.NothingToReturn):
            pass
    assert sum(returned(shop, placed)) <= 5
    assert {name: offenders(shop, name) for name in INVARIANTS} == dict.fromkeys(INVARIANTS, 0)


CORRUPTIONS = {
    "returned_is_the_sum_of_live_returns": "UPDATE return_request SET status = 'rejected' WHERE store_id = :store",
    "never_more_returned_than_fulfilled": "UPDATE order_items SET returned_quantity = 9 WHERE store_id = :store",
    "what_was_inspected_has_an_outcome": "UPDATE return_item SET outcome = NULL WHERE store_id = :store",
}


def offenders(shop: Shop, name: str) -> int:
    """How many rows of the shop break an invariant."""
    with shop.database.owner_session() as session:
        return sum(row.store_id == shop.store_id for row in session.execute(text(INVARIANTS[name])))


@pytest.mark.parametrize("name", INVARIANTS)
def test_each_corruption_is_found(shop: Shop, name: str) -> None:
    for each in (shop, open_shop(shop.database)):
        inspected(each, sent(each, 1), (1, Inspection("new")))
    assert offenders(shop, name) == 0
    with shop.database.owner_session() as session:
        # As no program can: past triggers and checks.
        session.execute(text("ALTER TABLE return_request DISABLE TRIGGER USER"))
        session.execute(text("ALTER TABLE return_item DISABLE TRIGGER USER"))
        session.execute(text("ALTER TABLE order_items DROP CONSTRAINT order_items_returned_check"))
        session.execute(text(CORRUPTIONS[name]), {"store": shop.store_id})
        assert {row.store_id for row in session.execute(text(INVARIANTS[name]))} == {shop.store_id}
        session.rollback()


def test_the_ids_of_the_request_are_kept(shop: Shop) -> None:
    trace = new_trace("request-8")
    with bind_trace(trace):
        return_id = ask(shop, sent(shop, 1), 1)
    assert column(shop, "return_request", return_id, "correlation_id") == trace.correlation_id
    assert column(shop, "return_request", return_id, "request_id") == "request-8"
