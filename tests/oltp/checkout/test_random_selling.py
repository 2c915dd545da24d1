"""Everything that can happen to orders, in any order and with every fault: after any steps all invariants hold."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from oltp.checkout.hearing import settle_payment
from oltp.checkout.reconciling import reconcile_payments
from oltp.checkout.refunds import refund_order
from oltp.checkout.sweeping import return_owed, sweep_unpaid
from oltp.checkout.wishes import PaymentChoice
from oltp.handlers import FOLLOWERS
from oltp.inventory.actions import adjust_stock
from oltp.inventory.tasks import sweep_reservations
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.errors import Refusal
from oltp.kit.ids import new_id
from oltp.orders.actions import hold, release
from oltp.orders.models import Order
from oltp.orders.states import STATUSES
from oltp.payments.actions import NewEntry, record_entries
from oltp.payments.charging import capture_attempt, void_attempt
from oltp.payments.gateways.fake import Fault
from oltp.returns.actions import (
    ReturnWish,
    approve_return,
    inspect_return,
    receive_return,
    reject_return,
    request_return,
)
from oltp.returns.queries import get_return
from oltp.returns.refunding import refund_return
from oltp.returns.rules import Inspection
from oltp.shipping.fulfilling import (
    cancel_fulfillment,
    create_fulfillment,
    deliver_fulfillment,
    pack_fulfillment,
    ship_fulfillment,
)
from tests.conftest import IS_FULL
from tests.oltp.checkout.buying import COD, Buyer, bundle, wish
from tests.selling import Goods, Shop

STEPS, SEEDS = (1_500, 8) if IS_FULL else (60, 2)
TOKENS = ("fake_ok", "fake_ok", "fake_ok", "fake_declined", "fake_timeout_before", "fake_timeout_after", "fake_down")
FAULTS = ("timeout_before", "timeout_after", "decline", "down")


class Trade:
    """A shop, its orders, and the hundred things that buyers, merchants and the clock do to them."""

    def __init__(self, buyer: Buyer, chance: Random) -> None:
        self.buyer, self.shop, self.chance = buyer, buyer.shop, chance
        self.orders: list[Order] = []
        self.parcels: list[UUID] = []
        self.returns: list[UUID] = []
        self.goods: list[Goods] = [self.shop.product(price, stock=60) for price in (1, 333, 1999)]
        self.tea = bundle(self.shop, (self.goods[0], 2), (self.goods[2], 1), percent="12.5")
        self.steps: list[Callable[[], object]] = [
            self.place, self.place, self.pay, self.cancel, self.cancel_items, self.move, self.hold, self.pack,
            self.pack, self.parcel, self.parcel, self.refund, self.refund, self.ask_back, self.take_back,
            self.take_back, self.dispute, self.settle_by_hand, self.count, self.fault, self.work]

    def step(self) -> bool:
        """Do something; return whether it was not refused."""
        try:
            (self.chance.choice(self.steps) if self.orders else self.place)()
        except Refusal:
            return False
        return True

    def session(self) -> Any:
        return self.shop.database.session_for(self.shop.store_id)

    def order(self) -> Order:
        return self.chance.choice(self.orders[-12:])

    def units(self, order: Order) -> dict[UUID, int]:
        lines = self.buyer.lines(order)
        return {line.id: self.chance.randint(1, line.quantity)
                for line in self.chance.sample(lines, self.chance.randint(1, len(lines)))}

    def payment(self) -> PaymentChoice:
        return COD if self.chance.random() < 0.3 else PaymentChoice("CREDIT_CARD", None, self.chance.choice(TOKENS))

    def place(self) -> None:
        bought = [(self.chance.choice(self.goods), self.chance.randint(1, 3)) for _ in range(self.chance.randint(1, 3))]
        bundles = [(self.tea, 1)] if self.chance.random() < 0.3 else []
        self.orders.append(self.buyer.place(wish(*bought, bundles=bundles, codes=("TEN",)), self.payment()))

    def pay(self) -> None:
        self.buyer.pay(self.order(), self.payment())

    def cancel(self) -> None:
        self.buyer.cancel(self.order())

    def cancel_items(self) -> None:
        order = self.order()
        self.buyer.cancel_items(order, self.units(order))

    def move(self) -> None:
        self.buyer.move(self.order(), self.chance.choice(STATUSES))

    def hold(self) -> None:
        act, more = self.chance.choice(((hold, {"reason": "look"}), (release, {})))
        with self.session() as session:
            act(session, store_id=self.shop.store_id, order_id=self.order().id, clock=self.buyer.clock, **more)

    def pack(self) -> None:
        order = self.order()
        with self.session() as session:
            self.parcels.append(create_fulfillment(
                session, store_id=self.shop.store_id, order_id=order.id, clock=self.buyer.clock,
                quantities=self.units(order) if self.chance.random() < 0.7 else {}).id)

    def parcel(self) -> None:
        act = self.chance.choice((pack_fulfillment, ship_fulfillment, deliver_fulfillment, cancel_fulfillment))
        if self.parcels:
            with self.session() as session:
                act(session, store_id=self.shop.store_id, fulfillment_id=self.chance.choice(self.parcels[-12:]),
                    clock=self.buyer.clock)

    def refund(self) -> None:
        order, more = self.order(), {}
        if self.chance.random() < 0.6:
            more = {"items": self.units(order), "restock": self.chance.random() < 0.5}
        more |= self.chance.choice(({}, {"shipping": True}, {"amount": self.chance.randint(1, 900)}))
        refund_order(self.buyer.transactions(), gateways=self.buyer.gateways, order_id=order.id, refund_id=new_id(),
                     reason=None, clock=self.buyer.clock, **more)

    def ask_back(self) -> None:
        order = self.order()
        with self.session() as session:
            self.returns.append(request_return(
                session, store_id=self.shop.store_id, clock=self.buyer.clock,
                wish=ReturnWish(order.id, self.units(order), reason_code=None)).id)

    def take_back(self) -> None:
        if not self.returns:
            return
        key, given = self.chance.choice(self.returns[-6:]), {"store_id": self.shop.store_id, "clock": self.buyer.clock}
        if self.chance.random() < 0.3:
            refund_return(self.buyer.transactions(), gateways=self.buyer.gateways, return_id=key,
                          clock=self.buyer.clock)
            return
        with self.session() as session:
            items = get_return(session, store_id=self.shop.store_id, return_id=key).items
            act, more = self.chance.choice((
                (approve_return, {}), (receive_return, {}), (reject_return, {"reason": None}),
                (inspect_return, {"found": {
                    item.id: Inspection(self.chance.choice(("new", "damaged"))) for item in items}})))
            act(session, return_id=key, **given, **more)

    def settle_by_hand(self) -> None:
        attempt = self.shop.execute("SELECT id FROM payment_attempt WHERE store_id = :store AND order_id = :order "
                                    "ORDER BY id DESC LIMIT 1", order=self.order().id)
        if attempt is not None:
            act = self.chance.choice((capture_attempt, void_attempt))
            act(self.buyer.transactions(), gateways=self.buyer.gateways, attempt_id=attempt, clock=self.buyer.clock)

    def dispute(self) -> None:
        """The bank takes money back, or gives it again."""
        attempt = self.shop.execute("SELECT id FROM payment_attempt WHERE store_id = :store AND order_id = :order "
                                    "AND captured_amount > 0 LIMIT 1", order=self.order().id)
        if attempt is not None:
            kind = self.chance.choice(("charged_back", "charged_back", "charge_back_reversed"))
            entry = NewEntry(kind, f"d{self.chance.randint(1, 2)}", self.chance.choice((100, 500)))
            with self.session() as session:
                record_entries(session, store_id=self.shop.store_id, attempt_id=attempt, clock=self.buyer.clock,
                               entries=[entry])
            settle_payment(self.buyer.transactions(), gateways=self.buyer.gateways, attempt_id=attempt,
                           clock=self.buyer.clock)

    def count(self) -> None:
        with self.session() as session:
            adjust_stock(session, store_id=self.shop.store_id, variant_id=self.chance.choice(self.goods).variant_id,
                         delta=self.chance.randint(-2, 9) or 1, reason_code="manual")

    def fault(self) -> None:
        self.buyer.fake.script(Fault(self.chance.choice(("refund", "capture", "void")), self.chance.choice(FAULTS)))

    def work(self, minutes: int | None = None) -> None:
        """What the worker does, somewhat later or much."""
        later = self.chance.choice((0, 3, 20, 70)) if minutes is None else minutes
        work = Work(self.shop.database, FixedClock(self.buyer.clock.now() + timedelta(minutes=later)), FOLLOWERS,
                    gateways=self.buyer.gateways)
        for task in (sweep_reservations, sweep_unpaid, reconcile_payments, return_owed):
            task(work)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_every_invariant_holds(shop: Shop, buyer: Buyer, seed: int) -> None:
    chance = Random(seed)
    shop.gateway("STRIPE")
    shop.tax("GB", "0.19")
    shop.shipping(499)
    shop.settings(prices_include_tax=bool(seed % 2))
    shop.execute("""INSERT INTO discount_code (store_id, code, type, percent, usage_limit)
                    VALUES (:store, 'TEN', 'PERCENTAGE', 7.5, 40)""")
    trade, done = Trade(buyer, chance), 0
    for number in range(STEPS):
        done += trade.step()
        if number % 25 == 0:
            assert buyer.offenders() == [], number
    assert buyer.offenders() == [] and done > STEPS // 4
    for minutes in (5, 30, 90, 200):
        trade.work(minutes)
    assert buyer.offenders() == []
    # By now nothing is unknown any more, and the gateway's book says the same as the attempts.
    assert {order: amount for order, amount in buyer.kept().items() if amount} == {
        order: amount for order, amount in buyer.fake.charged().items() if amount}
