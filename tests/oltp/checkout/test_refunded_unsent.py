"""Units whose money went back are not sent any more, and no unit is put on the shelf twice."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.checkout.cancelling import cancel_items, cancel_order
from oltp.checkout.refunds import pay_refund, refund_order
from oltp.db.session import Database
from oltp.db.transactions import Transactions
from oltp.kit.errors import Refusal
from oltp.kit.ids import new_id
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import FakeGateway, Fault
from oltp.payments.models import Refund
from oltp.shipping.errors import MoreThanOrdered
from oltp.shipping.fulfilling import cancel_fulfillment, create_fulfillment, ship_fulfillment
from tests.conftest import IS_FULL, cloned_database
from tests.oltp.payments.orders import CLOCK, attempt_of, charge, order_of
from tests.selling import Shop, open_shop

UNITS = text("SELECT cancelled_quantity, fulfilled_quantity, refunded_quantity FROM order_items WHERE id = :line")
SOLD = text("""
    UPDATE inventory_level SET on_hand = on_hand - :quantity WHERE store_id = :store AND variant_id = :variant""")
LEDGER = text("""
    INSERT INTO inventory_adjustment (store_id, variant_id, order_id, delta, reason_code)
    VALUES (:store, :variant, :order, -:quantity, 'sale')""")

PAID = text("UPDATE orders SET payment_status = 'PAID' WHERE id = :order")


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    """A database that the tests of this module share."""
    with cloned_database(server_url, template) as database:
        yield database


class Sale:
    """A paid order of some units of one product, of which ten were on the shelf, and what people do with it."""

    def __init__(self, database: Database, quantity: int = 3) -> None:
        self.shop: Shop = open_shop(database)
        self.fake = FakeGateway()
        self.gateways = Gateways.fake(self.fake)
        self.goods = self.shop.product(stock=10)
        sold = order_of(self.shop, (self.goods, quantity, quantity * 100, 0), status="PAID")
        self.order_id, (self.line,) = sold.order_id, sold.item_ids
        with self.transactions() as session:
            values = {"store": self.shop.store_id, "variant": self.goods.variant_id, "order": self.order_id,
                      "quantity": quantity}
            session.execute(SOLD, values)
            session.execute(LEDGER, values)
            session.execute(PAID, {"order": self.order_id})
        charge(self.shop, self.gateways, attempt_of(self.shop, self.order_id, config_id=self.shop.gateway("STRIPE")))

    @property
    def transactions(self) -> Transactions:
        """What opens the transactions of an operation of its own."""
        return Transactions(self.shop.database, self.shop.store_id)

    def refund(self, quantity: int, *, restock: bool = False) -> Refund:
        """Refund units."""
        return refund_order(self.transactions, gateways=self.gateways, order_id=self.order_id, refund_id=new_id(),
                            clock=CLOCK, reason=None, items={self.line: quantity}, restock=restock)

    def pack(self, quantity: int) -> UUID:
        """Take units to be sent; return the fulfilment's id."""
        with self.transactions() as session:
            return create_fulfillment(session, store_id=self.shop.store_id, order_id=self.order_id,
                                      quantities={self.line: quantity}, clock=CLOCK).id

    def unpack(self, fulfillment_id: UUID) -> None:
        """Don't send them after all."""
        with self.transactions() as session:
            cancel_fulfillment(session, store_id=self.shop.store_id, fulfillment_id=fulfillment_id, clock=CLOCK)

    def ship(self, fulfillment_id: UUID) -> None:
        """Send them."""
        with self.transactions() as session:
            ship_fulfillment(session, store_id=self.shop.store_id, fulfillment_id=fulfillment_id, clock=CLOCK)

    def cancel(self, quantity: int) -> None:
        """Cancel units; none: the order."""
        if quantity:
            cancel_items(self.transactions, gateways=self.gateways, order_id=self.order_id, clock=CLOCK,
                         quantities={self.line: quantity}, operation_id=new_id())
        else:
            cancel_order(self.transactions, gateways=self.gateways, order_id=self.order_id, clock=CLOCK)

    def units(self) -> tuple[int, int, int]:
        """How many are cancelled, taken to be sent, refunded."""
        with self.transactions() as session:
            return tuple(session.execute(UNITS, {"line": self.line}).one())

    def status(self) -> str:
        """The order's."""
        return str(self.shop.execute("SELECT status FROM orders WHERE store_id = :store AND id = :order",
                                     order=self.order_id))


