"""The money of a return: given back once, with its goods on the shelf, whatever crashes or times out in between."""

import random
import threading
from typing import Any
from uuid import UUID

import pytest

from oltp.checkout.refunds import pay_refund, refund_order
from oltp.db.transactions import Transactions
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.errors import Refusal
from oltp.kit.ids import new_id
from oltp.payments.actions import create_attempt
from oltp.payments.charging import charge_attempt
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import Fault
from oltp.returns import refunding
from oltp.returns.actions import approve_return, reject_return
from oltp.returns.errors import ReturnMoved, ReturnNotFound, ReturnRefundFailed, ReturnRefundPending
from oltp.returns.models import ReturnRequest
from oltp.returns.refunding import finish_return, refund_return
from oltp.returns.rules import Inspection, refund_id_of
from oltp.returns.tasks import finish
from oltp.shipping.fulfilling import deliver_fulfillment, ship_fulfillment
from tests.conftest import IS_FULL, NOON
from tests.oltp.returns.test_returns import ask, do, inspected
from tests.oltp.shipping.orders import PRICE, Placed, column, event_names, place
from tests.oltp.shipping.test_fulfilling import do as fulfil
from tests.oltp.shipping.test_fulfilling import send
from tests.selling import Goods, Shop

CLOCK = FixedClock(NOON)
NEW, OPENED = Inspection("new"), Inspection("opened")


class Till:
    """A shop whose customers pay by the fake gateway."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.gateways = shop, Gateways.fake()
        self.config = shop.gateway("STRIPE")

    def sell(self, *bought: tuple[Goods, int]) -> Placed:
        """An order that is paid and delivered."""
        placed = place(self.shop, *bought, status="PROCESSING")
        amount = column(self.shop, "orders", placed.order_id, "order_total_amount")
        with self.shop.database.session_for(self.shop.store_id) as session:
            attempt = create_attempt(
                session, store_id=self.shop.store_id, order_id=placed.order_id, provider_config_id=self.config,
                gateway="STRIPE", method="CREDIT_CARD", amount=amount, currency="USD")
        charge_attempt(self.transactions(), gateways=self.gateways, attempt_id=attempt.id, token=None, clock=CLOCK)
        fulfillment = send(self.shop, placed)
        fulfil(self.shop, ship_fulfillment, fulfillment)
        fulfil(self.shop, deliver_fulfillment, fulfillment)
        return placed

    def transactions(self) -> Transactions:
        """What opens the transactions of an operation."""
        return Transactions(self.shop.database, self.shop.store_id)

    def refund(self, return_id: UUID) -> ReturnRequest:
        """Give the money of a return back."""
        return refund_return(self.transactions(), gateways=self.gateways, return_id=return_id, clock=CLOCK)

    def paid(self, placed: Placed) -> int:
        """What the buyer has paid less what he got back, as the gateway's book says."""
        assert self.gateways.faked is not None
        return self.gateways.faked.charged([placed.order_id])[placed.order_id]


@pytest.fixture
def till(shop: Shop) -> Till:
    """A till of the test's own."""
    return Till(shop)


def test_the_condition_decides_restock_or_discard(till: Till) -> None:
    kept, broken = till.shop.product(stock=0), till.shop.product(stock=0)
    placed = till.sell((kept, 3), (broken, 2))
    return_id = inspected(till.shop, placed, (2, NEW), (2, OPENED))
    assert till.paid(placed) == 5 * PRICE
    done = till.refund(return_id)
    assert (done.status, done.refund_id) == ("refunded", refund_id_of(return_id))
    assert till.paid(placed) == PRICE
    assert (till.shop.on_hand(kept), till.shop.on_hand(broken)) == (2, 0)
    assert [column(till.shop, "order_items", line, "refunded_quantity") for line in placed.lines] == [2, 2]
    ledger = till.shop.execute("""SELECT string_agg(reason_code || delta, ',') FROM inventory_adjustment
                                  WHERE store_id = :store AND order_id = :order""", order=placed.order_id)
    assert ledger == "return2"
    assert event_names(till.shop, ("return",))[-1] == "return.refunded"


