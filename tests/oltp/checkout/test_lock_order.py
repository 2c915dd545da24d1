"""Two who need the same rows take them in the same order: cart, quote, order, levels by id, promotions, counter."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text

from oltp.carts.actions import NewItem, create_cart, delete_cart
from oltp.carts.errors import CartNotFound
from oltp.catalog.products import update_product
from oltp.checkout import moving, placing, quoting, stock
from oltp.checkout.quoting import quote_cart
from oltp.checkout.reconciling import reconcile_payments
from oltp.checkout.refunds import refund_order
from oltp.checkout.wishes import PaymentChoice
from oltp.db.locking import lock_levels, lock_quote
from oltp.inventory import settling
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.payments.gateways.fake import Fault
from tests.oltp.checkout.buying import ADDRESS, CARD, Buyer, together, wish
from tests.selling import Goods, Shop

FREE = "SELECT {key} FROM {table} WHERE store_id = :store ORDER BY {key} FOR NO KEY UPDATE SKIP LOCKED"


def free(shop: Shop, table: str, key: str = "id") -> list[Any]:
    """The rows of a table that nobody has locked right now, as another connection finds them."""
    with shop.database.session_for(shop.store_id) as session:
        return list(session.scalars(text(FREE.format(table=table, key=key)), {"store": shop.store_id}))


def watched(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, look: Callable[[], Any]) -> list[Any]:
    """Let look() be called whenever module.name is about to be; return what it sees."""
    seen: list[Any] = []
    known = getattr(module, name)

    def looked(*given: Any, **named: Any) -> Any:
        seen.append(look())
        return known(*given, **named)

    monkeypatch.setattr(module, name, looked)
    return seen


def cart_of(buyer: Buyer, goods: Goods) -> Any:
    with buyer.shop.database.session_for(buyer.shop.store_id) as session:
        return create_cart(
            session, store_id=buyer.shop.store_id, currency="USD", items=[NewItem(goods.variant_id, None, 1)],
            clock=buyer.clock, fields={"shipping_address": ADDRESS}).id


def test_stock_is_locked_before_promotions_by_who_places_and_by_who_takes_up_again(
    shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.execute("""
        INSERT INTO promotion_rule (store_id, name, status, conditions, actions, currency)
        VALUES (:store, 'Ten', 'active', '{"type": "all"}', '[{"type": "percent", "percent": "10"}]', 'USD')""")
    cup = shop.product(1000)

    def look() -> tuple[int, int]:
        return len(free(shop, "inventory_level", "variant_id")), len(free(shop, "promotion_rule"))

    seen = watched(monkeypatch, placing, "consume_promotions", look)
    seen_again = watched(monkeypatch, moving, "reclaim_promotions", look)
    order = buyer.place(wish((cup, 1)))
    buyer.cancel(order)
    buyer.move(order, "PENDING")
    assert seen == [(0, 1)] and seen_again == [(0, 1)]


def test_what_is_reserved_anew_is_locked_at_once_though_some_of_it_was_swept_away(
    shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.gateway("STRIPE")
    first, second = sorted((shop.product(1000), shop.product(1000)), key=lambda goods: goods.variant_id)
    order = buyer.place(wish((first, 1), (second, 1)), PaymentChoice("CREDIT_CARD", None, "fake_declined"))
    shop.execute("""
        UPDATE stock_reservation SET created_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'
        WHERE store_id = :store""")
    buyer.place(wish((first, 1)))
    assert shop.execute("SELECT array_agg(variant_id) FROM stock_reservation WHERE store_id = :store") == [
        second.variant_id]
    # Whoever had the second level by now would come too late to the first one.
    seen = watched(monkeypatch, stock, "reserve_stock", lambda: free(shop, "inventory_level", "variant_id"))
    assert buyer.pay(order).status == "PAID"
    assert seen == [[first.variant_id, second.variant_id]]


def test_a_cart_is_locked_before_its_quote(shop: Shop, buyer: Buyer) -> None:
    cart_id = cart_of(buyer, shop.product(1000))
    with shop.database.session_for(shop.store_id) as session:
        quote_id = quote_cart(session, store_id=shop.store_id, cart_id=cart_id, at=buyer.clock.now()).id
    with shop.database.session_for(shop.store_id) as session:
        assert lock_quote(session, store_id=shop.store_id, quote_id=quote_id)
        assert free(shop, "cart") == [] and free(shop, "quote") == []
    assert free(shop, "cart") == [cart_id]


@pytest.mark.race
def test_a_cart_is_thrown_away_while_it_is_ordered(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000)
    for _ in range(5):
        cart_id = cart_of(buyer, cup)
        with shop.database.session_for(shop.store_id) as session:
            quote = quote_cart(session, store_id=shop.store_id, cart_id=cart_id, at=buyer.clock.now())

        def act(index: int, cart_id: Any = cart_id, quote: Any = quote) -> str:
            if index:
                return buyer.place(quote).status
            with shop.database.session_for(shop.store_id) as session:
                delete_cart(session, store_id=shop.store_id, cart_id=cart_id)
            return "gone"

        assert together(2, act) == ["gone", "PROCESSING"]
    assert shop.execute("SELECT count(*) FROM cart WHERE store_id = :store") == 0


def test_a_cart_that_is_thrown_away_while_it_is_quoted_is_not_found(
    shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart_id = cart_of(buyer, shop.product(1000))

    def throw_away() -> None:
        with shop.database.session_for(shop.store_id) as session:
            delete_cart(session, store_id=shop.store_id, cart_id=cart_id)

    watched(monkeypatch, quoting, "keep_quote", throw_away)
    with shop.database.session_for(shop.store_id) as session, pytest.raises(CartNotFound):
        quote_cart(session, store_id=shop.store_id, cart_id=cart_id, at=buyer.clock.now())


def test_refunds_that_come_through_together_lock_their_shelves_together(
    shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.gateway("STRIPE")
    goods = sorted((shop.product(1000, stock=5), shop.product(1000, stock=5)), key=lambda each: each.variant_id)
    order = buyer.place(wish(*((each, 1) for each in goods)), CARD)
    lines = {line.variant_id: line.id for line in buyer.lines(order)}
    buyer.fake.script(Fault("refund", "timeout_after"), Fault("refund", "timeout_after"))
    for each in reversed(goods):
        refund_order(buyer.transactions(), gateways=buyer.gateways, order_id=order.id, refund_id=new_id(), reason=None,
                     items={lines[each.variant_id]: 1}, restock=True, clock=buyer.clock)
    seen = watched(monkeypatch, settling, "lock_levels", lambda: free(shop, "inventory_level", "variant_id"))
    late = FixedClock(buyer.clock.now() + timedelta(minutes=5))
    reconcile_payments(Work(shop.database, late, {}, gateways=buyer.gateways))
    assert [len(each) for each in seen] == [2, 0, 0]
    assert [shop.on_hand(each) for each in goods] == [5, 5] and buyer.charged(order) == 0


def test_levels_that_follow_their_product_are_locked_in_their_order(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000)
    # Rising ids, falling places in the table.
    for place in range(9, 0, -1):
        shop.execute("""
            INSERT INTO product_variants (id, store_id, product_id, name, sku, options, is_default, currency)
            VALUES (CAST(CAST(:id AS text) AS uuid), :store, :product, CAST(:place AS text), CAST(:place AS text),
                    '{}', false, 'USD')""",
                     id=f"{str(shop.store_id)[:-1]}{place}", product=cup.product_id, place=str(place))
    with shop.database.owner_session() as session:
        session.execute(text("ANALYZE product_variants, inventory_level"))
    levels = free(shop, "inventory_level", "variant_id")

    def stop_counting() -> None:
        with shop.database.session_for(shop.store_id) as session:
            update_product(session, store_id=shop.store_id, product_id=cup.product_id, clock=buyer.clock,
                           changes={"track_inventory": False})

    thread = Thread(target=stop_counting)
    with shop.database.session_for(shop.store_id) as session:
        lock_levels(session, store_id=shop.store_id, variant_ids=levels[:1])
        thread.start()
        while not shop.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            assert thread.is_alive()
        assert free(shop, "inventory_level", "variant_id") == levels[1:]
    thread.join()
    assert shop.execute("SELECT count(*) FROM inventory_level WHERE store_id = :store AND is_tracked") == 0