@pytest.fixture
def sale(shared: Database) -> Sale:
    """A paid order of three units."""
    return Sale(shared)


@pytest.mark.parametrize("restock", [False, True])
def test_refunded_units_cannot_be_sent_any_more(sale: Sale, restock: bool) -> None:
    sale.refund(2, restock=restock)
    assert sale.units() == (2, 0, 2) and sale.shop.on_hand(sale.goods) == (9 if restock else 7)
    with pytest.raises(MoreThanOrdered, match="1"):
        sale.pack(2)
    sale.ship(sale.pack(1))
    assert sale.status() == "SHIPPED"


def test_refunded_units_are_those_that_were_sent_as_far_as_there_are_any(sale: Sale) -> None:
    sale.ship(sale.pack(2))
    sale.refund(2)
    assert sale.units() == (0, 2, 2)
    sale.refund(1)
    assert sale.units() == (1, 2, 3) and sale.status() == "REFUNDED"


def test_a_refund_that_fails_cancels_nothing_and_a_pending_one_not_yet(sale: Sale) -> None:
    sale.fake.script(Fault("refund", "decline"), Fault("refund", "timeout_after"))
    assert sale.refund(1, restock=True).status == "failed" and sale.units()[0] == 0
    pending = sale.refund(1, restock=True)
    assert pending.status == "pending" and sale.units()[0] == 0 and sale.shop.on_hand(sale.goods) == 7
    pay_refund(sale.transactions, gateways=sale.gateways, refund_id=pending.id, clock=CLOCK)
    assert sale.units() == (1, 0, 1) and sale.shop.on_hand(sale.goods) == 8


def test_what_is_not_sent_after_all_was_refunded_meanwhile(sale: Sale) -> None:
    packed = sale.pack(3)
    sale.refund(2)
    assert sale.units() == (0, 3, 2)
    sale.unpack(packed)
    assert sale.units() == (2, 0, 2)
    with pytest.raises(MoreThanOrdered):
        sale.pack(2)


def test_a_later_cancellation_restocks_no_unit_twice(sale: Sale) -> None:
    sale.refund(1, restock=True)
    sale.cancel(1)
    assert sale.units() == (2, 0, 2) and sale.shop.on_hand(sale.goods) == 9
    sale.cancel(0)
    assert sale.shop.on_hand(sale.goods) == 10 and sale.fake.charged() == {sale.order_id: 0}


def test_a_unit_is_refunded_or_sent_but_not_refunded_first_and_sent_then(shared: Database) -> None:
    """Eight at once, of whom half refund the only unit and half pack it."""
    for _ in range(20 if IS_FULL else 3):
        sale, count = Sale(shared, quantity=1), 8
        barrier = Barrier(count)

        def act(index: int, sale: Sale = sale, barrier: Barrier = barrier) -> str | None:
            barrier.wait()
            try:
                if index % 2:
                    sale.refund(1, restock=True)
                    return "refunded"
                sale.pack(1)
            except Refusal:
                return None
            return "packed"

        with ThreadPoolExecutor(count) as pool:
            done = [each for each in pool.map(act, range(count)) if each]
        cancelled, fulfilled, refunded = sale.units()
        assert done.count("refunded") == refunded == 1 and done.count("packed") == fulfilled == 1 - cancelled
        assert sale.shop.on_hand(sale.goods) == 10 and sale.fake.charged() == {sale.order_id: 0}


@pytest.mark.parametrize("seed", range(40 if IS_FULL else 4))
def test_whatever_is_done_no_unit_is_sent_twice_or_on_the_shelf_twice(shared: Database, seed: int) -> None:
    chance, sale = random.Random(seed), Sale(shared, quantity=4)
    packed: list[UUID] = []
    for _ in range(12):
        count = chance.randint(1, 2)
        try:
            match chance.choice(("refund", "restock", "pack", "unpack", "ship", "cancel")):
                case "refund":
                    sale.refund(count)
                case "restock":
                    sale.refund(count, restock=True)
                case "pack":
                    packed.append(sale.pack(count))
                case "unpack" if packed:
                    sale.unpack(packed.pop())
                case "ship" if packed:
                    sale.ship(packed.pop())
                case "cancel":
                    sale.cancel(count)
        except Refusal:
            pass
        cancelled, fulfilled, refunded = sale.units()
        assert cancelled + fulfilled <= 4 and sale.shop.on_hand(sale.goods) <= 10
        if sale.status() in ("PAID", "PROCESSING"):
            assert 4 - cancelled - fulfilled <= 4 - refunded
