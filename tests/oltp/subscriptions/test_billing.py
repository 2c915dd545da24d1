"""Recurring subscriptions: billed once however many run, tried again, paused, ended; each period has one row."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from oltp.checkout.errors import OrderNotPayable
from oltp.checkout.paying import pay_order
from oltp.checkout.reconciling import reconcile_attempt
from oltp.checkout.sweeping import sweep_unpaid
from oltp.checkout.wishes import PaymentChoice
from oltp.db.session import Database
from oltp.db.transactions import Transactions
from oltp.handlers import FOLLOWERS
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import FakeGateway
from oltp.subscriptions import billing
from oltp.subscriptions.actions import (
    Terms,
    cancel_subscription,
    change_subscription,
    create_subscription,
    pause_subscription,
    resume_subscription,
)
from oltp.subscriptions.errors import StartTooFar, SubscriberUnknown, SubscriptionEnded
from oltp.subscriptions.models import Subscription
from oltp.subscriptions.queries import get_subscription
from oltp.subscriptions.tasks import run_cycles
from tests.conftest import IS_FULL, NOON, cloned_database
from tests.oltp.checkout.buying import ADDRESS
from tests.oltp.inventory.stocked import at_once, events
from tests.selling import Goods, Shop, open_shop

RUNS = 20 if IS_FULL else 2


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


class Box:
    """A shop that sends a box each month, and its worker."""

    def __init__(self, database: Database, *, stock: int = 100) -> None:
        self.shop: Shop = open_shop(database)
        self.clock, self.fake = FixedClock(NOON), FakeGateway()
        self.goods: Goods = self.shop.product(1500, stock=stock)
        self.work = Work(database, self.clock, FOLLOWERS, gateways=Gateways.fake(self.fake))

    def do(self, action: Any, subscription: UUID, **more: Any) -> Subscription:
        with self.shop.database.session_for(self.shop.store_id) as session:
            return action(session, store_id=self.shop.store_id, subscription_id=subscription, clock=self.clock, **more)

    def start(self, *, starts_at: Any = None, **more: Any) -> UUID:
        terms = Terms(**{
            "customer_id": self.shop.customer(), "variant_id": self.goods.variant_id, "quantity": 2,
            "interval_unit": "month", "interval_count": 1, "currency": "USD", "payment_method": "CASH_ON_DELIVERY",
            "shipping_address": ADDRESS, **more})
        with self.shop.database.session_for(self.shop.store_id) as session:
            return create_subscription(session, store_id=self.shop.store_id, terms=terms, starts_at=starts_at,
                                       clock=self.clock).id

    def card(self, token: str) -> dict[str, Any]:
        return {"payment_method": "CREDIT_CARD", "provider_config_id": self.shop.gateway("STRIPE", name=uuid4().hex),
                "payment_token": token}

    def run(self, days: float = 0) -> None:
        self.clock.advance(timedelta(days=days))
        run_cycles(self.work)

    def read(self, subscription: UUID) -> Subscription:
        with self.shop.database.session_for(self.shop.store_id) as session:
            return get_subscription(session, store_id=self.shop.store_id, subscription_id=subscription)

    def cycles(self, subscription: UUID) -> list[tuple[str, int]]:
        with self.shop.database.session_for(self.shop.store_id) as session:
            return [tuple(row) for row in session.execute(text("""
                SELECT status, attempt_count FROM subscription_cycle WHERE subscription_id = :id
                ORDER BY period_started_at"""), {"id": subscription})]

    def orders(self) -> int:
        return self.shop.execute("SELECT count(*) FROM orders WHERE store_id = :store")

    def told(self, *names: str) -> list[str]:
        return [name for name, _ in events(self.shop, *(f"subscription.{name}" for name in names))]


@pytest.fixture
def box(shared: Database) -> Box:
    return Box(shared)


def test_each_period_is_billed_once(box: Box) -> None:
    box.start()
    for _ in range(3):
        box.run()
    assert box.orders() == 1
    box.run(29)
    assert box.orders() == 1
    box.run(1)
    box.run()
    assert box.orders() == 2 and box.shop.on_hand(box.goods) == 96
    assert box.told("billed") == ["subscription.billed"] * 2


@pytest.mark.parametrize("run", range(RUNS))
def test_a_cycle_run_twice_bills_once(shared: Database, run: int) -> None:
    box = Box(shared)
    subscriptions = [box.start(**box.card("fake_ok")) for _ in range(2)]
    at_once([box.run] * 4)
    assert [box.cycles(each) for each in subscriptions] == [[("billed", 1)]] * 2
    assert box.orders() == 2
    assert box.shop.execute("SELECT sum(captured_amount) FROM payment_attempt WHERE store_id = :store") == 6000


def test_dunning_then_past_due_then_canceled(box: Box) -> None:
    subscription = box.start(**box.card("fake_declined"))
    box.run()
    assert (box.read(subscription).status, box.cycles(subscription)) == ("past_due", [("due", 1)])
    for n, wait in enumerate((1, 3, 5, 7), start=2):
        box.run(wait - 0.1)
        assert box.cycles(subscription) == [("due", n - 1)]
        box.run(0.1)
        assert box.cycles(subscription) == [("due" if n < 5 else "failed", n)]
    found = box.read(subscription)
    assert (found.status, found.next_billing_at) == ("canceled", None)
    assert box.told("payment_failed", "cancelled") == ["subscription.payment_failed"] * 5 + ["subscription.cancelled"]
    box.run(60)
    assert box.cycles(subscription) == [("failed", 5)]
    assert box.shop.execute("SELECT sum(captured_amount) FROM payment_attempt WHERE store_id = :store") == 0


def test_a_payment_that_succeeds_later_ends_the_dunning(box: Box) -> None:
    subscription = box.start(**box.card("fake_declined"))
    box.run()
    box.do(change_subscription, subscription, changes={"payment_token": "fake_ok", "quantity": 1})
    box.run(1)
    assert (box.read(subscription).status, box.cycles(subscription)) == ("active", [("billed", 2)])


def test_sold_out_is_tried_again(shared: Database) -> None:
    box = Box(shared, stock=0)
    subscription = box.start()
    box.run()
    assert box.cycles(subscription) == [("due", 1)] and box.orders() == 0
    assert box.shop.execute("SELECT failure_code FROM subscription_cycle WHERE store_id = :store") == "out_of_stock"


def test_money_that_comes_late_for_a_try_that_was_given_up_goes_back(box: Box) -> None:
    subscription = box.start(**box.card("fake_pending"))
    box.run()
    first, attempt = (box.shop.execute(f"SELECT id FROM {table} WHERE store_id = :store")
                      for table in ("orders", "payment_attempt"))
    box.clock.advance(box.shop.later(25 * 60) - box.clock.now())
    sweep_unpaid(box.work)
    box.do(change_subscription, subscription, changes={"payment_token": "fake_ok"})
    box.run()
    assert (box.cycles(subscription), box.orders()) == ([("billed", 2)], 2)
    box.fake.complete(attempt)
    reconcile_attempt(Transactions(box.shop.database, box.shop.store_id), gateways=Gateways.fake(box.fake),
                      attempt_id=attempt, clock=box.clock)
    assert sorted(box.fake.charged().values()) == [0, 3000] and box.fake.charged()[first] == 0


def test_the_order_of_a_try_that_failed_is_not_paid_beside_the_next_one(box: Box) -> None:
    subscription = box.start(**box.card("fake_declined"))
    box.run()
    first = box.shop.execute("SELECT id FROM orders WHERE store_id = :store")
    box.do(change_subscription, subscription, changes={"payment_token": "fake_ok"})
    box.run(1)
    with pytest.raises(OrderNotPayable):
        pay_order(Transactions(box.shop.database, box.shop.store_id), gateways=Gateways.fake(box.fake), order_id=first,
                  payment=PaymentChoice("CREDIT_CARD", None, "fake_ok"), clock=box.clock)
    assert (box.cycles(subscription), box.shop.on_hand(box.goods)) == ([("billed", 2)], 98)


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_worker_that_dies_leaves_no_second_bill(box: Box, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    subscription, place = box.start(**box.card("fake_ok")), billing.place_order

    def die(*args: Any, **more: Any) -> None:
        if point == "after":
            place(*args, **more)
        raise SystemError("killed")

    monkeypatch.setattr(billing, "place_order", die)
    with pytest.raises(SystemError):
        box.run()
    monkeypatch.undo()
    box.run()
    assert box.cycles(subscription) == [("due", 1)]
    box.run(0.01)
    assert (box.cycles(subscription), box.orders()) == ([("billed", 1)], 1)


def test_periods_that_nobody_billed_are_skipped_not_billed_at_once(box: Box) -> None:
    subscription = box.start()
    box.run(95)
    assert [status for status, _ in box.cycles(subscription)] == ["skipped", "skipped", "skipped", "billed"]
    assert box.orders() == 1


def test_pause_and_resume(box: Box) -> None:
    subscription = box.start()
    box.run()
    box.do(pause_subscription, subscription)
    box.run(70)
    assert box.orders() == 1
    resumed = box.do(resume_subscription, subscription)
    assert resumed.next_billing_at is not None
    # Still the 24th at seven in New York.
    assert (resumed.status, resumed.next_billing_at.isoformat()) == ("active", "2027-02-24T12:00:00+00:00")
    box.run(30)
    assert box.orders() == 2


def test_a_first_period_that_nobody_has_billed_yet_is_billed_after_a_pause(box: Box) -> None:
    subscription = box.start()
    box.do(pause_subscription, subscription)
    box.run(3)
    assert box.orders() == 0
    resumed = box.do(resume_subscription, subscription)
    assert resumed.next_billing_at == resumed.anchored_at
    box.run()
    box.run()
    assert box.orders() == 1


def test_a_first_period_that_is_over_is_not_billed_after_a_pause(box: Box) -> None:
    subscription = box.start()
    box.do(pause_subscription, subscription)
    box.run(40)
    box.do(resume_subscription, subscription)
    box.run()
    assert box.orders() == 0 and box.cycles(subscription) == []


def test_cancel_now_and_at_the_end_of_the_period(box: Box) -> None:
    now, later = box.start(), box.start()
    box.run()
    assert box.do(cancel_subscription, now, at_period_end=False).status == "canceled"
    assert box.do(cancel_subscription, later, at_period_end=True).is_ending
    box.run(20)
    assert box.read(later).status == "active"
    box.run(11)
    assert (box.read(later).status, box.orders()) == ("canceled", 2)
    for action in (pause_subscription, resume_subscription):
        with pytest.raises(SubscriptionEnded):
            box.do(action, now)


def test_what_can_not_start(box: Box) -> None:
    with pytest.raises(SubscriberUnknown):
        box.start(customer_id=uuid4())
    with pytest.raises(StartTooFar):
        box.start(starts_at=NOON - timedelta(days=1))
    subscription = box.start(starts_at=NOON + timedelta(days=3))
    box.run(2)
    assert box.cycles(subscription) == []
    box.run(1)
    assert box.cycles(subscription) == [("billed", 1)]
