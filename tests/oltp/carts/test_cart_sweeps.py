"""Old quotes go, those of orders stay; carts that nobody touches are abandoned until somebody does."""

from datetime import timedelta
from threading import Thread

from oltp.carts.actions import change_cart, close_cart, create_cart
from oltp.carts.tasks import mark_abandoned, purge_expired_quotes
from oltp.checkout.traces import replay
from oltp.db.session import Database
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from tests.oltp.checkout.buying import Buyer, count_rows, wish
from tests.selling import open_shop


def test_quotes_nobody_ordered_by_go_and_an_order_keeps_its_trace(database: Database) -> None:
    buyer = Buyer(open_shop(database))
    goods = buyer.shop.product(1000)
    quote, order = buyer.quote(wish((goods, 1))), buyer.place(wish((goods, 2)))
    later = Work(database, FixedClock(buyer.clock.now() + timedelta(days=6)), {})
    purge_expired_quotes(later)
    assert count_rows(buyer.shop, "quote") == 2
    purge_expired_quotes(Work(database, FixedClock(buyer.clock.now() + timedelta(days=8)), {}))
    kept = buyer.shop.execute("SELECT trace FROM quote WHERE store_id = :store AND id <> :id", id=quote.id)
    assert count_rows(buyer.shop, "quote") == 1 and replay(kept).total == order.order_total_amount == 2000


def test_a_cart_left_for_a_month_is_abandoned_and_opens_again(database: Database) -> None:
    shop = open_shop(database)
    clock = FixedClock(shop.later(0))
    with database.session_for(shop.store_id) as session:
        cart = create_cart(session, store_id=shop.store_id, currency="USD", clock=clock)
    mark_abandoned(Work(database, FixedClock(clock.now() + timedelta(days=29)), {}))
    assert shop.execute("SELECT status FROM cart WHERE store_id = :store") == "open"
    clock.advance(timedelta(days=31))
    mark_abandoned(Work(database, clock, {}))
    assert shop.execute("SELECT status FROM cart WHERE store_id = :store") == "abandoned"
    with database.session_for(shop.store_id) as session:
        changed = change_cart(session, store_id=shop.store_id, cart_id=cart.id, fields={"email": "a@b.test"},
                              clock=clock)
    assert changed.status == "open"


def test_a_cart_that_is_being_ordered_is_not_abandoned(database: Database) -> None:
    shop = open_shop(database)
    clock = FixedClock(shop.later(0))
    with database.session_for(shop.store_id) as session:
        cart = create_cart(session, store_id=shop.store_id, currency="USD", clock=clock)
    clock.advance(timedelta(days=31))
    sweep = Thread(target=mark_abandoned, args=(Work(database, clock, {}),))
    with database.session_for(shop.store_id) as session:
        close_cart(session, store_id=shop.store_id, cart_id=cart.id, clock=clock)
        sweep.start()
        while not shop.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            assert sweep.is_alive()
    sweep.join()
    assert shop.execute("SELECT status FROM cart WHERE store_id = :store") == "ordered"