def test_a_refund_that_is_asked_again_is_one(till: Till) -> None:
    goods = till.shop.product(stock=0)
    placed = till.sell((goods, 3))
    return_id = inspected(till.shop, placed, (2, NEW))
    for _ in range(3):
        assert till.refund(return_id).status == "refunded"
    assert (till.paid(placed), till.shop.on_hand(goods)) == (PRICE, 2)


def test_a_crash_between_money_and_state_refunds_once(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    goods = till.shop.product(stock=0)
    placed = till.sell((goods, 3))
    return_id = inspected(till.shop, placed, (2, NEW))

    def crash(*_: Any, **__: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(refunding, "finish_return", crash)
        till.refund(return_id)
    assert (till.paid(placed), till.shop.on_hand(goods)) == (PRICE, 0)
    with pytest.raises(ReturnRefundPending):
        do(till.shop, reject_return, return_id, reason="worn")
    assert till.refund(return_id).status == "refunded"
    assert (till.paid(placed), till.shop.on_hand(goods)) == (PRICE, 2)


def test_refunds_asked_at_once_are_one(till: Till) -> None:
    goods = till.shop.product(stock=0)
    for _ in range(20 if IS_FULL else 1):
        placed, before = till.sell((goods, 3)), till.shop.on_hand(goods)
        return_id = inspected(till.shop, placed, (2, NEW))
        workers = 16 if IS_FULL else 5
        gate, failed = threading.Barrier(workers), []

        def ask_money(return_id: UUID = return_id, gate: Any = gate, failed: list[Any] = failed) -> None:
            gate.wait()
            try:
                till.refund(return_id)
            except Refusal as refusal:
                failed.append(refusal)

        threads = [threading.Thread(target=ask_money) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [error for error in failed if not isinstance(error, ReturnRefundPending)] == []
        assert till.refund(return_id).status == "refunded"
        assert (till.paid(placed), till.shop.on_hand(goods) - before) == (PRICE, 2)


def test_a_gateway_that_does_not_answer_leaves_the_return_waiting(till: Till) -> None:
    goods = till.shop.product(stock=0)
    placed = till.sell((goods, 1))
    return_id = inspected(till.shop, placed, (1, NEW))
    assert till.gateways.faked is not None
    till.gateways.faked.script(Fault("refund", "timeout_after"))
    with pytest.raises(Refusal):
        till.refund(return_id)
    assert column(till.shop, "return_request", return_id, "status") == "inspected"
    with pytest.raises(ReturnRefundPending):
        do(till.shop, reject_return, return_id, reason=None)
    assert till.refund(return_id).status == "refunded"
    assert (till.paid(placed), till.shop.on_hand(goods)) == (0, 1)


def test_units_that_were_refunded_before_are_not_paid_twice(till: Till) -> None:
    goods = till.shop.product(stock=0)
    placed = till.sell((goods, 2))
    first = inspected(till.shop, placed, (2, NEW))
    till.shop.execute("UPDATE order_items SET refunded_quantity = 1 WHERE store_id = :store AND id = :line",
                      line=placed.lines[0])
    till.refund(first)
    assert (till.paid(placed), till.shop.on_hand(goods)) == (PRICE, 2)
    other = till.sell((goods, 1))
    till.shop.execute("UPDATE order_items SET refunded_quantity = 1 WHERE store_id = :store AND id = :line",
                      line=other.lines[0])
    done = till.refund(inspected(till.shop, other, (1, NEW)))
    assert (done.status, done.refund_id, till.paid(other)) == ("refunded", None, PRICE)


def test_only_what_was_inspected_is_refunded(till: Till) -> None:
    placed = till.sell((till.shop.product(), 2))
    return_id = ask(till.shop, placed, 1)
    for step in (None, approve_return):
        if step is not None:
            do(till.shop, step, return_id)
        with pytest.raises(ReturnMoved):
            till.refund(return_id)
    with pytest.raises(ReturnNotFound):
        till.refund(placed.order_id)
    assert till.paid(placed) == 2 * PRICE


def test_returning_all_units_in_any_order_gives_back_exactly_what_was_paid(till: Till) -> None:
    chance = random.Random(7)
    for _ in range(10 if IS_FULL else 2):
        goods = till.shop.product(stock=0)
        placed = till.sell((goods, 5))
        left = 5
        while left:
            units = chance.randint(1, left)
            till.refund(inspected(till.shop, placed, (units, NEW)))
            left -= units
        assert (till.paid(placed), till.shop.on_hand(goods)) == (0, 5)
        refunded = till.shop.execute(
            "SELECT sum(amount) FROM refund WHERE store_id = :store AND order_id = :order AND status = 'processed'",
            order=placed.order_id)
        assert refunded == 5 * PRICE


def test_a_refund_that_the_gateway_declines_is_given_back_otherwise(till: Till) -> None:
    goods = till.shop.product(stock=0)
    placed = till.sell((goods, 2))
    first, second = (inspected(till.shop, placed, (1, NEW)) for _ in range(2))
    assert till.gateways.faked is not None
    till.gateways.faked.script(Fault("refund", "decline"), Fault("refund", "decline"))
    for return_id in (first, first, second):
        with pytest.raises(ReturnRefundFailed):
            till.refund(return_id)
    assert do(till.shop, reject_return, second, reason="declined") == "rejected"
    refund_order(till.transactions(), gateways=till.gateways, order_id=placed.order_id, refund_id=new_id(),
                 items={placed.lines[0]: 2}, reason="by hand", clock=CLOCK)
    done = till.refund(first)
    assert (done.status, done.refund_id) == ("refunded", None)
    assert (till.paid(placed), till.shop.on_hand(goods)) == (0, 1)


def test_no_unit_comes_back_to_the_shelf_twice(till: Till) -> None:
    goods = till.shop.product(stock=0)
    placed = till.sell((goods, 3))
    refund_order(till.transactions(), gateways=till.gateways, order_id=placed.order_id, refund_id=new_id(),
                 items={placed.lines[0]: 2}, restock=True, reason="by hand", clock=CLOCK)
    assert till.shop.on_hand(goods) == 2
    for units in (1, 2):
        till.refund(inspected(till.shop, placed, (units, NEW)))
    assert (till.paid(placed), till.shop.on_hand(goods)) == (0, 3)


def test_a_return_is_finished_when_its_refund_comes_through(till: Till) -> None:
    goods = till.shop.product(stock=0)
    placed = till.sell((goods, 1))
    return_id = inspected(till.shop, placed, (1, NEW))
    assert till.gateways.faked is not None
    till.gateways.faked.script(Fault("refund", "timeout_after"))
    with pytest.raises(ReturnRefundPending):
        till.refund(return_id)
    # As the reconciler does that asks the gateway again.
    pay_refund(till.transactions(), gateways=till.gateways, refund_id=refund_id_of(return_id), clock=CLOCK)
    work = Work(till.shop.database, CLOCK, {})
    for refund_id in (refund_id_of(return_id), refund_id_of(return_id), new_id()):
        finish(work, store_id=str(till.shop.store_id), entity_id=str(refund_id), event_id=str(new_id()))
    assert column(till.shop, "return_request", return_id, "status") == "refunded"
    assert (till.paid(placed), till.shop.on_hand(goods)) == (0, 1)


def test_what_is_gone_from_the_catalogue_has_no_shelf(till: Till) -> None:
    placed = till.sell((till.shop.product(), 1))
    return_id = inspected(till.shop, placed, (1, NEW))
    till.shop.execute("UPDATE order_items SET variant_id = NULL WHERE store_id = :store AND id = :line",
                      line=placed.lines[0])
    assert till.refund(return_id).status == "refunded"


def test_finishing_follows_the_refund(till: Till) -> None:
    goods = till.shop.product(stock=0)
    placed = till.sell((goods, 1))
    return_id = inspected(till.shop, placed, (1, NEW))
    till.refund(return_id)
    assert do(till.shop, finish_return, return_id) == "refunded"
    assert till.shop.execute("SELECT count(*) FROM inventory_adjustment WHERE store_id = :store AND order_id = :order",
                             order=placed.order_id) == 1
