"""Refunds by items, shipping or amount: bounded under any number of hands, paid out once, settled once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.checkout.refunds import pay_refund, refund_order
from oltp.db.transactions import Transactions
from oltp.kit.errors import Conflict
from oltp.kit.ids import new_id
from oltp.kit.trace import bind_trace, new_trace
from oltp.payments.actions import NewEntry, record_entries
from oltp.payments.errors import OrderNotPaid, RefundTooLarge
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import FakeGateway, Fault
from oltp.shipping.fulfilling import create_fulfillment, ship_fulfillment
from oltp.shipping.rules import Tracking
from tests.conftest import IS_FULL
from tests.oltp.payments.orders import CLOCK, Sold, attempt_of, charge, order_of
from tests.selling import Shop

STATES = "SELECT status || ' ' || payment_status FROM orders WHERE store_id = :store AND id = :order"


def _paid(shop: Shop, gateways: Gateways, account: UUID, *, shipping: int = 0, shipping_tax: int = 0) -> Sold:
    """An order of three and two units, 1000 (100 of it tax) and 500, paid by card."""
    sold = order_of(shop, (shop.product(stock=10), 3, 1000, 100), (shop.product(stock=10), 2, 500, 0),
                    shipping=shipping, shipping_tax=shipping_tax, status="PAID")
    shop.execute("UPDATE orders SET payment_status = 'PAID' WHERE store_id = :store AND id = :order",
                 order=sold.order_id)
    charge(shop, gateways, attempt_of(shop, sold.order_id, config_id=account))
    return sold


def _rows(shop: Shop, refund_id: UUID) -> list[tuple[str, int]]:
    with shop.database.session_for(shop.store_id) as session:
        found = session.execute(text("SELECT kind, amount FROM refund_item WHERE refund_id = :id"), {"id": refund_id})
        return sorted((row.kind, row.amount) for row in found)


def test_refunds_by_items_or_amount_and_a_partial_one_does_not_flip_the_order(
    shop: Shop, gateways: Gateways, account: UUID, transactions: Transactions, fake: FakeGateway
) -> None:
    sold = _paid(shop, gateways, account, shipping=90, shipping_tax=10)
    first, second, third = new_id(), new_id(), new_id()
    refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=first, clock=CLOCK, reason="broken",
                 items={sold.item_ids[0]: 1}, shipping=True)
    assert _rows(shop, first) == [("item", 300), ("shipping", 90), ("tax", 10), ("tax", 34)]
    refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=second, clock=CLOCK, reason=None,
                 items={sold.item_ids[0]: 2, sold.item_ids[1]: 1})
    assert _rows(shop, second) == [("item", 250), ("item", 600), ("tax", 66)]
    assert shop.execute(STATES, order=sold.order_id) == "PAID PAID"
    refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=third, clock=CLOCK, reason=None,
                 items={sold.item_ids[1]: 1})
    assert shop.execute(STATES, order=sold.order_id) == "REFUNDED REFUNDED"
    assert fake.charged() == {sold.order_id: 0}


def test_money_back_for_goods_that_are_still_to_be_sent_leaves_the_order_where_it_is(
    shop: Shop, gateways: Gateways, account: UUID, transactions: Transactions
) -> None:
    sold = _paid(shop, gateways, account)
    refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK, reason=None,
                 amount=1500)
    assert shop.execute(STATES, order=sold.order_id) == "PAID REFUNDED"


def test_items_are_refunded_up_to_what_is_left_and_the_refund_says_so(
    shop: Shop, gateways: Gateways, account: UUID, transactions: Transactions
) -> None:
    sold = _paid(shop, gateways, account)
    refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK, reason=None,
                 amount=1200)
    with pytest.raises(RefundTooLarge, match="At most 300"):
        refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                     reason=None, amount=301)
    refund = refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                          reason=None, items={sold.item_ids[1]: 2})
    assert (refund.amount, refund.wanted_amount) == (300, 500)
    with pytest.raises(OrderNotPaid):
        refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                     reason=None, items={sold.item_ids[0]: 1})


def test_units_return_to_stock_once_the_money_is_back(
    shop: Shop, gateways: Gateways, account: UUID, transactions: Transactions, fake: FakeGateway
) -> None:
    goods = shop.product(stock=10)
    sold = order_of(shop, (goods, 4, 400, 0), status="PAID")
    charge(shop, gateways, attempt_of(shop, sold.order_id, config_id=account))
    fake.script(Fault("refund", "timeout_after"))
    refund_id = new_id()
    refund = refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=refund_id, clock=CLOCK,
                          reason=None, items={sold.item_ids[0]: 3}, restock={sold.item_ids[0]: 2})
    assert (refund.status, shop.on_hand(goods)) == ("pending", 10)
    for _ in range(2):
        pay_refund(transactions, gateways=gateways, refund_id=refund_id, clock=CLOCK)
        again = refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=refund_id, clock=CLOCK,
                             reason=None, items={sold.item_ids[0]: 3}, restock=True)
        assert (again.status, shop.on_hand(goods)) == ("processed", 12)
    assert fake.charged() == {sold.order_id: 100}


def test_units_that_go_back_on_the_shelf_cannot_be_sent_any_more(
    shop: Shop, gateways: Gateways, account: UUID, transactions: Transactions
) -> None:
    """Of a line, units still to be sent go first; when the rest has left, the order is sent."""
    sold = order_of(shop, (shop.product(stock=10), 4, 400, 0), status="PAID")
    shop.execute("UPDATE orders SET payment_status = 'PAID' WHERE store_id = :store AND id = :order",
                 order=sold.order_id)
    charge(shop, gateways, attempt_of(shop, sold.order_id, config_id=account))
    line = sold.item_ids[0]
    with transactions() as session:
        sent = create_fulfillment(session, store_id=shop.store_id, order_id=sold.order_id, quantities={line: 2},
                                  clock=CLOCK)
        ship_fulfillment(session, store_id=shop.store_id, fulfillment_id=sent.id, tracking=Tracking(None, None, None),
                         clock=CLOCK)
    for quantity, noted, status in ((1, None, "PROCESSING"), (2, 1, "SHIPPED")):
        refund = refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                              reason=None, items={line: quantity}, restock=True)
        assert refund.restock == (noted and {str(line): noted})
        assert shop.execute(STATES, order=sold.order_id).split()[0] == status
    assert shop.execute("SELECT ARRAY[cancelled_quantity, fulfilled_quantity] FROM order_items "
                        "WHERE store_id = :store AND id = :line", line=line) == [2, 2]


def test_a_refund_that_is_declined_frees_its_units_and_its_money(
    shop: Shop, gateways: Gateways, account: UUID, transactions: Transactions, fake: FakeGateway
) -> None:
    sold = _paid(shop, gateways, account)
    fake.script(Fault("refund", "decline"))
    refund = refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                          reason=None, items={sold.item_ids[0]: 3})
    assert refund.status == "failed"
    refund = refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                          reason=None, items={sold.item_ids[0]: 3})
    assert (refund.status, fake.charged()) == ("processed", {sold.order_id: 500})


@pytest.mark.race
def test_parallel_refunds_never_come_to_more_than_was_captured(
    shop: Shop, gateways: Gateways, account: UUID, fake: FakeGateway
) -> None:
    """Σ refunds ≤ captured − charged back: 32 at once."""
    sold = _paid(shop, gateways, account)
    count = 32 if IS_FULL else 8
    share = 1500 // (count // 2)

    def refund(_: int) -> bool:
        try:
            refund_order(Transactions(shop.database, shop.store_id), gateways=gateways, order_id=sold.order_id,
                         refund_id=new_id(), clock=CLOCK, reason=None, amount=share)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(count) as pool:
        won = list(pool.map(refund, range(count)))
    assert won.count(True) == 1500 // share
    total = shop.execute("SELECT sum(amount)::bigint FROM refund WHERE store_id = :store AND order_id = :order",
                         order=sold.order_id)
    assert total == share * won.count(True)
    assert fake.charged() == {sold.order_id: 1500 - total}


@pytest.mark.race
def test_refunds_race_with_charge_backs_and_never_come_to_more_than_is_left(
    shop: Shop, gateways: Gateways, account: UUID, fake: FakeGateway
) -> None:
    """Of 15.00 the bank takes 6.00 back, in four parts, some won again, while 32 refunds of 1.00 are asked for."""
    sold = _paid(shop, gateways, account)
    attempt = shop.execute("SELECT id FROM payment_attempt WHERE store_id = :store")

    def act(number: int) -> bool:
        if number % 5 == 0:
            kind = "charge_back_reversed" if number >= 20 else "charged_back"
            with shop.database.session_for(shop.store_id) as session:
                record_entries(session, store_id=shop.store_id, attempt_id=attempt, clock=CLOCK,
                               entries=[NewEntry(kind, f"d{number % 20}", 150)])
            return False
        try:
            refund_order(Transactions(shop.database, shop.store_id), gateways=gateways, order_id=sold.order_id,
                         refund_id=new_id(), clock=CLOCK, reason=None, amount=100)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        won = sum(pool.map(act, range(40)))
    refunded, taken, captured = shop.execute("""
        SELECT ARRAY[refunded_amount, charged_back_amount, captured_amount] FROM payment_attempt
        WHERE store_id = :store""")
    assert refunded == 100 * won and refunded + taken <= captured == 1500
    assert fake.charged() == {sold.order_id: 1500 - refunded} and won >= 9


def test_raw_sql_that_refunds_or_captures_too_much_is_refused(
    shop: Shop, gateways: Gateways, account: UUID
) -> None:
    sold = _paid(shop, gateways, account)
    with pytest.raises(DBAPIError, match="payment_attempt_check3"):
        shop.execute("""INSERT INTO refund (store_id, order_id, currency, amount, payment_attempt_id)
            SELECT store_id, order_id, currency, captured_amount + 1, id FROM payment_attempt
            WHERE order_id = :order""", order=sold.order_id)
    with pytest.raises(DBAPIError, match="payment_attempt_check1"):
        shop.execute("UPDATE payment_attempt SET captured_amount = authorized_amount + 1 WHERE order_id = :order",
                     order=sold.order_id)
    with pytest.raises(DBAPIError, match="come to more than its total"):
        shop.execute("""INSERT INTO refund (store_id, order_id, currency, amount)
            SELECT store_id, id, currency, order_total_amount + 1 FROM orders WHERE id = :order""", order=sold.order_id)


def test_refunds_without_an_attempt_are_bounded_by_the_order(shop: Shop, transactions: Transactions) -> None:
    sold = order_of(shop, (shop.product(), 2, 900, 0), status="DELIVERED")
    gateways = Gateways.fake()
    with pytest.raises(OrderNotPaid):
        refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                     reason=None, amount=1)
    shop.execute("UPDATE orders SET payment_status = 'PAID' WHERE store_id = :store AND id = :o", o=sold.order_id)
    refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK, reason=None,
                 items={sold.item_ids[0]: 1})
    with pytest.raises(DBAPIError, match="come to more than its total"):
        shop.execute("""INSERT INTO refund (store_id, order_id, currency, amount)
            SELECT store_id, id, currency, 451 FROM orders WHERE id = :order""", order=sold.order_id)
    refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK, reason=None,
                 items={sold.item_ids[0]: 1})
    assert shop.execute(STATES, order=sold.order_id) == "REFUNDED REFUNDED"


def test_one_correlation_id_is_on_attempt_entries_and_refund(
    shop: Shop, gateways: Gateways, account: UUID, transactions: Transactions
) -> None:
    trace = new_trace("req-1")
    with bind_trace(trace):
        sold = _paid(shop, gateways, account)
        refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                     reason=None, amount=10)
    for table in ("payment_attempt", "payment_entry", "refund"):
        ids = shop.execute(f"SELECT array_agg(DISTINCT correlation_id || request_id) FROM {table} "
                           "WHERE store_id = :store")
        assert ids == [f"{trace.correlation_id}req-1"], table
